//! Other providers' proofs of reasoning in a body that would pass as it is.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::dialect::Dialect;

/// Whether a body has a string that begins with the tag of another provider's proof. Its provider
/// would refuse it all for that: the proof must be taken out.
///
/// One search for four bytes too rare to be found in most bodies. What is found by mistake – the
/// same words at the beginning of a text – is printed instead of passed, and otherwise the same.
pub(super) fn is_in(dialect: Dialect, body: &[u8]) -> bool {
    static VERSION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"-v1:"));
    match dialect {
        // In its field tags are base64: those of `anthropic-…` and `openai-…`.
        Dialect::Gemini => {
            return ["\"YW50aHJvcGlj", "\"b3BlbmFp"]
                .iter()
                .any(|seal| memchr::memmem::find(body, seal.as_bytes()).is_some());
        }
        Dialect::Chat => return false,
        _ => {}
    }
    VERSION.find_iter(body).any(|at| {
        let before = &body[..at];
        TAGS.iter().any(|tag| before.ends_with(tag))
    })
}

const TAGS: [&[u8]; 4] = [
    b"\"openai-responses",
    b"\"anthropic-claude",
    b"\"anthropic-redacted",
    b"\"google-gemini",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_one_at_the_beginning_of_a_string() {
        let body = br#"{"signature": "openai-responses-v1:gAAA"}"#;
        assert!(is_in(Dialect::Messages, body) && !is_in(Dialect::Chat, body));
        assert!(is_in(Dialect::Converse, body) && !is_in(Dialect::Gemini, body));
        let sealed = br#"{"thoughtSignature": "YW50aHJvcGljLWNsYXVkZS12MTpFcQ=="}"#;
        assert!(is_in(Dialect::Gemini, sealed) && !is_in(Dialect::Messages, sealed));
        for body in [
            &br#"{"signature":"gAAA"}"#[..],
            br#"{"text":"openai-responses-v1"}"#,
            br#"{"text":"an openai-responses-v1:gAAA"}"#,
            b"-v1:",
        ] {
            assert!(!is_in(Dialect::Messages, body));
        }
    }
}
