//! The leaves of a JSON body, and which of them another body lacks. Nothing here knows a codec.

use std::collections::BTreeSet;

use base64::Engine as _;
use serde_json::Value;

/// A string, a number or a switch, and where it stands: array positions are left out, and an
/// object's `type` stands in `<>` before its fields.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Leaf {
    pub(crate) path: Vec<String>,
    pub(crate) value: Value,
}

impl Leaf {
    /// The path as one word, without the kinds of the objects on it.
    pub(crate) fn place(&self) -> String {
        let words = self.path.iter().filter(|word| !word.starts_with('<'));
        words.cloned().collect::<Vec<_>>().join(".")
    }

    pub(crate) fn key(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

/// Every leaf, also those of JSON inside of strings (arguments, results).
pub(crate) fn leaves(value: &Value) -> Vec<Leaf> {
    let mut out = Vec::new();
    walk(value, &mut Vec::new(), &mut out);
    out
}

fn walk(value: &Value, path: &mut Vec<String>, out: &mut Vec<Leaf>) {
    match value {
        Value::Object(map) => {
            let thought = map.get("thought") == Some(&Value::Bool(true));
            let kind = map.get("type").and_then(Value::as_str);
            let kind = kind.or(thought.then_some("thinking"));
            let depth = path.len();
            path.extend(kind.map(|kind| format!("<{kind}>")));
            for (key, value) in map {
                path.push(key.clone());
                walk(value, path, out);
                path.pop();
            }
            path.truncate(depth);
        }
        Value::Array(list) => list.iter().for_each(|value| walk(value, path, out)),
        Value::Null => {}
        Value::String(text) => match inner(text) {
            Some(inner) => walk(&inner, path, out),
            None => out.push(Leaf {
                path: path.clone(),
                value: value.clone(),
            }),
        },
        value => out.push(Leaf {
            path: path.clone(),
            value: value.clone(),
        }),
    }
}

/// The object or list a string holds.
fn inner(text: &str) -> Option<Value> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// What a body holds, to look leaves up in.
#[derive(Debug, Default)]
pub(crate) struct Held {
    text: String,
    keys: BTreeSet<String>,
    numbers: BTreeSet<String>,
    switches: BTreeSet<(String, bool)>,
}

impl Held {
    pub(crate) fn of(value: &Value) -> Self {
        let mut held = Self::default();
        for leaf in leaves(value) {
            let words = leaf.path.iter().filter(|word| !word.starts_with('<'));
            held.keys.extend(words.map(|word| plain(word)));
            match &leaf.value {
                Value::String(text) => {
                    held.text.push_str(text);
                    held.text.push('\u{1}');
                    // Another provider's proof travels in base64, under a tag.
                    if leaf.key() == "thoughtSignature" {
                        held.text.extend(decoded(text));
                        held.text.push('\u{1}');
                    }
                }
                Value::Bool(on) => {
                    held.switches.insert((plain(leaf.key()), *on));
                }
                number => {
                    held.numbers.insert(spelled(number));
                }
            }
        }
        held
    }

    /// Whether a field of this name is here, wherever.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// Whether a leaf is here, wherever.
    pub(crate) fn has(&self, leaf: &Leaf) -> bool {
        match &leaf.value {
            Value::String(text) => {
                let whole = text;
                let text = match text.split_once(";base64,") {
                    Some((_, data)) if text.starts_with("data:") => data,
                    _ => text.trim(),
                };
                // Bytes are spelled in base64 in some dialects and as text in others.
                let base64 = base64::engine::general_purpose::STANDARD;
                // A file's name, without the ending that is a format of its own elsewhere.
                let stem = text.rsplit_once('.').map_or(text, |(stem, _)| stem);
                let is_title = matches!(leaf.key(), "filename" | "title");
                self.text.contains(text)
                    || (is_title && self.text.contains(stem))
                    || decoded(text).is_some_and(|text| self.text.contains(text.trim()))
                    || self.text.contains(&base64.encode(whole))
            }
            Value::Bool(on) => self.switches.contains(&(plain(leaf.key()), *on)),
            number => {
                let number = spelled(number);
                self.numbers.contains(&number) || self.text.contains(&number)
            }
        }
    }
}

fn decoded(text: &str) -> Option<String> {
    let base64 = base64::engine::general_purpose::STANDARD;
    String::from_utf8(base64.decode(text).ok()?).ok()
}

fn spelled(number: &Value) -> String {
    number
        .as_f64()
        .map_or_else(|| number.to_string(), |number| number.to_string())
}

/// `maxTokens` and `max_tokens` are one word.
pub(crate) fn plain(word: &str) -> String {
    word.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
