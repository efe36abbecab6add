use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use crate::{
    canonical::Usage,
    dialect::Dialect,
    json::{Member, Members},
};

/// What one event of a passing stream says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// Nothing follows, or nothing need follow.
    pub complete: bool,
    /// The provider has failed and said so.
    pub failed: bool,
    /// What was counted so far.
    pub usage: Option<Usage>,
    /// The answer has a name from here on (Responses).
    pub named: bool,
    /// Nothing but counts: what is left out where the client has not asked for them.
    pub only_usage: bool,
}

/// The keys looked for in every event of the one dialect whose events have no names. Preparing a
/// search costs several times what searching the few hundred bytes of an event does.
static CHAT_USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"usage\""));
static CHAT_FINISH: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"finish_reason\""));

/// Looks at one event: its name, empty where it has none, and its data.
///
/// Text deltas – nearly all events – cost three substring searches.
#[must_use]
pub fn look(dialect: Dialect, event: &[u8], data: &[u8]) -> Seen {
    match dialect {
        Dialect::Messages => look_messages(event, data),
        Dialect::Gemini => look_gemini(data),
        Dialect::Converse => look_converse(event, data),
        Dialect::Responses => look_responses(event, data),
        _ => look_chat(data),
    }
}

fn look_chat(data: &[u8]) -> Seen {
    if data == b"[DONE]" {
        return Seen {
            complete: true,
            ..Seen::default()
        };
    }
    let usage = value_behind(data, &CHAT_USAGE).is_some_and(|value| value.starts_with(b"{"));
    Seen {
        named: false,
        complete: value_behind(data, &CHAT_FINISH).is_some_and(|v| v.starts_with(b"\"")),
        failed: first_key(data) == Some(b"error"),
        only_usage: usage
            && value_of(data, b"\"choices\"")
                .and_then(|value| value.strip_prefix(b"["))
                .is_some_and(|value| value.trim_ascii_start().starts_with(b"]")),
        usage: if usage {
            count(Dialect::Chat, data)
        } else {
            None
        },
    }
}

fn look_messages(event: &[u8], data: &[u8]) -> Seen {
    // Servers that imitate the dialect leave the event's name out.
    let kind = if event.is_empty() {
        kind_of(data)
    } else {
        event
    };
    let mut seen = Seen::default();
    match kind {
        b"message_stop" => seen.complete = true,
        b"error" => seen.failed = true,
        b"message_start" | b"message_delta" => seen.usage = count(Dialect::Messages, data),
        _ => {}
    }
    seen
}

/// The last event says how the answer ended, and counts.
fn look_responses(event: &[u8], data: &[u8]) -> Seen {
    // The answer an event shows has types of its own: without a name only the outermost counts.
    let kind = if event.is_empty() {
        outermost_kind(data).unwrap_or_default()
    } else {
        event
    };
    let mut seen = Seen::default();
    match kind {
        b"response.completed" | b"response.incomplete" => {
            seen.complete = true;
            seen.usage = count(Dialect::Responses, data);
        }
        b"response.created" => seen.named = true,
        b"response.failed" | b"response.cancelled" => {
            seen.failed = true;
            seen.usage = count(Dialect::Responses, data);
        }
        b"error" => seen.failed = true,
        _ => {}
    }
    seen
}

/// The reason says that the answer is complete; counts follow it.
fn look_converse(event: &[u8], data: &[u8]) -> Seen {
    Seen {
        named: false,
        complete: event == b"messageStop",
        failed: matches!(event, b"exception" | b"error"),
        usage: match value_of(data, b"\"usage\"") {
            Some(_) if event == b"metadata" => std::str::from_utf8(data)
                .ok()
                .and_then(|text| Dialect::Converse.read_usage(text)),
            _ => None,
        },
        only_usage: false,
    }
}

/// Every chunk counts, and the one with a finish reason may be the last.
fn look_gemini(data: &[u8]) -> Seen {
    Seen {
        named: false,
        complete: value_of(data, b"\"finishReason\"").is_some_and(|v| v.starts_with(b"\""))
            || value_of(data, b"\"blockReason\"").is_some_and(|v| v.starts_with(b"\"")),
        failed: first_key(data) == Some(b"error"),
        usage: match memmem::find(data, b"\"usageMetadata\"") {
            Some(_) => count(Dialect::Gemini, data),
            None => None,
        },
        only_usage: false,
    }
}

