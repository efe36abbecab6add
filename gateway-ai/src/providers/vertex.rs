//! How Vertex AI differs from the APIs whose models it serves.

use bytes::{BufMut, Bytes, BytesMut};

use crate::{call::Operation, dialect::Dialect, json::Members};

/// Whether a model speaks Messages rather than Gemini.
pub(super) fn is_claude(model: &str) -> bool {
    model.starts_with("claude-")
}

/// The path of an operation after project and location.
pub(super) fn path(
    dialect: Dialect,
    operation: Operation,
    model: &str,
    stream: bool,
) -> Option<String> {
    if operation != Operation::Chat {
        return None;
    }
    let (publisher, method) = match (dialect, stream) {
        (Dialect::Messages, false) => ("anthropic", "rawPredict"),
        (Dialect::Messages, true) => ("anthropic", "streamRawPredict"),
        (_, false) => ("google", "generateContent"),
        (_, true) => ("google", "streamGenerateContent?alt=sse"),
    };
    Some(format!("/publishers/{publisher}/models/{model}:{method}"))
}

/// The body of a Messages call as Vertex AI wants it: the version is in it, the model is not. What
/// else the client wrote stays as it is.
pub(super) fn messages(body: &[u8]) -> Option<Bytes> {
    let mut members = Members::of(body).ok()?;
    let mut out = BytesMut::with_capacity(body.len() + 48);
    out.put_slice(b"{\"anthropic_version\":\"vertex-2023-10-16\"");
    while let Some(member) = members.next().ok()? {
        if matches!(&*member.key, "model" | "anthropic_version") {
            continue;
        }
        out.put_u8(b',');
        out.put_slice(serde_json::to_string(&*member.key).ok()?.as_bytes());
        out.put_u8(b':');
        out.put_slice(members.text(&member.value).as_bytes());
    }
    out.put_u8(b'}');
    Some(out.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_moves_in_and_the_model_out() {
        let body = br#"{ "model": "claude-x", "max_tokens" : 1.0, "a\"b": [1,2], "stream": true }"#;
        assert_eq!(
            messages(body).expect("an object"),
            r#"{"anthropic_version":"vertex-2023-10-16","max_tokens":1.0,"a\"b":[1,2],"stream":true}"#
        );
        assert_eq!(
            messages(b"{}").expect("an object"),
            r#"{"anthropic_version":"vertex-2023-10-16"}"#
        );
        assert!(messages(b"[]").is_none());
    }
}
