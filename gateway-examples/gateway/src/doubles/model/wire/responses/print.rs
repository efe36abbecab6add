//! A response in one piece.

use serde_json::Value;
use serde_json::json;

use crate::doubles::model::brain::Answer;
use crate::doubles::model::brain::Ask;
use crate::doubles::model::brain::Block;
use crate::doubles::model::brain::Choice;
use crate::doubles::model::brain::Finish;
use crate::doubles::model::brain::signature;
use crate::doubles::model::wire::listing::CREATED;

pub(in crate::doubles::model::wire) fn whole(ask: &Ask, answer: &Answer) -> Value {
    let mut response = envelope(ask, answer);
    let (status, reason) = match answer.finish {
        Finish::Length => ("incomplete", json!({ "reason": "max_output_tokens" })),
        _ => ("completed", Value::Null),
    };
    response["status"] = json!(status);
    response["incomplete_details"] = reason;
    response["output"] = output(answer);
    response["usage"] = json!({
        "input_tokens": answer.prompt_tokens,
        "input_tokens_details": { "cached_tokens": answer.cached.0 },
        "output_tokens": answer.completion_tokens,
        "output_tokens_details": { "reasoning_tokens": answer.reasoning_tokens },
        "total_tokens": answer.total_tokens(),
    });
    response
}

/// The response while it is in progress, with what it echoes of the request.
pub(super) fn envelope(ask: &Ask, answer: &Answer) -> Value {
    let tools: Vec<Value> = ask
        .tools
        .iter()
        .map(|tool| {
            let (name, schema) = (&tool.name, &tool.schema);
            json!({ "type": "function", "name": name, "parameters": schema, "strict": true })
        })
        .collect();
    let choice = match &ask.choice {
        Choice::Auto => json!("auto"),
        Choice::Never => json!("none"),
        Choice::Any => json!("required"),
        Choice::Named(name) => json!({ "type": "function", "name": name }),
    };
    json!({
        "id": answer.id("resp_"),
        "object": "response",
        "created_at": CREATED,
        "status": "in_progress",
        "background": false,
        "error": null,
        "incomplete_details": null,
        "instructions": ask.system.first(),
        "max_output_tokens": ask.max_tokens,
        "metadata": {},
        "model": ask.model,
        "output": [],
        "parallel_tool_calls": ask.parallel,
        "previous_response_id": null,
        "reasoning": { "effort": null, "summary": null },
        "service_tier": "default",
        "store": false,
        "temperature": 1.0,
        "text": { "format": { "type": "text" } },
        "tool_choice": choice,
        "tools": tools,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": null,
        "user": null,
    })
}

fn output(answer: &Answer) -> Value {
    let cut = answer.finish == Finish::Length;
    let last = answer.blocks.len().saturating_sub(1);
    let items = answer.blocks.iter().enumerate();
    items
        .map(|(at, block)| {
            let status = if cut && at == last {
                "incomplete"
            } else {
                "completed"
            };
            item(answer, at, block, status)
        })
        .collect()
}

/// One finished item of the output.
pub(super) fn item(answer: &Answer, at: usize, block: &Block, status: &str) -> Value {
    let id = item_id(answer, at, block);
    match block {
        Block::Thinking(text) => json!({
            "id": id,
            "type": "reasoning",
            "summary": [{ "type": "summary_text", "text": text }],
            "encrypted_content": signature(text),
        }),
        Block::Text(text) => json!({
            "id": id,
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": [text_part(text)],
        }),
        Block::Call { name, arguments } => json!({
            "id": id,
            "type": "function_call",
            "status": status,
            "call_id": answer.call_id("call_", at),
            "name": name,
            "arguments": arguments,
        }),
    }
}

pub(super) fn text_part(text: &str) -> Value {
    json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] })
}

/// The item's id, which is not the call's.
pub(super) fn item_id(answer: &Answer, at: usize, block: &Block) -> String {
    let prefix = match block {
        Block::Thinking(_) => "rs_",
        Block::Text(_) => "msg_",
        Block::Call { .. } => "fc_",
    };
    answer.call_id(prefix, at)
}
