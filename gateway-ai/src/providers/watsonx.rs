//! How watsonx.ai differs from the Chat dialect it imitates.

use bytes::Bytes;

use super::members;
use crate::{
    call::{Operation, PassOperation},
    json::{Member, Members},
};

/// The path of an operation.
pub(super) const fn path(operation: Operation, stream: bool) -> Option<&'static str> {
    Some(match operation {
        Operation::Chat if stream => "/ml/v1/text/chat_stream",
        Operation::Chat => "/ml/v1/text/chat",
        Operation::Pass(PassOperation::Embeddings | PassOperation::BatchEmbeddings) => {
            "/ml/v1/text/embeddings"
        }
        _ => return None,
    })
}

/// The body of a call: the model has another name, the project is in it, whether a stream is wanted
/// is not, and a choice of tools that names none has a field of its own.
pub(super) fn body(body: &[u8], project: &str) -> Option<Bytes> {
    let mut head = format!(r#""project_id":{}"#, serde_json::to_string(project).ok()?);
    let mut left_out = vec![
        "model",
        "stream",
        "stream_options",
        "project_id",
        "space_id",
    ];
    let mut members = Members::of(body).ok()?;
    while let Some(Member { key, value }) = members.next().ok()? {
        let text = members.text(&value);
        match &*key {
            "model" => {
                head.push_str(r#","model_id":"#);
                head.push_str(text);
            }
            "tool_choice" if text.starts_with('"') => {
                head.push_str(r#","tool_choice_option":"#);
                head.push_str(text);
                left_out.push("tool_choice");
            }
            _ => {}
        }
    }
    members::put(&head, body, &left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_named_otherwise() {
        let call = br#"{"model":"ibm/granite","stream":true,"tool_choice":"auto","project_id":"b","x":[1.0]}"#;
        assert_eq!(
            body(call, "a").expect("an object"),
            r#"{"project_id":"a","model_id":"ibm/granite","tool_choice_option":"auto","x":[1.0]}"#
        );
        let named = br#"{"model":"m","tool_choice":{"type":"function"}}"#;
        assert_eq!(
            body(named, "a").expect("an object"),
            r#"{"project_id":"a","model_id":"m","tool_choice":{"type":"function"}}"#
        );
        assert!(body(b"[]", "a").is_none());
    }
}
