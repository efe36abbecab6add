//! What means the same in Gemini's JSON, and what a recorded reply of it says.

use serde_json::{Map, Value, json};

use super::truth::{Truth, finish, sse};

/// Brings two bodies that mean the same into one form: camel case, lists of parts, one entry of
/// functions, the model in the path alone.
pub(crate) fn normal(body: &mut Value) {
    camel(body);
    let Some(top) = body.as_object_mut() else {
        return;
    };
    top.remove("model");
    let contents = top.entry("contents").or_insert_with(|| json!([]));
    if !contents.is_array() {
        *contents = json!([contents.take()]);
    }
    let contents = contents.as_array_mut().into_iter().flatten();
    let mut all: Vec<&mut Value> = contents.collect();
    for content in &mut all {
        if content.is_string() {
            **content = json!({ "role": "user", "parts": [{ "text": content.take() }] });
        }
        let role = content
            .get("role")
            .cloned()
            .unwrap_or_else(|| "user".into());
        content["role"] = if role == "function" {
            "user".into()
        } else {
            role
        };
        parts(content);
    }
    if let Some(system) = top.get_mut("systemInstruction") {
        parts(system);
    }
    functions(top);
    let config = top
        .get_mut("generationConfig")
        .and_then(Value::as_object_mut);
    if config.is_some_and(|config| config.is_empty()) {
        top.remove("generationConfig");
    }
    if let Some(mode) = body.pointer_mut("/toolConfig/functionCallingConfig/mode") {
        *mode = mode.as_str().unwrap_or_default().to_uppercase().into();
    }
}

fn parts(content: &mut Value) {
    let Some(content) = content.as_object_mut() else {
        return;
    };
    let parts = content.entry("parts").or_insert_with(|| json!([]));
    if !parts.is_array() {
        *parts = json!([parts.take()]);
    }
    for part in parts.as_array_mut().into_iter().flatten() {
        if part.is_string() {
            *part = json!({ "text": part.take() });
        }
        let Some(part) = part.as_object_mut() else {
            continue;
        };
        if part.get("thought") == Some(&Value::Bool(false)) {
            part.remove("thought");
        }
        if part
            .keys()
            .all(|key| matches!(key.as_str(), "thoughtSignature" | "thought"))
        {
            part.insert("text".to_owned(), "".into());
        }
    }
}

/// All functions in one entry, first.
fn functions(top: &mut Map<String, Value>) {
    let Some(Value::Array(tools)) = top.remove("tools") else {
        return;
    };
    let (mut functions, mut others) = (Vec::new(), Vec::new());
    for tool in tools {
        let Value::Object(tool) = tool else { continue };
        for (kind, value) in tool {
            match value {
                Value::Array(list) if kind == "functionDeclarations" => functions.extend(list),
                value => others.push(json!({ kind: value })),
            }
        }
    }
    if !functions.is_empty() {
        others.insert(0, json!({ "functionDeclarations": functions }));
    }
    if !others.is_empty() {
        top.insert("tools".to_owned(), others.into());
    }
}

fn camel(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for name in fields.keys().cloned().collect::<Vec<_>>() {
                let Some(mut inner) = fields.remove(&name) else {
                    continue;
                };
                // These hold the client's own names.
                if !matches!(name.as_str(), "args" | "response" | "parameters") {
                    camel(&mut inner);
                }
                fields.insert(spell(&name), inner);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(camel),
        _ => {}
    }
}

fn spell(name: &str) -> String {
    let mut words = name.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        out.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        out.extend(letters);
    }
    out
}

/// The chunks of a body: one, those of an array, or those of events.
fn chunks(body: &[u8], streaming: bool) -> Option<Vec<Value>> {
    let text = String::from_utf8_lossy(body);
    if !streaming {
        return Some(vec![serde_json::from_str(&text).ok()?]);
    }
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(&text).ok();
    }
    sse(body)
        .iter()
        .map(|data| serde_json::from_str(data).ok())
        .collect()
}

/// The truth of a recorded body.
pub(crate) fn truth(body: &[u8], streaming: bool) -> Option<Truth> {
    let mut truth = Truth::default();
    let mut raw = None;
    for chunk in chunks(body, streaming)? {
        if !chunk["error"].is_null() {
            return None;
        }
        let candidate = &chunk["candidates"][0];
        for part in candidate["content"]["parts"]
            .as_array()
            .into_iter()
            .flatten()
        {
            if part["thought"] == true {
                truth.thinking |= part["text"] != "";
            } else if let Some(text) = part["text"].as_str() {
                truth.text += text;
            } else if let Some(name) = part["functionCall"]["name"].as_str() {
                let args = part["functionCall"]
                    .get("args")
                    .cloned()
                    .unwrap_or_else(|| json!({}));
                truth.calls.push((name.to_owned(), args));
            }
        }
        let said = match &candidate["finishReason"] {
            Value::Number(number) if number.as_u64() == Some(1) => Some("STOP".to_owned()),
            said => said.as_str().map(str::to_owned),
        };
        raw = said.or(raw);
        let usage = &chunk["usageMetadata"];
        if usage.is_object() {
            let sum = |names: &[&str]| {
                let counts: Vec<u64> = names
                    .iter()
                    .filter_map(|name| usage[*name].as_u64())
                    .collect();
                (!counts.is_empty()).then(|| counts.iter().sum())
            };
            truth.input = sum(&["promptTokenCount", "toolUsePromptTokenCount"]).or(truth.input);
            truth.output = sum(&["candidatesTokenCount", "thoughtsTokenCount"]).or(truth.output);
        }
    }
    truth.finish = match raw.as_deref() {
        Some("STOP") if !truth.calls.is_empty() => Some("tool_calls"),
        Some(raw) => finish(raw),
        None => None,
    };
    Some(truth)
}
