//! How Vertex AI differs from the APIs whose models it serves.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::members;
use crate::{
    call::Operation,
    dialect::Dialect,
    json::{Member, Members},
};

/// Whether a model speaks Messages rather than Gemini.
pub(super) fn is_claude(model: &str) -> bool {
    model.starts_with("claude-")
}

/// Whether a model embeds with Gemini's own method, one text a call. All others predict.
pub(super) fn embeds_content(model: &str) -> bool {
    model.starts_with("gemini-embedding-") && !model.starts_with("gemini-embedding-001")
}

/// The path of an operation after project and location.
pub(super) fn path(
    dialect: Dialect,
    operation: Operation,
    model: &str,
    stream: bool,
) -> Option<String> {
    // Anthropic counts for all its models at one address; the body names the model.
    if (dialect, operation) == (Dialect::Messages, Operation::CountTokens) {
        return Some("/publishers/anthropic/models/count-tokens:rawPredict".to_owned());
    }
    if !has(dialect, operation) {
        return None;
    }
    let (publisher, method) = match (dialect, operation) {
        (Dialect::Messages, _) if stream => ("anthropic", "streamRawPredict"),
        (Dialect::Messages, _) => ("anthropic", "rawPredict"),
        (_, Operation::CountTokens) => ("google", "countTokens"),
        (_, Operation::Pass(_)) if embeds_content(model) => ("google", "embedContent"),
        (_, Operation::Pass(_)) => ("google", "predict"),
        (_, Operation::Chat) if stream => ("google", "streamGenerateContent?alt=sse"),
        (_, Operation::Chat) => ("google", "generateContent"),
    };
    Some(format!("/publishers/{publisher}/models/{model}:{method}"))
}

/// Whether some model of a dialect has an operation.
pub(super) fn has(dialect: Dialect, operation: Operation) -> bool {
    match operation {
        Operation::Chat | Operation::CountTokens => true,
        Operation::Pass(operation) => dialect == Dialect::Gemini && operation.is_embedding(),
    }
}

/// The body of a Messages call as Vertex AI wants it: the version is in it, the model is not. What
/// else the client wrote stays as it is.
pub(super) fn messages(body: &[u8], operation: Operation) -> Option<Bytes> {
    let left_out: &[&str] = match operation {
        Operation::CountTokens => &["anthropic_version"],
        _ => &["anthropic_version", "model"],
    };
    members::put(r#""anthropic_version":"vertex-2023-10-16""#, body, left_out)
}

/// A Gemini call whose tokens are to be counted: there is no field that could hold it whole.
pub(super) fn count(mut call: Map<String, Value>) -> Value {
    let fields = ["contents", "systemInstruction", "tools", "generationConfig"];
    call.retain(|name, _| fields.contains(&name.as_str()));
    Value::Object(call)
}

/// Whether an error is in Anthropic's words rather than in Google's.
pub(super) fn is_claudes_error(body: &[u8]) -> bool {
    let Ok(mut members) = Members::of(body) else {
        return false;
    };
    while let Ok(Some(Member { key, .. })) = members.next() {
        if key == "type" {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_moves_in_and_the_model_out() {
        let body = br#"{ "model": "claude-x", "max_tokens" : 1.0, "a\"b": [1,2], "stream": true }"#;
        assert_eq!(
            messages(body, Operation::Chat).expect("an object"),
            r#"{"anthropic_version":"vertex-2023-10-16","max_tokens":1.0,"a\"b":[1,2],"stream":true}"#
        );
        assert_eq!(
            messages(br#"{"model":"claude-x"}"#, Operation::CountTokens).expect("an object"),
            r#"{"anthropic_version":"vertex-2023-10-16","model":"claude-x"}"#
        );
        assert_eq!(
            messages(b"{}", Operation::Chat).expect("an object"),
            r#"{"anthropic_version":"vertex-2023-10-16"}"#
        );
        assert!(messages(b"[]", Operation::Chat).is_none());
    }

    #[test]
    fn errors_tell_whose_they_are() {
        assert!(is_claudes_error(br#"{"type":"error","error":{}}"#));
        for google in [r#"{"error":{"code":400}}"#, "[{}]", "<html>", ""] {
            assert!(!is_claudes_error(google.as_bytes()), "{google}");
        }
    }
}
