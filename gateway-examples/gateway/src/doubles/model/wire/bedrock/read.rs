//! Reading a Converse request.

use serde_json::Value;
use serde_json::json;

use crate::doubles::model::brain::Ask;
use crate::doubles::model::brain::Choice;
use crate::doubles::model::brain::Part;
use crate::doubles::model::brain::Role;
use crate::doubles::model::brain::Tool;
use crate::doubles::model::brain::count_tokens;
use crate::doubles::model::brain::signature;
use crate::doubles::model::wire::Incoming;
use crate::doubles::model::wire::Refusal;
use crate::doubles::model::wire::pairing;
use crate::doubles::model::wire::pairing::Orphan;

pub(in crate::doubles::model::wire) fn read(incoming: &Incoming<'_>) -> Result<Ask, Refusal> {
    let body = incoming.body;
    let config = &body["inferenceConfig"];
    let tools = tools(&body["toolConfig"])?;
    let mut ask = Ask {
        model: incoming.model.to_owned(),
        stream: incoming.stream,
        stream_usage: true,
        system: system(&body["system"]),
        choice: choice(&body["toolConfig"]["toolChoice"])?,
        tools,
        parallel: true,
        max_tokens: config["maxTokens"].as_u64(),
        stops: stops(config),
        thinking: matches!(
            body["additionalModelRequestFields"]["thinking"]["type"].as_str(),
            Some("enabled" | "adaptive")
        ),
        schema: schema(&body["outputConfig"]["textFormat"])?,
        candidates: 1,
        ..Ask::default()
    };
    let Some(messages) = body["messages"].as_array().filter(|list| !list.is_empty()) else {
        return Err(invalid("The messages field must not be empty."));
    };
    let mut tool_blocks = false;
    // Tokens since the last cache point, which covers all before it.
    let mut open: u64 = ask.system.iter().map(|text| count_tokens(text)).sum();
    for (at, message) in messages.iter().enumerate() {
        let role = match message["role"].as_str() {
            Some("user") => Role::User,
            Some("assistant") if at > 0 => Role::Assistant,
            Some("assistant") => {
                return Err(invalid("A conversation must start with a user message."));
            }
            _ => return Err(invalid("The role must be user or assistant.")),
        };
        let Some(content) = message["content"]
            .as_array()
            .filter(|list| !list.is_empty())
        else {
            return Err(invalid("The content field in the Message object is empty."));
        };
        let mut parts = Vec::new();
        for block in content {
            let read = part(block, role)?;
            open += read.as_ref().map_or(0, Part::tokens);
            if block["cachePoint"].is_object() {
                ask.cached.0 += std::mem::take(&mut open);
            }
            parts.extend(read);
        }
        tool_blocks |= parts.iter().any(|part| matches!(part, Part::Call { .. }));
        pairing::push(&mut ask.turns, role, parts);
    }
    if tool_blocks && body["toolConfig"].is_null() {
        return Err(invalid(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
        ));
    }
    pairing::check(&ask.turns).map_err(orphan)?;
    Ok(ask)
}

/// The access key id of a signature, which is all of it that a double can check.
pub(in crate::doubles::model::wire) fn access_key(authorization: &str) -> Option<&str> {
    let rest = authorization.strip_prefix("AWS4-HMAC-SHA256")?.trim_start();
    rest.strip_prefix("Credential=")?.split('/').next()
}

fn orphan(orphan: Orphan) -> Refusal {
    invalid(match orphan {
        Orphan::Call(id) => format!("Expected toolResult blocks for the following Ids: {id}"),
        Orphan::Result(_) => {
            "The number of toolResult blocks exceeds the number of toolUse blocks \
                              of previous turn."
                .to_owned()
        }
    })
}

