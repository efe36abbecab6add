//! What all turns of one conversation have in common.

use std::{
    fmt::{self, Write as _},
    hash::{DefaultHasher, Hasher as _},
};

use memchr::memmem;
use serde::{
    Deserialize, Deserializer as _,
    de::{self, SeqAccess},
};
use serde_json::value::RawValue;

use crate::{
    canonical::Request,
    json::{Member, Members},
};

/// The hash of a conversation's beginning; `None` of what is no conversation.
pub(crate) fn beginning(body: &[u8]) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    let mut said = false;
    let mut members = Members::of(body).ok()?;
    while let Some(Member { key, value }) = members.next().ok()? {
        let value = members.text(&value);
        match &*key {
            // The client says itself what belongs together.
            "prompt_cache_key" if value.starts_with('"') => {
                let mut hasher = DefaultHasher::new();
                hasher.write(value.as_bytes());
                return Some(hasher.finish());
            }
            "model" | "system" | "tools" | "instructions" | "systemInstruction"
            | "system_instruction" | "toolConfig" => {
                hasher.write(key.as_bytes());
                unmarked(value.as_bytes(), &mut |part| hasher.write(part));
            }
            "messages" | "contents" | "input" => {
                said = true;
                hasher.write(key.as_bytes());
                opening(value, &mut |part| hasher.write(part));
            }
            _ => {}
        }
    }
    said.then(|| hasher.finish())
}

/// The hash of the beginning of a conversation that the gateway has written or changed.
pub(crate) fn beginning_of(request: &Request) -> u64 {
    struct Hash(DefaultHasher);
    impl fmt::Write for Hash {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut hash = Hash(DefaultHasher::new());
    let (system, first) = (&request.system, request.messages.first());
    let _ = write!(
        hash,
        "{}{system:?}{:?}{first:?}",
        request.model, request.tools
    );
    hash.0.finish()
}

/// Whether a body has cache marks.
pub(super) fn is_marked(body: &[u8]) -> bool {
    MARKS
        .iter()
        .any(|mark| memmem::find(body, mark.as_bytes()).is_some())
}

/// The messages up to the first of the user's.
fn opening(messages: &str, hear: &mut dyn FnMut(&[u8])) {
    if !messages.starts_with('[') {
        return hear(messages.as_bytes());
    }
    let mut json = serde_json::Deserializer::from_str(messages);
    // It ends with an error where there is more to come: what follows need not be read.
    let _ = json.deserialize_seq(Opening { hear });
}

struct Opening<'h> {
    hear: &'h mut dyn FnMut(&[u8]),
}

impl<'de> de::Visitor<'de> for Opening<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut messages: A) -> Result<(), A::Error> {
        while let Some(message) = messages.next_element::<&RawValue>()? {
            unmarked(message.get().as_bytes(), self.hear);
            let role: Role<'_> = serde_json::from_str(message.get()).unwrap_or_default();
            if !matches!(role.role, Some("system" | "developer")) {
                break;
            }
        }
        Ok(())
    }
}

#[derive(Default, Deserialize)]
struct Role<'a> {
    #[serde(borrow, default)]
    role: Option<&'a str>,
}

/// The text without its cache marks: clients move them with every turn.
fn unmarked(mut text: &[u8], hear: &mut dyn FnMut(&[u8])) {
    let next = |text: &[u8]| {
        MARKS
            .iter()
            .filter_map(|mark| memmem::find(text, mark.as_bytes()))
            .min()
    };
    while let Some(at) = next(text) {
        let (mut before, mark) = text.split_at(at);
        // A mark of Converse is a block of its own.
        let whole = mark.starts_with(MARKS[1].as_bytes());
        let Some(mut end) = memchr::memchr(b'}', mark).map(|end| end + 1) else {
            break;
        };
        if whole {
            before = trimmed_end(before);
            before = before.strip_suffix(b"{").unwrap_or(before);
            end += memchr::memchr(b'}', &mark[end..]).map_or(0, |end| end + 1);
        }
        let after = mark[end..].trim_ascii_start();
        let behind_comma = trimmed_end(before);
        // One comma goes with the mark: the one before it, or else the one behind.
        if let Some(before) = behind_comma.strip_suffix(b",") {
            hear(before);
            text = after;
        } else {
            hear(behind_comma);
            text = after.strip_prefix(b",").unwrap_or(after);
        }
    }
    hear(text);
}

fn trimmed_end(text: &[u8]) -> &[u8] {
    text.trim_ascii_end()
}

const MARKS: [&str; 2] = ["\"cache_control\"", "\"cachePoint\""];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> u64 {
        beginning(body.as_bytes()).expect("a conversation")
    }

    #[test]
    fn later_turns_begin_like_the_first() {
        let first = r#"{"model":"m","max_tokens":9,"system":"s","messages":[{"role":"user","content":"hi"}]}"#;
        let later = r#"{"model":"m","max_tokens":10,"stream":true,"system":"s","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"},{"role":"user","content":"x"}]}"#;
        assert_eq!(of(first), of(later));
        let system = r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}]}"#;
        let more = r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"},{"role":"user","content":"x"}]}"#;
        let other = r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"ho"}]}"#;
        assert_eq!(of(system), of(more));
        assert_ne!(of(system), of(other));
    }

    #[test]
    fn marks_may_move() {
        let part = |before: &str, after: &str| {
            format!(
                r#"{{"model":"m","messages":[{{"role":"user","content":[{{{before}"type":"text","text":"hi"{after}}}]}}]}}"#
            )
        };
        let mark = r#""cache_control":{"type":"ephemeral","ttl":"1h"}"#;
        let plain = of(&part("", ""));
        assert_eq!(of(&part("", &format!(",{mark}"))), plain);
        assert_eq!(of(&part(&format!("{mark},"), "")), plain);
        let said = part("", r##","x":"\"cache_control\":{}""##);
        assert_ne!(of(&said), plain);

        let converse = |point: &str| {
            format!(
                r#"{{"system":[{{"text":"s"}}{point}],"messages":[{{"role":"user","content":[{{"text":"hi"}}{point}]}}]}}"#
            )
        };
        let point = r#",{"cachePoint":{"type":"default"}}"#;
        assert_eq!(of(&converse(point)), of(&converse("")));
    }

    #[test]
    fn a_key_of_the_clients_own_goes_before_all() {
        let keyed = |text: &str| {
            of(&format!(
                r#"{{"model":"m","input":"{text}","prompt_cache_key":"k"}}"#
            ))
        };
        assert_eq!(keyed("a"), keyed("b"));
        assert_eq!(beginning(br#"{"model":"m"}"#), None);
        assert_eq!(beginning(b"[]"), None);
    }
}
