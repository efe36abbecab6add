//! What means the same in Converse's JSON, and what a recorded reply of it says.

use serde_json::{Value, json};

use super::truth::{Truth, arguments};

/// Brings two bodies that mean the same into one form: the model is named by the path, empty lists
/// and objects say nothing, and a call is a `tool_use` unless it says otherwise.
pub(crate) fn normal(body: &mut Value) {
    let Some(top) = body.as_object_mut() else {
        return;
    };
    top.remove("model");
    top.entry("inferenceConfig").or_insert_with(|| json!({}));
    if top["inferenceConfig"]["stopSequences"] == json!([]) {
        top["inferenceConfig"]
            .as_object_mut()
            .and_then(|config| config.remove("stopSequences"));
    }
    top.retain(|_, value| *value != json!({}) && *value != json!([]));
    for message in top
        .get_mut("messages")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        for block in message["content"].as_array_mut().into_iter().flatten() {
            if block["toolUse"]["type"] == "tool_use" {
                block["toolUse"]
                    .as_object_mut()
                    .and_then(|call| call.remove("type"));
            }
        }
    }
    // The schema is a text in which white space and order mean nothing.
    let schema = body.pointer_mut("/outputConfig/textFormat/structure/jsonSchema/schema");
    if let Some(schema) = schema {
        *schema = serde_json::from_str(schema.as_str().unwrap_or_default()).unwrap_or_default();
    }
}

/// The messages of an event stream by the simplest reader there can be: event type and payload.
pub(crate) fn frames(body: &[u8]) -> Option<Vec<(String, Value)>> {
    let number = |at: usize| -> Option<usize> {
        let bytes: [u8; 4] = body.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(bytes)).ok()
    };
    let mut out = Vec::new();
    let mut at = 0;
    while at < body.len() {
        let (total, headers) = (number(at)?, number(at + 4)?);
        let head = String::from_utf8_lossy(body.get(at + 12..at + 12 + headers)?).into_owned();
        let payload = body.get(at + 12 + headers..at + total - 4)?;
        let name = [
            "messageStart",
            "contentBlockStart",
            "contentBlockDelta",
            "contentBlockStop",
            "messageStop",
            "metadata",
        ];
        let name = name.iter().find(|name| head.contains(*name))?;
        out.push(((*name).to_owned(), serde_json::from_slice(payload).ok()?));
        at += total;
    }
    Some(out)
}

/// Such messages as an event stream, each with the headers that name it.
pub(crate) fn written(frames: &[(String, Value)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, payload) in frames {
        let (mut headers, payload) = (Vec::new(), payload.to_string());
        for (header, value) in [(":message-type", "event"), (":event-type", name)] {
            headers.push(u8::try_from(header.len()).unwrap());
            headers.extend_from_slice(header.as_bytes());
            // Type 7 is a text, which has its length in two bytes.
            headers.push(7);
            headers.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
            headers.extend_from_slice(value.as_bytes());
        }
        let size = |len: usize| u32::try_from(len).unwrap().to_be_bytes();
        let mut message = size(16 + headers.len() + payload.len()).to_vec();
        message.extend_from_slice(&size(headers.len()));
        message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
        message.extend_from_slice(&headers);
        message.extend_from_slice(payload.as_bytes());
        message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
        out.extend_from_slice(&message);
    }
    out
}

/// The truth of a recorded body.
pub(crate) fn truth(body: &[u8], streaming: bool) -> Option<Truth> {
    if !streaming {
        let reply: Value = serde_json::from_slice(body).ok()?;
        let blocks = reply["output"]["message"]["content"].as_array()?;
        let mut truth = of(blocks);
        finish(&mut truth, &reply);
        return Some(truth);
    }
    let mut blocks: Vec<(u64, Value)> = Vec::new();
    let mut last = json!({});
    for (name, event) in frames(body)? {
        let index = event["contentBlockIndex"].as_u64();
        match name.as_str() {
            "contentBlockStart" => blocks.push((index?, event["start"].clone())),
            "contentBlockDelta" => grow(&mut blocks, index?, &event["delta"]),
            "messageStop" => last["stopReason"] = event["stopReason"].clone(),
            "metadata" => last["usage"] = event["usage"].clone(),
            _ => {}
        }
    }
    let blocks: Vec<Value> = blocks.into_iter().map(|(_, block)| block).collect();
    let mut truth = of(&blocks);
    finish(&mut truth, &last);
    Some(truth)
}

fn grow(blocks: &mut Vec<(u64, Value)>, index: u64, delta: &Value) {
    if !blocks.iter().any(|(number, _)| *number == index) {
        blocks.push((index, json!({})));
    }
    let Some((_, block)) = blocks.iter_mut().find(|(number, _)| *number == index) else {
        return;
    };
    let append = |slot: &mut Value, more: &Value| {
        let have = slot.as_str().unwrap_or_default().to_owned();
        *slot = Value::String(have + more.as_str().unwrap_or_default());
    };
    if delta["text"].is_string() {
        append(&mut block["text"], &delta["text"]);
    }
    if delta["toolUse"].is_object() {
        append(&mut block["toolUse"]["_json"], &delta["toolUse"]["input"]);
    }
    if delta["reasoningContent"].is_object() {
        block["reasoningContent"] = json!({});
    }
}

fn of(blocks: &[Value]) -> Truth {
    let mut truth = Truth::default();
    for block in blocks {
        if let Some(text) = block["text"].as_str() {
            truth.text += text;
        }
        for part in block["citationsContent"]["content"]
            .as_array()
            .into_iter()
            .flatten()
        {
            truth.text += part["text"].as_str().unwrap_or_default();
        }
        truth.thinking |= block["reasoningContent"].is_object();
        let call = &block["toolUse"];
        let own = call["type"].is_null() || call["type"] == "tool_use";
        if let (Some(name), true) = (call["name"].as_str(), own) {
            let input = match (call["_json"].as_str(), call.get("input")) {
                (Some(text), _) => arguments(text),
                (None, Some(input)) => input.clone(),
                (None, None) => json!({}),
            };
            truth.calls.push((name.to_owned(), input));
        }
    }
    truth
}

fn finish(truth: &mut Truth, reply: &Value) {
    truth.finish = match reply["stopReason"].as_str() {
        Some("guardrail_intervened" | "content_filtered") => Some("content_filter"),
        Some(raw) => super::truth::finish(raw),
        None => None,
    };
    let usage = &reply["usage"];
    truth.output = usage["outputTokens"].as_u64();
    if usage["inputTokens"].is_u64() {
        let names = [
            "inputTokens",
            "cacheReadInputTokens",
            "cacheWriteInputTokens",
        ];
        truth.input = Some(names.iter().filter_map(|name| usage[*name].as_u64()).sum());
    }
}
