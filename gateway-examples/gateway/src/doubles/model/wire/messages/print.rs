//! A message in one piece, and errors.

use serde_json::Value;
use serde_json::json;

use crate::doubles::model::brain::Answer;
use crate::doubles::model::brain::Ask;
use crate::doubles::model::brain::Block;
use crate::doubles::model::brain::Finish;
use crate::doubles::model::brain::signature;
use crate::doubles::model::wire::Refusal;

pub(in crate::doubles::model::wire) fn whole(ask: &Ask, answer: &Answer) -> Value {
    let content: Vec<Value> = answer
        .blocks
        .iter()
        .enumerate()
        .map(|(at, block)| match block {
            Block::Thinking(text) => {
                json!({ "type": "thinking", "thinking": text, "signature": signature(text) })
            }
            Block::Text(text) => json!({ "type": "text", "text": text }),
            Block::Call { name, arguments } => json!({
                "type": "tool_use",
                "id": answer.call_id("toolu_", at),
                "name": name,
                "input": input(arguments),
            }),
        })
        .collect();
    let mut message = envelope(ask, answer, &content, answer.completion_tokens);
    let (reason, sequence) = finish(&answer.finish);
    message["stop_reason"] = json!(reason);
    message["stop_sequence"] = json!(sequence);
    message
}

pub(in crate::doubles::model::wire) fn refusal(refusal: &Refusal) -> Value {
    let kind = match refusal.status.as_u16() {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        408 | 504 => "timeout_error",
        503 | 529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    };
    let error = json!({ "type": kind, "message": refusal.message });
    json!({ "type": "error", "error": error, "request_id": "req_mock" })
}

/// A message that says nothing yet about why it ends.
pub(super) fn envelope(ask: &Ask, answer: &Answer, content: &[Value], output: u64) -> Value {
    json!({
        "id": answer.id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": ask.model,
        "content": content,
        "stop_reason": null,
        "stop_sequence": null,
        "usage": usage(answer, output),
    })
}

/// Input that a cache had or takes up is counted apart from the rest.
fn usage(answer: &Answer, output: u64) -> Value {
    let (read, written) = answer.cached;
    json!({
        "input_tokens": answer.prompt_tokens - read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 0,
            "ephemeral_1h_input_tokens": written,
        },
        "output_tokens": output,
        "service_tier": "standard",
    })
}

/// The stop reason, and the sequence that was met.
pub(super) fn finish(finish: &Finish) -> (&'static str, Option<&str>) {
    match finish {
        Finish::End => ("end_turn", None),
        Finish::Stop(sequence) => ("stop_sequence", Some(sequence)),
        Finish::Length => ("max_tokens", None),
        Finish::Tool => ("tool_use", None),
    }
}

/// Arguments that were cut have no object to show.
fn input(arguments: &str) -> Value {
    serde_json::from_str(arguments).unwrap_or_else(|_| json!({}))
}
