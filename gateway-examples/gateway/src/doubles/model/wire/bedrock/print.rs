//! Replies, streams and errors of Converse.

use bytes::Bytes;
use bytes::BytesMut;
use http::StatusCode;
use serde_json::Value;
use serde_json::json;

use super::event_stream;
use super::event_stream::event;
use crate::doubles::model::brain::Answer;
use crate::doubles::model::brain::Block;
use crate::doubles::model::brain::Finish;
use crate::doubles::model::brain::count_tokens;
use crate::doubles::model::brain::pieces;
use crate::doubles::model::brain::signature;
use crate::doubles::model::wire::Refusal;
use crate::doubles::playback::Script;

pub(in crate::doubles::model::wire) fn whole(answer: &Answer) -> Value {
    let content: Vec<Value> = answer
        .blocks
        .iter()
        .enumerate()
        .map(|(at, block)| match block {
            Block::Thinking(text) => {
                let text = json!({ "text": text, "signature": signature(text) });
                json!({ "reasoningContent": { "reasoningText": text } })
            }
            Block::Text(text) => json!({ "text": text }),
            Block::Call { name, arguments } => {
                let input: Value = serde_json::from_str(arguments).unwrap_or_else(|_| json!({}));
                let id = answer.call_id("tooluse_", at);
                json!({ "toolUse": { "toolUseId": id, "name": name, "input": input } })
            }
        })
        .collect();
    json!({
        "output": { "message": { "role": "assistant", "content": content } },
        "stopReason": finish(&answer.finish),
        "usage": usage(answer),
        "metrics": { "latencyMs": LATENCY_MS },
    })
}

pub(in crate::doubles::model::wire) fn stream(answer: &Answer) -> Script {
    let mut script = Script::default();
    script.mark(event("messageStart", &json!({ "role": "assistant" })));
    for (index, block) in answer.blocks.iter().enumerate() {
        fill(&mut script, index, block, answer);
        script.mark(event(
            "contentBlockStop",
            &json!({ "contentBlockIndex": index }),
        ));
    }
    let metadata = json!({ "usage": usage(answer), "metrics": { "latencyMs": LATENCY_MS } });
    script.tail = vec![
        event(
            "messageStop",
            &json!({ "stopReason": finish(&answer.finish) }),
        ),
        event("metadata", &metadata),
    ];
    let message = json!({ "message": "Bedrock is unable to process your request." });
    script.error = event_stream::exception("serviceUnavailableException", &message);
    script.malformed = corrupted();
    script
}

pub(in crate::doubles::model::wire) fn refusal(refusal: &Refusal) -> Value {
    json!({ "message": refusal.message })
}

/// The name of the exception that goes with a status.
pub(in crate::doubles::model::wire) fn exception(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 => "UnrecognizedClientException",
        404 => "ResourceNotFoundException",
        408 | 504 => "ModelTimeoutException",
        424 => "ModelErrorException",
        429 => "ThrottlingException",
        503 => "ServiceUnavailableException",
        400..=499 => "ValidationException",
        _ => "InternalServerException",
    }
}

/// A text block has no start event; a tool has one, with its name.
fn fill(script: &mut Script, index: usize, block: &Block, answer: &Answer) {
    let delta = |delta: Value| {
        event(
            "contentBlockDelta",
            &json!({ "contentBlockIndex": index, "delta": delta }),
        )
    };
    match block {
        Block::Thinking(text) => {
            for piece in pieces(text) {
                let bytes = delta(json!({ "reasoningContent": { "text": piece } }));
                script.content(bytes, count_tokens(piece));
            }
            script.mark(delta(
                json!({ "reasoningContent": { "signature": signature(text) } }),
            ));
        }
        Block::Text(text) => {
            for piece in pieces(text) {
                script.content(delta(json!({ "text": piece })), count_tokens(piece));
            }
        }
        Block::Call { name, arguments } => {
            let id = answer.call_id("tooluse_", index);
            let start = json!({ "toolUse": { "toolUseId": id, "name": name } });
            let start = json!({ "contentBlockIndex": index, "start": start });
            script.content(event("contentBlockStart", &start), count_tokens(name));
            for piece in pieces(arguments) {
                script.content(
                    delta(json!({ "toolUse": { "input": piece } })),
                    count_tokens(piece),
                );
            }
        }
    }
}

fn usage(answer: &Answer) -> Value {
    let (read, written) = answer.cached;
    json!({
        "inputTokens": answer.prompt_tokens - read - written,
        "cacheReadInputTokens": read,
        "cacheWriteInputTokens": written,
        "outputTokens": answer.completion_tokens,
        "totalTokens": answer.total_tokens(),
    })
}

fn finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::End => "end_turn",
        Finish::Stop(_) => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::Tool => "tool_use",
    }
}

/// A frame whose checksum is wrong.
pub(super) fn corrupted() -> Bytes {
    let delta = json!({ "contentBlockIndex": 0, "delta": { "text": "x" } });
    let mut frame = BytesMut::from(event("contentBlockDelta", &delta));
    if let Some(last) = frame.last_mut() {
        *last ^= 0xff;
    }
    frame.freeze()
}

/// The double measures nothing.
const LATENCY_MS: u64 = 1;
