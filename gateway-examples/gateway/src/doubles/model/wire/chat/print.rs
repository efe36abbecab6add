//! A chat completion in one piece, and errors.

use serde_json::Value;
use serde_json::json;

use crate::doubles::model::brain::Answer;
use crate::doubles::model::brain::Ask;
use crate::doubles::model::brain::Block;
use crate::doubles::model::brain::Finish;
use crate::doubles::model::wire::Refusal;
use crate::doubles::model::wire::listing::CREATED;

pub(in crate::doubles::model::wire) fn whole(ask: &Ask, answers: &[Answer]) -> Value {
    let choices: Vec<Value> = answers
        .iter()
        .enumerate()
        .map(|(index, answer)| {
            json!({
                "index": index,
                "message": message(answer),
                "logprobs": null,
                "finish_reason": finish(&answer.finish),
            })
        })
        .collect();
    json!({
        "id": answers[0].id("chatcmpl-"),
        "object": "chat.completion",
        "created": CREATED,
        "model": ask.model,
        "choices": choices,
        "usage": usage(answers),
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    })
}

pub(in crate::doubles::model::wire) fn refusal(refusal: &Refusal) -> Value {
    let (kind, code) = match refusal.status.as_u16() {
        401 => ("invalid_request_error", json!("invalid_api_key")),
        402 => ("insufficient_quota", json!("insufficient_quota")),
        403 => ("permission_error", Value::Null),
        404 if refusal.no_model => ("invalid_request_error", json!("model_not_found")),
        429 => ("rate_limit_error", json!("rate_limit_exceeded")),
        400..=499 => ("invalid_request_error", Value::Null),
        _ => ("server_error", Value::Null),
    };
    let (message, param) = (&refusal.message, refusal.param);
    json!({ "error": { "message": message, "type": kind, "param": param, "code": code } })
}

pub(super) fn usage(answers: &[Answer]) -> Value {
    let sum = |of: fn(&Answer) -> u64| answers.iter().map(of).sum::<u64>();
    // Several candidates are several completions of one prompt.
    let prompt = answers[0].prompt_tokens;
    let completion = sum(|answer| answer.completion_tokens);
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": { "cached_tokens": answers[0].cached.0, "audio_tokens": 0 },
        "completion_tokens_details": {
            "reasoning_tokens": sum(|answer| answer.reasoning_tokens),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

pub(super) fn finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::End | Finish::Stop(_) => "stop",
        Finish::Length => "length",
        Finish::Tool => "tool_calls",
    }
}

fn message(answer: &Answer) -> Value {
    let mut calls = Vec::new();
    let (mut content, mut reasoning) = (Value::Null, None);
    for (at, block) in answer.blocks.iter().enumerate() {
        match block {
            Block::Thinking(text) => reasoning = Some(text),
            Block::Text(text) => content = json!(text),
            Block::Call { name, arguments } => calls.push(json!({
                "id": answer.call_id("call_", at),
                "type": "function",
                "function": { "name": name, "arguments": arguments },
            })),
        }
    }
    if content.is_null() && calls.is_empty() {
        content = json!("");
    }
    let mut message = json!({ "role": "assistant", "content": content, "refusal": null });
    if let Some(text) = reasoning {
        message["reasoning_content"] = json!(text);
    }
    match calls.is_empty() {
        true => message["annotations"] = json!([]),
        false => message["tool_calls"] = Value::Array(calls),
    }
    message
}

pub(super) const FINGERPRINT: &str = "fp_mock";
