//! What means the same in the JSON of Responses, and what a recorded reply of it says.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::truth::{Truth, arguments, sse};

/// Brings two bodies that mean the same into one form: a message says that it is one, empty lists
/// of annotations are left out.
pub(crate) fn normal(body: &mut Value) {
    let input = body.get_mut("input").and_then(Value::as_array_mut);
    for item in input.into_iter().flatten() {
        let Some(fields) = item.as_object_mut() else {
            continue;
        };
        if fields.get("type").is_none() && fields.contains_key("role") {
            fields.insert("type".to_owned(), "message".into());
        }
        for list in ["content", "summary", "output"] {
            parts(fields.get_mut(list));
        }
        if fields["type"] == "reasoning" && fields.get("content") == Some(&json!([])) {
            fields.remove("content");
        }
    }
    if let Some(fields) = body.as_object_mut() {
        for list in ["input", "tools"] {
            if fields.get(list) == Some(&json!([])) {
                fields.remove(list);
            }
        }
    }
}

fn parts(list: Option<&mut Value>) {
    for part in list.and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(part) = part.as_object_mut() else {
            continue;
        };
        for name in ["annotations", "logprobs"] {
            if part.get(name) == Some(&json!([])) {
                part.remove(name);
            }
        }
    }
}

/// The truth of a recorded body.
pub(crate) fn truth(body: &[u8], streaming: bool) -> Option<Truth> {
    if !streaming {
        return of_response(&serde_json::from_slice(body).ok()?);
    }
    let mut items: BTreeMap<u64, Value> = BTreeMap::new();
    for data in sse(body) {
        if data.trim() == "[DONE]" {
            continue;
        }
        let event: Value = serde_json::from_str(&data).ok()?;
        match event["type"].as_str()? {
            "response.output_item.done" => {
                items.insert(event["output_index"].as_u64()?, event["item"].clone());
            }
            "response.completed" | "response.incomplete" => {
                let mut response = event["response"].clone();
                if !items.is_empty() {
                    response["output"] = items.into_values().collect();
                }
                return of_response(&response);
            }
            "response.failed" | "error" => return None,
            _ => {}
        }
    }
    None
}

fn of_response(response: &Value) -> Option<Truth> {
    let mut truth = Truth::default();
    for item in response["output"].as_array()? {
        match item["type"].as_str()? {
            "message" => {
                for part in item["content"].as_array().into_iter().flatten() {
                    truth.text += part["text"].as_str().unwrap_or_default();
                }
            }
            "function_call" => {
                let text = item["arguments"].as_str().unwrap_or_default();
                let name = item["name"].as_str()?.to_owned();
                truth.calls.push((name, arguments(text)));
            }
            "reasoning" => {
                let filled = |list: &Value| list.as_array().is_some_and(|list| !list.is_empty());
                truth.thinking |= filled(&item["summary"])
                    || filled(&item["content"])
                    || item["encrypted_content"]
                        .as_str()
                        .is_some_and(|text| !text.is_empty());
            }
            _ => {}
        }
    }
    truth.finish = match response["status"].as_str() {
        Some("completed") if truth.calls.is_empty() => Some("stop"),
        Some("completed") => Some("tool_calls"),
        Some("incomplete") => match response["incomplete_details"]["reason"].as_str() {
            Some("content_filter") => Some("content_filter"),
            _ => Some("length"),
        },
        Some("in_progress" | "queued") => Some("stop"),
        _ => return None,
    };
    truth.input = response["usage"]["input_tokens"].as_u64();
    truth.output = response["usage"]["output_tokens"].as_u64();
    Some(truth)
}
