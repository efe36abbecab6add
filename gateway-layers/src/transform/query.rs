use std::{borrow::Cow, fmt::Write as _};

use http::HeaderMap;

use super::template::{Facts, Template};

/// Edits of a query: remove, rename, set, add, in this order. Parameters they are not about keep
/// their bytes and their place.
#[derive(Clone, Debug, Default)]
pub(super) struct QueryEdits {
    pub(super) remove: Vec<Box<str>>,
    pub(super) rename: Vec<(Box<str>, Box<str>)>,
    pub(super) set: Vec<(Box<str>, Template)>,
    pub(super) add: Vec<(Box<str>, Template)>,
}

impl QueryEdits {
    pub(super) fn is_empty(&self) -> bool {
        self.remove.is_empty()
            && self.rename.is_empty()
            && self.set.is_empty()
            && self.add.is_empty()
    }

    pub(super) fn needs_facts(&self) -> bool {
        self.set
            .iter()
            .chain(&self.add)
            .any(|(_, value)| value.needs_facts())
    }

    /// The query after the edits; `None` if nothing is left of it.
    pub(super) fn apply(
        &self,
        query: Option<&str>,
        facts: &Facts,
        headers: &HeaderMap,
    ) -> Option<String> {
        let mut pairs: Vec<Cow<'_, str>> = query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(Cow::Borrowed)
            .collect();
        for name in &self.remove {
            pairs.retain(|pair| !is_named(pair, name));
        }
        for (from, to) in &self.rename {
            if pairs.iter().any(|pair| is_named(pair, from)) {
                pairs.retain(|pair| !is_named(pair, to) || is_named(pair, from));
                for pair in pairs.iter_mut().filter(|pair| is_named(pair, from)) {
                    let value = pair.find('=').map_or("", |at| &pair[at..]);
                    *pair = Cow::Owned(format!("{}{value}", encode(to)));
                }
            }
        }
        for (name, template) in &self.set {
            pairs.retain(|pair| !is_named(pair, name));
            pairs.extend(pair(name, template, facts, headers).map(Cow::Owned));
        }
        for (name, template) in &self.add {
            pairs.extend(pair(name, template, facts, headers).map(Cow::Owned));
        }
        (!pairs.is_empty()).then(|| pairs.join("&"))
    }
}

fn pair(name: &str, template: &Template, facts: &Facts, headers: &HeaderMap) -> Option<String> {
    let value = template.text(facts, headers)?;
    Some(format!("{}={}", encode(name), encode(&value)))
}

/// Names are compared as an application reads them, so that `%61` cannot pass for another name
/// than `a`.
fn is_named(pair: &str, name: &str) -> bool {
    let raw = pair.split('=').next().unwrap_or_default();
    decode(raw) == name.as_bytes()
}

fn decode(text: &str) -> Cow<'_, [u8]> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text.as_bytes());
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let triplet = bytes.get(at + 1..at + 3).and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 16).ok()
        });
        match (byte, triplet) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(*byte),
        }
        at += 1;
    }
    Cow::Owned(out)
}

/// Percent-encodes all but unreserved characters (RFC 3986 §2.3).
pub(super) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn apply(edits: &QueryEdits, query: &str) -> Option<String> {
        edits.apply(Some(query), &Facts::default(), &HeaderMap::new())
    }

    #[test]
    fn what_is_not_named_keeps_its_bytes() {
        let edits = QueryEdits {
            remove: vec!["debug".into()],
            rename: vec![("q".into(), "search".into())],
            set: vec![("page".into(), Template::parse("1&2 é").unwrap())],
            add: vec![("tag".into(), Template::parse("x").unwrap())],
        };
        assert_eq!(
            apply(&edits, "b=%7e&deb%75g=1&q=a+b&debug&page=7&tag=y&flag").unwrap(),
            "b=%7e&search=a+b&tag=y&flag&page=1%262%20%C3%A9&tag=x"
        );
    }

    #[test]
    fn rename_replaces_and_removal_may_leave_nothing() {
        let edits = QueryEdits {
            rename: vec![("a".into(), "b".into())],
            ..QueryEdits::default()
        };
        assert_eq!(apply(&edits, "b=1&a=2&a").unwrap(), "b=2&b");
        assert_eq!(apply(&edits, "b=1").unwrap(), "b=1");
        let edits = QueryEdits {
            remove: vec!["a".into()],
            ..QueryEdits::default()
        };
        assert_eq!(apply(&edits, "a=1&a"), None);
    }

    proptest! {
        #[test]
        fn removed_names_are_gone_however_written(query in "[ab%61+=&]{0,24}") {
            let edits = QueryEdits { remove: vec!["a".into()], ..QueryEdits::default() };
            let left = apply(&edits, &query).unwrap_or_default();
            prop_assert!(left.split('&').all(|pair| !is_named(pair, "a")));
        }

        #[test]
        fn encoding_is_undone(text in ".{0,16}") {
            let encoded = encode(&text);
            prop_assert_eq!(&*decode(&encoded), text.as_bytes());
        }
    }
}