fn part(block: &Value, role: Role) -> Result<Option<Part>, Refusal> {
    if let Some(text) = block["text"].as_str() {
        return match text.trim().is_empty() {
            true => Err(invalid(
                "The text field in the ContentBlock object is blank.",
            )),
            false => Ok(Some(Part::Text(text.to_owned()))),
        };
    }
    let call = &block["toolUse"];
    if call.is_object() && role == Role::Assistant {
        let (id, name) = (call["toolUseId"].as_str(), call["name"].as_str());
        return match (id, name) {
            (Some(id), Some(name)) if is_id(id) && call["input"].is_object() => {
                let (id, name) = (id.to_owned(), name.to_owned());
                Ok(Some(Part::Call {
                    id,
                    name,
                    arguments: call["input"].to_string(),
                }))
            }
            _ => Err(invalid(
                "The format of the toolUse content block is invalid.",
            )),
        };
    }
    let result = &block["toolResult"];
    if result.is_object() && role == Role::User {
        let (id, content) = (result["toolUseId"].as_str(), result["content"].as_array());
        return match (id, content) {
            (Some(id), Some(content)) => Ok(Some(Part::Result {
                id: id.to_owned(),
                text: result_text(content),
            })),
            _ => Err(invalid(
                "The format of the toolResult content block is invalid.",
            )),
        };
    }
    let thought = &block["reasoningContent"]["reasoningText"];
    if let Some(text) = thought["text"].as_str() {
        return match thought["signature"].as_str() {
            Some(given) if given == signature(text) => Ok(Some(Part::Proof)),
            _ => Err(invalid(
                "The signature of the reasoning content is invalid.",
            )),
        };
    }
    if block["cachePoint"].is_object() || block["reasoningContent"].is_object() {
        return Ok(None);
    }
    match ["image", "document", "video"]
        .iter()
        .any(|name| block[*name].is_object())
    {
        true => Ok(Some(Part::Media)),
        false => Err(invalid("Unknown content block.")),
    }
}

fn is_id(id: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=64).contains(&id.len()) && id.bytes().all(legal)
}

fn result_text(content: &[Value]) -> String {
    let texts: Vec<String> = content
        .iter()
        .map(|block| match (block["text"].as_str(), block.get("json")) {
            (Some(text), _) => text.to_owned(),
            (None, Some(json)) => json.to_string(),
            (None, None) => "[media]".to_owned(),
        })
        .collect();
    texts.join("\n")
}

fn system(system: &Value) -> Vec<String> {
    let blocks = system.as_array().into_iter().flatten();
    blocks
        .filter_map(|block| block["text"].as_str())
        .map(str::to_owned)
        .collect()
}

/// The schema of the answer, which is JSON written as text.
fn schema(format: &Value) -> Result<Option<Value>, Refusal> {
    let schema = &format["structure"]["jsonSchema"]["schema"];
    match (format["type"].as_str(), schema.as_str()) {
        (None, _) => Ok(None),
        (Some("json_schema"), Some(text)) => serde_json::from_str(text)
            .map(Some)
            .map_err(|_| invalid("The schema of outputConfig is not JSON.")),
        _ => Err(invalid("The textFormat of outputConfig is invalid.")),
    }
}

fn stops(config: &Value) -> Vec<String> {
    let list = config["stopSequences"].as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn tools(config: &Value) -> Result<Vec<Tool>, Refusal> {
    let Some(list) = config["tools"].as_array() else {
        return Ok(Vec::new());
    };
    let specs = list.iter().filter(|tool| tool["toolSpec"].is_object());
    specs
        .map(|tool| {
            let spec = &tool["toolSpec"];
            let name = spec["name"].as_str().unwrap_or_default();
            let schema = &spec["inputSchema"]["json"];
            if !is_id(name) || schema["type"] != "object" || spec["description"] == json!("") {
                return Err(invalid("The format of a toolSpec is invalid."));
            }
            Ok(Tool {
                name: name.to_owned(),
                schema: schema.clone(),
            })
        })
        .collect()
}

fn choice(choice: &Value) -> Result<Choice, Refusal> {
    if choice.is_null() || choice["auto"].is_object() {
        return Ok(Choice::Auto);
    }
    if choice["any"].is_object() {
        return Ok(Choice::Any);
    }
    match choice["tool"]["name"].as_str() {
        Some(name) => Ok(Choice::Named(name.to_owned())),
        None => Err(invalid("The toolChoice must be auto, any or tool.")),
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::invalid(message, None)
}
