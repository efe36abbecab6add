//! Reading a chat completion request, as strictly as OpenAI does.

use serde_json::Value;
use serde_json::json;

use crate::doubles::model::brain::Ask;
use crate::doubles::model::brain::Choice;
use crate::doubles::model::brain::Part;
use crate::doubles::model::brain::Role;
use crate::doubles::model::brain::Tool;
use crate::doubles::model::wire::Incoming;
use crate::doubles::model::wire::Refusal;
use crate::doubles::model::wire::pairing;
use crate::doubles::model::wire::pairing::Orphan;

pub(in crate::doubles::model::wire) fn read(incoming: &Incoming<'_>) -> Result<Ask, Refusal> {
    let body = incoming.body;
    if incoming.model.is_empty() {
        return Err(Refusal::invalid(
            "you must provide a model parameter",
            Some("model"),
        ));
    }
    let mut ask = Ask {
        model: incoming.model.to_owned(),
        stream: body["stream"] == true,
        stream_usage: body["stream_options"]["include_usage"] == true,
        tools: tools(body)?,
        choice: choice(body)?,
        parallel: body["parallel_tool_calls"] != false,
        max_tokens: limit(body)?,
        stops: stops(body)?,
        schema: schema(body)?,
        thinking: thinks(&body["reasoning_effort"]),
        candidates: body["n"].as_u64().unwrap_or(1),
        ..Ask::default()
    };
    if !ask.stream && !body["stream_options"].is_null() {
        let message = "'stream_options' is only allowed when 'stream' is enabled.";
        return Err(Refusal::invalid(message, Some("stream_options")));
    }
    let Some(messages) = body["messages"].as_array().filter(|list| !list.is_empty()) else {
        let message = "[] is too short - 'messages'";
        return Err(Refusal::invalid(message, Some("messages")));
    };
    for message in messages {
        read_message(message, &mut ask)?;
    }
    pairing::check(&ask.turns).map_err(orphan)?;
    ask.cached = (cached(&ask, body), 0);
    Ok(ask)
}

/// Whether an effort asks for thinking at all.
pub(in crate::doubles::model::wire) fn thinks(effort: &Value) -> bool {
    effort
        .as_str()
        .is_some_and(|effort| effort != "none" && effort != "minimal")
}

/// A prompt with a cache key is one half known already. Nothing is remembered: see the rule of
/// Anthropic's marks.
pub(in crate::doubles::model::wire) fn cached(ask: &Ask, body: &Value) -> u64 {
    match body["prompt_cache_key"].is_string() {
        true => ask.prompt_tokens() / 2,
        false => 0,
    }
}

fn orphan(orphan: Orphan) -> Refusal {
    let message = match orphan {
        Orphan::Call(id) => format!(
            "An assistant message with 'tool_calls' must be followed by tool messages responding \
             to each 'tool_call_id'. The following tool_call_ids did not have response messages: \
             {id}"
        ),
        Orphan::Result(_) => {
            "Invalid parameter: messages with role 'tool' must be a response to a \
                              preceeding message with 'tool_calls'."
                .to_owned()
        }
    };
    Refusal::invalid(message, Some("messages"))
}

fn read_message(message: &Value, ask: &mut Ask) -> Result<(), Refusal> {
    let content = &message["content"];
    match message["role"].as_str() {
        Some("system" | "developer") => ask.system.extend(texts(content)?),
        Some("user") => pairing::push(&mut ask.turns, Role::User, parts(content)?),
        Some("assistant") => {
            let mut read = if content.is_null() {
                Vec::new()
            } else {
                parts(content)?
            };
            read.extend(calls(message)?);
            if read.is_empty() && message["refusal"].is_null() {
                return Err(Refusal::invalid(
                    "Invalid value for 'content'",
                    Some("messages"),
                ));
            }
            pairing::push(&mut ask.turns, Role::Assistant, read);
        }
        Some("tool") => {
            let id = string(message, "tool_call_id")?;
            let text = texts(content)?.concat();
            pairing::push(&mut ask.turns, Role::User, vec![Part::Result { id, text }]);
        }
        other => {
            let message = format!("Invalid value for 'role': {other:?}");
            return Err(Refusal::invalid(message, Some("messages")));
        }
    }
    Ok(())
}

fn parts(content: &Value) -> Result<Vec<Part>, Refusal> {
    match content {
        Value::String(text) => Ok(vec![Part::Text(text.clone())]),
        Value::Array(parts) => parts.iter().map(part).collect(),
        _ => Err(Refusal::invalid(
            "Invalid value for 'content': expected a string, got null.",
            Some("messages"),
        )),
    }
}

fn part(part: &Value) -> Result<Part, Refusal> {
    match part["type"].as_str() {
        Some("text") => Ok(Part::Text(string(part, "text")?)),
        Some("refusal") => Ok(Part::Text(string(part, "refusal")?)),
        Some("image_url" | "input_audio" | "file") => Ok(Part::Media),
        other => {
            let message = format!("Invalid value: {other:?}. Supported values are: 'text', …");
            Err(Refusal::invalid(message, Some("messages")))
        }
    }
}

