use memchr::memmem;

use crate::{dialect::Dialect, sse::Frame};

/// Whether an event can carry usage, a stop, an error or the end.
pub(super) fn interesting(dialect: Dialect, frame: &Frame<'_>) -> bool {
    match dialect {
        Dialect::Chat => {
            !frame.data.starts_with(b"{")
                || ["usage", "finish_reason", "error"]
                    .iter()
                    .any(|key| has_value(frame.data, key))
        }
        Dialect::Messages if !frame.event.is_empty() => {
            frame.event != b"content_block_delta"
                && frame.event != b"content_block_start"
                && frame.event != b"content_block_stop"
                && frame.event != b"ping"
        }
        Dialect::Messages => memmem::find(frame.data, b"\"content_block_delta\"").is_none(),
        Dialect::Responses => memmem::find(frame.data, b".delta\"").is_none(),
        // Counters stand on every chunk.
        Dialect::Gemini | Dialect::Converse => true,
    }
}

/// Whether a key occurs anywhere with a value other than `null`.
///
/// A quote inside a JSON string is escaped, so what is found between bare quotes is a key or a
/// whole string; the latter costs a needless look, nothing more.
fn has_value(data: &[u8], key: &str) -> bool {
    let finder = memmem::find_iter(data, key);
    finder
        .filter(|at| *at > 0 && data[at - 1] == b'"')
        .any(|at| {
            let rest = &data[at + key.len()..];
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
