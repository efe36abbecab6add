//! A message as a stream of events.

use bytes::Bytes;
use serde_json::Value;
use serde_json::json;

use super::print::envelope;
use super::print::finish;
use crate::doubles::model::brain::Answer;
use crate::doubles::model::brain::Ask;
use crate::doubles::model::brain::Block;
use crate::doubles::model::brain::count_tokens;
use crate::doubles::model::brain::pieces;
use crate::doubles::model::brain::signature;
use crate::doubles::model::wire::sse;
use crate::doubles::playback::Script;

pub(in crate::doubles::model::wire) fn stream(ask: &Ask, answer: &Answer) -> Script {
    let mut script = Script::default();
    let message = envelope(ask, answer, &[], answer.completion_tokens.min(1));
    script.mark(event(
        &json!({ "type": "message_start", "message": message }),
    ));
    for (index, block) in answer.blocks.iter().enumerate() {
        open(&mut script, index, block, answer);
        if index == 0 {
            script.mark(event(&json!({ "type": "ping" })));
        }
        fill(&mut script, index, block);
        script.mark(event(
            &json!({ "type": "content_block_stop", "index": index }),
        ));
    }
    let (reason, sequence) = finish(&answer.finish);
    let (read, written) = answer.cached;
    let last = json!({
        "type": "message_delta",
        "delta": { "stop_reason": reason, "stop_sequence": sequence },
        // Cumulative: these are the counts of the whole message.
        "usage": {
            "input_tokens": answer.prompt_tokens - read - written,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "output_tokens": answer.completion_tokens,
        },
    });
    script.tail = vec![event(&last), event(&json!({ "type": "message_stop" }))];
    let error = json!({ "type": "overloaded_error", "message": "Overloaded" });
    script.error = event(&json!({ "type": "error", "error": error }));
    script.malformed = Bytes::from_static(
        b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\n\n",
    );
    script
}

fn open(script: &mut Script, index: usize, block: &Block, answer: &Answer) {
    let (block, tokens) = match block {
        Block::Thinking(_) => (
            json!({ "type": "thinking", "thinking": "", "signature": "" }),
            0,
        ),
        Block::Text(_) => (json!({ "type": "text", "text": "" }), 0),
        Block::Call { name, .. } => {
            let id = answer.call_id("toolu_", index);
            let block = json!({ "type": "tool_use", "id": id, "name": name, "input": {} });
            (block, count_tokens(name))
        }
    };
    let start =
        event(&json!({ "type": "content_block_start", "index": index, "content_block": block }));
    match tokens {
        0 => script.mark(start),
        _ => script.content(start, tokens),
    }
}

fn fill(script: &mut Script, index: usize, block: &Block) {
    let delta = |delta: Value| {
        event(&json!({ "type": "content_block_delta", "index": index, "delta": delta }))
    };
    match block {
        Block::Thinking(text) => {
            for piece in pieces(text) {
                let bytes = delta(json!({ "type": "thinking_delta", "thinking": piece }));
                script.content(bytes, count_tokens(piece));
            }
            let signature = signature(text);
            script.mark(delta(
                json!({ "type": "signature_delta", "signature": signature }),
            ));
        }
        Block::Text(text) => {
            for piece in pieces(text) {
                let bytes = delta(json!({ "type": "text_delta", "text": piece }));
                script.content(bytes, count_tokens(piece));
            }
        }
        Block::Call { arguments, .. } => {
            let part =
                |piece: &str| delta(json!({ "type": "input_json_delta", "partial_json": piece }));
            script.mark(part(""));
            // A tool without arguments gets that empty fragment and no other; its two tokens
            // belong to the input that every reader takes it for.
            if arguments == "{}" {
                script.content(part(""), count_tokens(arguments));
                return;
            }
            for piece in pieces(arguments) {
                script.content(part(piece), count_tokens(piece));
            }
        }
    }
}

fn event(value: &Value) -> Bytes {
    sse::named(value)
}