fn texts(content: &Value) -> Result<Vec<String>, Refusal> {
    parts(content)?
        .into_iter()
        .map(|part| match part {
            Part::Text(text) => Ok(text),
            _ => Err(Refusal::invalid(
                "only text is allowed here",
                Some("messages"),
            )),
        })
        .collect()
}

fn calls(message: &Value) -> Result<Vec<Part>, Refusal> {
    let list = match &message["tool_calls"] {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) if !list.is_empty() => list,
        _ => {
            return Err(Refusal::invalid(
                "[] is too short - 'tool_calls'",
                Some("messages"),
            ));
        }
    };
    list.iter()
        .map(|call| {
            if call["type"] != "function" {
                return Err(Refusal::invalid(
                    "tool calls are functions",
                    Some("messages"),
                ));
            }
            let id = string(call, "id")?;
            let name = string(&call["function"], "name")?;
            let arguments = string(&call["function"], "arguments")?;
            Ok(Part::Call {
                id,
                name,
                arguments,
            })
        })
        .collect()
}

fn tools(body: &Value) -> Result<Vec<Tool>, Refusal> {
    let list = match &body["tools"] {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) if !list.is_empty() => list,
        _ => return Err(Refusal::invalid("[] is too short - 'tools'", Some("tools"))),
    };
    list.iter()
        .filter(|tool| tool["type"] != "custom")
        .map(|tool| {
            let function = &tool["function"];
            let name = string(function, "name")?;
            if !is_name(&name) {
                let message = "Invalid 'tools[0].function.name': string does not match pattern. \
                               Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.";
                return Err(Refusal::invalid(message, Some("tools")));
            }
            let schema = match &function["parameters"] {
                Value::Null => json!({ "type": "object", "properties": {} }),
                schema => schema.clone(),
            };
            Ok(Tool { name, schema })
        })
        .collect()
}

/// Whether a provider takes this as a tool's name.
pub(in crate::doubles::model::wire) fn is_name(name: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(legal)
}

fn choice(body: &Value) -> Result<Choice, Refusal> {
    let given = &body["tool_choice"];
    let choice = match given.as_str() {
        None if given.is_null() => return Ok(Choice::Auto),
        Some("auto") => Choice::Auto,
        Some("none") => Choice::Never,
        Some("required") => Choice::Any,
        _ if given["type"] == "function" => Choice::Named(string(&given["function"], "name")?),
        _ => {
            return Err(Refusal::invalid(
                "Invalid value for 'tool_choice'",
                Some("tool_choice"),
            ));
        }
    };
    if body["tools"].is_null() {
        let message = "'tool_choice' is only allowed when 'tools' are specified.";
        return Err(Refusal::invalid(message, Some("tool_choice")));
    }
    Ok(choice)
}

fn limit(body: &Value) -> Result<Option<u64>, Refusal> {
    match (&body["max_tokens"], &body["max_completion_tokens"]) {
        (Value::Null, Value::Null) => Ok(None),
        (given, Value::Null) | (Value::Null, given) => match given.as_u64() {
            Some(limit @ 1..) => Ok(Some(limit)),
            _ => Err(Refusal::invalid(
                "max_tokens is too small",
                Some("max_tokens"),
            )),
        },
        _ => {
            let message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not \
                           supported.";
            Err(Refusal::invalid(message, Some("max_tokens")))
        }
    }
}

fn stops(body: &Value) -> Result<Vec<String>, Refusal> {
    match &body["stop"] {
        Value::Null => Ok(Vec::new()),
        Value::String(stop) => Ok(vec![stop.clone()]),
        Value::Array(list) if (1..=4).contains(&list.len()) => Ok(list
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()),
        _ => Err(Refusal::invalid(
            "'stop' takes up to 4 sequences",
            Some("stop"),
        )),
    }
}

fn schema(body: &Value) -> Result<Option<Value>, Refusal> {
    let format = &body["response_format"];
    match format["type"].as_str() {
        None | Some("text") => Ok(None),
        Some("json_object") => Ok(Some(json!({}))),
        Some("json_schema") if format["json_schema"]["name"].is_string() => {
            Ok(Some(format["json_schema"]["schema"].clone()))
        }
        _ => Err(Refusal::invalid(
            "Invalid 'response_format'",
            Some("response_format"),
        )),
    }
}

/// A field that must be a string.
fn string(object: &Value, field: &'static str) -> Result<String, Refusal> {
    match object[field].as_str() {
        Some(text) => Ok(text.to_owned()),
        None => {
            let message = format!("Missing required parameter: '{field}'.");
            Err(Refusal::invalid(message, Some(field)))
        }
    }
}