/// Has the dialect's own parser read the one event.
fn count(dialect: Dialect, data: &[u8]) -> Option<Usage> {
    let mut events = Vec::new();
    dialect.stream_parser().frame(data, &mut events);
    events.iter().find_map(|event| event.usage().cloned())
}

/// What stands behind a key, wherever it is.
fn value_of<'a>(data: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    value_behind(data, &Finder::new(key))
}

fn value_behind<'a>(data: &'a [u8], key: &Finder<'_>) -> Option<&'a [u8]> {
    let after = key.find(data)? + key.needle().len();
    Some(
        data[after..]
            .trim_ascii_start()
            .strip_prefix(b":")?
            .trim_ascii_start(),
    )
}

fn first_key(data: &[u8]) -> Option<&[u8]> {
    let key = data
        .trim_ascii_start()
        .strip_prefix(b"{")?
        .trim_ascii_start()
        .strip_prefix(b"\"")?;
    key.get(..memchr::memchr(b'"', key)?)
}

fn outermost_kind(data: &[u8]) -> Option<&[u8]> {
    let mut members = Members::of(data).ok()?;
    while let Some(Member { key, value }) = members.next().ok()? {
        if key == "type" {
            return Some(members.text(&value).trim_matches('"').as_bytes());
        }
    }
    None
}

fn kind_of(data: &[u8]) -> &[u8] {
    let kind = value_of(data, b"\"type\"").and_then(|value| value.strip_prefix(b"\""));
    kind.and_then(|kind| kind.get(..memchr::memchr(b'"', kind)?))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chat() {
        let look = |data: &str| look(Dialect::Chat, b"", data.as_bytes());
        let delta =
            r#"{"id":"x","choices":[{"delta":{"content":"a"},"finish_reason":null}],"usage":null}"#;
        assert_eq!(look(delta), Seen::default());
        assert!(look("[DONE]").complete);
        assert!(look(r#"{"choices":[{"delta":{},"finish_reason": "stop"}]}"#).complete);
        assert!(look(r#"{"error":{"message":"x"}}"#).failed);
        assert!(!look(r#"{"choices":[{"delta":{"content":"{\"error\":1}"}}]}"#).failed);
    }

    #[test]
    fn chat_counts() {
        let last = r#"{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices": [ ],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#;
        let seen = look(Dialect::Chat, b"", last.as_bytes());
        assert!(seen.only_usage);
        assert_eq!(seen.usage.and_then(|usage| usage.output), Some(4));
    }

    #[test]
    fn responses() {
        let look =
            |event: &str, data: &str| look(Dialect::Responses, event.as_bytes(), data.as_bytes());
        let done = r#"{"response":{"id":"r","status":"completed","tools":[{"type":"function"}],"output":[],"usage":{"input_tokens":9,"output_tokens":2,"total_tokens":11}},"type":"response.completed"}"#;
        for event in ["", "response.completed"] {
            let seen = look(event, done);
            assert!(seen.complete && !seen.failed);
            assert_eq!(seen.usage.and_then(|usage| usage.input), Some(9));
        }
        assert!(look("", r#"{"type":"response.failed","response":{}}"#).failed);
        let delta = r#"{"type":"response.output_text.delta","delta":"\"type\":\"error\""}"#;
        assert_eq!(look("", delta), Seen::default());
    }

    #[test]
    fn messages() {
        let stop = look(
            Dialect::Messages,
            b"message_stop",
            br#"{"type":"message_stop"}"#,
        );
        assert!(stop.complete);
        assert!(look(Dialect::Messages, b"", br#"{"type": "error","error":{}}"#).failed);
        let start = br#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}}"#;
        let seen = look(Dialect::Messages, b"message_start", start);
        assert_eq!(seen.usage.and_then(|usage| usage.input), Some(9));
    }
}
