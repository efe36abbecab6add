//! What a recorded reply says, read without any of the code under test.

use std::collections::BTreeMap;

use gateway_ai::{
    canonical::{Block, Choice, Reply, StopReason},
    dialect::Dialect,
};
use serde_json::Value;

/// The facts of a reply that every dialect has.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Truth {
    pub(crate) text: String,
    pub(crate) calls: Vec<(String, Value)>,
    pub(crate) finish: Option<&'static str>,
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
    pub(crate) thinking: bool,
}

/// The data of each event, by the simplest reader there can be.
pub(crate) fn sse(body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body)
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let mut out = Vec::new();
    for block in text.split("\n\n") {
        let data: Vec<&str> = block
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(|data| data.strip_prefix(' ').unwrap_or(data))
            .collect();
        if !data.is_empty() {
            out.push(data.join("\n"));
        }
    }
    out
}

pub(crate) fn arguments(text: &str) -> Value {
    if text.is_empty() {
        return Value::Object(serde_json::Map::new());
    }
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

pub(crate) fn finish(raw: &str) -> Option<&'static str> {
    Some(match raw {
        "end_turn" | "stop_sequence" | "pause_turn" | "stop" | "STOP" | "" | "eos"
        | "compaction" => "stop",
        "max_tokens" | "MAX_TOKENS" | "length" => "length",
        "tool_use" | "tool_calls" | "function_call" => "tool_calls",
        "refusal" | "content_filter" | "SAFETY" | "RECITATION" | "PROHIBITED_CONTENT" => {
            "content_filter"
        }
        _ => return None,
    })
}

/// The truth of a recorded body, where it is readable at all.
pub(crate) fn of(dialect: Dialect, body: &[u8], streaming: bool) -> Option<Truth> {
    match (dialect, streaming) {
        (Dialect::Chat, false) => chat(&serde_json::from_slice(body).ok()?),
        (Dialect::Chat, true) => chat_stream(body),
        (Dialect::Gemini, streaming) => super::gemini::truth(body, streaming),
        (Dialect::Converse, streaming) => super::converse::truth(body, streaming),
        (Dialect::Responses, streaming) => super::responses::truth(body, streaming),
        (Dialect::Messages, false) => {
            let message: Value = serde_json::from_slice(body).ok()?;
            messages(
                message["content"].as_array()?,
                message["stop_reason"].as_str(),
                &message["usage"],
            )
        }
        (Dialect::Messages, true) => messages_stream(body),
        _ => None,
    }
}

fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter(|part| part["type"] == "text")
            .filter_map(|part| part["text"].as_str())
            .collect(),
        _ => String::new(),
    }
}

fn nonempty(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
        || value.as_array().is_some_and(|list| !list.is_empty())
}

fn has_reasoning(message: &Value) -> bool {
    let parts = message["content"].as_array();
    nonempty(&message["reasoning_content"])
        || nonempty(&message["reasoning"])
        || nonempty(&message["reasoning_details"])
        || parts.is_some_and(|parts| parts.iter().any(|part| part["type"] == "thinking"))
}

fn chat(reply: &Value) -> Option<Truth> {
    let choice = reply["choices"].as_array()?.first()?;
    let message = &choice["message"];
    let mut calls: Vec<(String, Value)> = Vec::new();
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        if let Some(name) = call["function"]["name"]
            .as_str()
            .filter(|name| !name.is_empty())
        {
            let text = call["function"]["arguments"].as_str().unwrap_or_default();
            calls.push((name.to_owned(), arguments(text)));
        }
    }
    Some(Truth {
        text: text_of(&message["content"]),
        calls,
        finish: choice["finish_reason"].as_str().and_then(finish),
        input: reply["usage"]["prompt_tokens"].as_u64(),
        output: reply["usage"]["completion_tokens"].as_u64(),
        thinking: has_reasoning(message),
    })
}

fn chat_stream(body: &[u8]) -> Option<Truth> {
    let mut truth = Truth {
        text: String::new(),
        calls: Vec::new(),
        finish: None,
        input: None,
        output: None,
        thinking: false,
    };
    let mut calls: BTreeMap<u64, (String, String)> = BTreeMap::new();
    for data in sse(body) {
        if data.trim() == "[DONE]" {
            break;
        }
        let chunk: Value = serde_json::from_str(&data).ok()?;
        if chunk.get("error").is_some_and(|error| !error.is_null()) {
            return None;
        }
        for usage in [&chunk["x_groq"]["usage"], &chunk["usage"]] {
            if usage.is_object() {
                truth.input = usage["prompt_tokens"].as_u64();
                truth.output = usage["completion_tokens"].as_u64();
            }
        }
        for choice in chunk["choices"].as_array().into_iter().flatten() {
            if choice["index"].as_u64().unwrap_or(0) != 0 {
                continue;
            }
            let delta = &choice["delta"];
            truth.text += &text_of(&delta["content"]);
            truth.thinking |= has_reasoning(delta);
            for call in delta["tool_calls"].as_array().into_iter().flatten() {
                let entry = calls
                    .entry(call["index"].as_u64().unwrap_or(0))
                    .or_default();
                entry.0 += call["function"]["name"].as_str().unwrap_or_default();
                entry.1 += call["function"]["arguments"].as_str().unwrap_or_default();
            }
            truth.finish = choice["finish_reason"]
                .as_str()
                .and_then(finish)
                .or(truth.finish);
        }
    }
    truth.calls = calls
        .into_values()
        .map(|(name, text)| (name, arguments(&text)))
        .collect();
    Some(truth)
}

