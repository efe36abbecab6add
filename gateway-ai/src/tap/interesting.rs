use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::{dialect::Dialect, sse::Frame};

/// What is looked for in every event. Preparing a search costs more than searching the few hundred
/// bytes of an event, so it is done once.
static CHAT: LazyLock<[Finder<'static>; 3]> =
    LazyLock::new(|| ["usage", "finish_reason", "error"].map(Finder::new));
static MESSAGES_DELTA: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new("\"content_block_delta\""));
static RESPONSES_DELTA: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(".delta\""));

/// Whether an event can carry usage, a stop, an error or the end.
pub(super) fn interesting(dialect: Dialect, frame: &Frame<'_>) -> bool {
    match dialect {
        Dialect::Chat => {
            !frame.data.starts_with(b"{") || CHAT.iter().any(|key| has_value(frame.data, key))
        }
        Dialect::Messages if !frame.event.is_empty() => {
            frame.event != b"content_block_delta"
                && frame.event != b"content_block_start"
                && frame.event != b"content_block_stop"
                && frame.event != b"ping"
        }
        Dialect::Messages => MESSAGES_DELTA.find(frame.data).is_none(),
        Dialect::Responses => RESPONSES_DELTA.find(frame.data).is_none(),
        // Counters stand on every chunk.
        Dialect::Gemini | Dialect::Converse => true,
    }
}

/// Whether a key occurs anywhere with a value other than `null`.
///
/// A quote inside a JSON string is escaped, so what is found between bare quotes is a key or a
/// whole string; the latter costs a needless look, nothing more.
fn has_value(data: &[u8], key: &Finder<'_>) -> bool {
    key.find_iter(data)
        .filter(|at| *at > 0 && data[at - 1] == b'"')
        .any(|at| {
            let rest = &data[at + key.needle().len()..];
            let Some(rest) = rest.strip_prefix(b"\"") else {
                return false;
            };
            let rest = rest.trim_ascii_start();
            let Some(rest) = rest.strip_prefix(b":") else {
                return false;
            };
            !rest.trim_ascii_start().starts_with(b"null")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_from_nulls_and_from_text() {
        let has_value = |data: &[u8], key: &str| has_value(data, &Finder::new(key));
        assert!(has_value(br#"{"usage": {"a":1}}"#, "usage"));
        assert!(has_value(
            br#"{"a":null,"usage":null,"x":{"usage":1}}"#,
            "usage"
        ));
        assert!(!has_value(br#"{"usage" : null}"#, "usage"));
        assert!(!has_value(br#"{"content":"say \"usage\": 1"}"#, "usage"));
        assert!(!has_value(br#"{"content":"usage"}"#, "usage"));
    }
}