fn messages(blocks: &[Value], stop: Option<&str>, usage: &Value) -> Option<Truth> {
    let mut truth = Truth {
        text: String::new(),
        calls: Vec::new(),
        finish: stop.and_then(finish),
        input: None,
        output: usage["output_tokens"].as_u64(),
        thinking: false,
    };
    for block in blocks {
        match block["type"].as_str()? {
            "text" => truth.text += block["text"].as_str().unwrap_or_default(),
            "tool_use" => {
                let input = match block["_json"].as_str() {
                    Some(text) if !text.is_empty() => arguments(text),
                    _ => block["input"].clone(),
                };
                truth
                    .calls
                    .push((block["name"].as_str()?.to_owned(), input));
            }
            kind if kind.contains("thinking") => truth.thinking = true,
            _ => {}
        }
    }
    if usage["input_tokens"].is_u64() {
        let names = [
            "input_tokens",
            "cache_read_input_tokens",
            "cache_creation_input_tokens",
        ];
        truth.input = Some(names.iter().filter_map(|name| usage[*name].as_u64()).sum());
    }
    Some(truth)
}

fn messages_stream(body: &[u8]) -> Option<Truth> {
    let mut blocks: BTreeMap<u64, Value> = BTreeMap::new();
    let (mut stop, mut usage) = (None, Value::Null);
    for data in sse(body) {
        let event: Value = serde_json::from_str(&data).ok()?;
        let index = event["index"].as_u64().unwrap_or(0);
        match event["type"].as_str()? {
            "message_start" => usage = event["message"]["usage"].clone(),
            "content_block_start" => {
                blocks.insert(index, event["content_block"].clone());
            }
            "content_block_delta" => {
                let block = blocks.get_mut(&index)?;
                let mut append = |key: &str, more: &Value| {
                    let have = block[key].as_str().unwrap_or_default().to_owned();
                    block[key] = Value::String(have + more.as_str().unwrap_or_default());
                };
                match event["delta"]["type"].as_str()? {
                    "text_delta" => append("text", &event["delta"]["text"]),
                    "input_json_delta" => append("_json", &event["delta"]["partial_json"]),
                    _ => {}
                }
            }
            "message_delta" => {
                stop = event["delta"]["stop_reason"]
                    .as_str()
                    .map(str::to_owned)
                    .or(stop);
                for (name, value) in event["usage"].as_object().into_iter().flatten() {
                    if !value.is_null() {
                        usage[name] = value.clone();
                    }
                }
            }
            _ => {}
        }
    }
    let blocks: Vec<Value> = blocks.into_values().collect();
    messages(&blocks, stop.as_deref(), &usage)
}

/// The same facts of a parsed reply.
pub(crate) fn of_reply(reply: &Reply) -> Truth {
    let empty = Choice::default();
    let choice = reply
        .choices
        .iter()
        .find(|choice| choice.index == 0)
        .unwrap_or(&empty);
    let mut truth = Truth {
        text: String::new(),
        calls: Vec::new(),
        finish: choice.stop.as_ref().and_then(|stop| match stop.reason {
            StopReason::End
            | StopReason::StopSequence
            | StopReason::Refusal
            | StopReason::Pause => Some("stop"),
            StopReason::Length | StopReason::ContextFull => Some("length"),
            StopReason::ToolUse => Some("tool_calls"),
            StopReason::Filter | StopReason::Recitation => Some("content_filter"),
            _ => None,
        }),
        input: reply.usage.as_ref().and_then(|usage| usage.prompt()),
        output: reply.usage.as_ref().and_then(|usage| usage.output),
        thinking: false,
    };
    for block in &choice.content {
        match block {
            Block::Text(text) => truth.text += &text.text,
            Block::ToolCall(call) if !call.custom && !call.id.starts_with("call_function_") => {
                truth
                    .calls
                    .push((call.name.clone(), arguments(&call.arguments)));
            }
            Block::Thinking(_) | Block::RedactedThinking(_) => truth.thinking = true,
            _ => {}
        }
    }
    truth
}
