//! Reading a response request.

use serde_json::Value;
use serde_json::json;

use crate::doubles::model::brain::Ask;
use crate::doubles::model::brain::Choice;
use crate::doubles::model::brain::Part;
use crate::doubles::model::brain::Role;
use crate::doubles::model::brain::Tool;
use crate::doubles::model::brain::is_signature;
use crate::doubles::model::wire::Incoming;
use crate::doubles::model::wire::Refusal;
use crate::doubles::model::wire::chat;
use crate::doubles::model::wire::pairing;
use crate::doubles::model::wire::pairing::Orphan;

pub(in crate::doubles::model::wire) fn read(incoming: &Incoming<'_>) -> Result<Ask, Refusal> {
    let body = incoming.body;
    if incoming.model.is_empty() {
        return Err(missing("model"));
    }
    let mut ask = Ask {
        model: incoming.model.to_owned(),
        stream: body["stream"] == true,
        stream_usage: true,
        system: body["instructions"]
            .as_str()
            .map(str::to_owned)
            .into_iter()
            .collect(),
        tools: tools(body)?,
        choice: choice(body)?,
        parallel: body["parallel_tool_calls"] != false,
        max_tokens: limit(body)?,
        schema: schema(&body["text"]["format"])?,
        thinking: body["reasoning"].is_object() && body["reasoning"]["effort"] != "none",
        candidates: 1,
        ..Ask::default()
    };
    match &body["input"] {
        Value::String(text) => {
            pairing::push(&mut ask.turns, Role::User, vec![Part::Text(text.clone())]);
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                read_item(item, &mut ask)?;
            }
        }
        _ => return Err(missing("input")),
    }
    if !body["previous_response_id"].is_null() {
        let message = "Previous response not found: this server stores none.";
        return Err(Refusal::invalid(message, Some("previous_response_id")));
    }
    pairing::check(&ask.turns).map_err(orphan)?;
    ask.cached = (chat::cached(&ask, body), 0);
    Ok(ask)
}

fn orphan(orphan: Orphan) -> Refusal {
    let message = match orphan {
        Orphan::Call(id) => format!("No tool output found for function call {id}."),
        Orphan::Result(id) => {
            format!("No tool call found for function call output with call_id {id}.")
        }
    };
    Refusal::invalid(message, Some("input"))
}

fn read_item(item: &Value, ask: &mut Ask) -> Result<(), Refusal> {
    match item["type"].as_str() {
        None | Some("message") => read_message(item, ask),
        Some("function_call") => {
            let id = string(item, "call_id")?;
            let name = string(item, "name")?;
            let arguments = string(item, "arguments")?;
            let call = Part::Call {
                id,
                name,
                arguments,
            };
            pairing::push(&mut ask.turns, Role::Assistant, vec![call]);
            Ok(())
        }
        Some("function_call_output") => {
            let id = string(item, "call_id")?;
            let text = match &item["output"] {
                Value::String(text) => text.clone(),
                Value::Array(parts) => {
                    let texts = parts.iter().filter_map(|part| part["text"].as_str());
                    texts.collect::<Vec<_>>().join("\n")
                }
                _ => return Err(missing("output")),
            };
            pairing::push(&mut ask.turns, Role::User, vec![Part::Result { id, text }]);
            Ok(())
        }
        Some("reasoning") => reasoning(item, ask),
        Some(other) => {
            let message = format!("Invalid value: '{other}'.");
            Err(Refusal::invalid(message, Some("input")))
        }
    }
}

/// What the model thought before costs nothing and changes nothing; what it encrypted must be its
/// own.
fn reasoning(item: &Value, ask: &mut Ask) -> Result<(), Refusal> {
    match item["encrypted_content"].as_str() {
        None => Ok(()),
        Some(given) if is_signature(given) => {
            pairing::push(&mut ask.turns, Role::Assistant, vec![Part::Proof]);
            Ok(())
        }
        Some(_) => {
            let message = "The encrypted content could not be verified.";
            Err(Refusal::invalid(message, Some("input")))
        }
    }
}

fn read_message(item: &Value, ask: &mut Ask) -> Result<(), Refusal> {
    let assistant = item["role"] == "assistant";
    let parts: Vec<Part> = match &item["content"] {
        Value::String(text) => vec![Part::Text(text.clone())],
        Value::Array(parts) => parts
            .iter()
            .map(|part| content(part, assistant))
            .collect::<Result<_, _>>()?,
        _ => return Err(missing("content")),
    };
    match item["role"].as_str() {
        Some("system" | "developer") => {
            ask.system
                .extend(parts.into_iter().filter_map(|part| match part {
                    Part::Text(text) => Some(text),
                    _ => None,
                }));
        }
        Some("user") => pairing::push(&mut ask.turns, Role::User, parts),
        Some("assistant") => pairing::push(&mut ask.turns, Role::Assistant, parts),
        _ => return Err(Refusal::invalid("Invalid value for 'role'.", Some("input"))),
    }
    Ok(())
}

/// One part of a message; what a user writes and what a model writes have different types.
fn content(part: &Value, assistant: bool) -> Result<Part, Refusal> {
    match part["type"].as_str() {
        Some("output_text") if assistant => Ok(Part::Text(string(part, "text")?)),
        Some("refusal") if assistant => Ok(Part::Text(string(part, "refusal")?)),
        Some("input_text") if !assistant => Ok(Part::Text(string(part, "text")?)),
        Some("input_image" | "input_file" | "input_audio") if !assistant => Ok(Part::Media),
        other => {
            let message = format!("Invalid value: {other:?}. Supported values depend on the role.");
            Err(Refusal::invalid(message, Some("input")))
        }
    }
}

fn tools(body: &Value) -> Result<Vec<Tool>, Refusal> {
    let list = body["tools"].as_array().into_iter().flatten();
    list.filter(|tool| tool["type"] == "function")
        .map(|tool| {
            let schema = match &tool["parameters"] {
                Value::Null => json!({ "type": "object", "properties": {} }),
                schema => schema.clone(),
            };
            Ok(Tool {
                name: string(tool, "name")?,
                schema,
            })
        })
        .collect()
}

fn choice(body: &Value) -> Result<Choice, Refusal> {
    let given = &body["tool_choice"];
    match given.as_str() {
        None if given.is_null() => Ok(Choice::Auto),
        Some("auto") => Ok(Choice::Auto),
        Some("none") => Ok(Choice::Never),
        Some("required") => Ok(Choice::Any),
        None if given["type"] == "function" => Ok(Choice::Named(string(given, "name")?)),
        _ => Err(Refusal::invalid(
            "Invalid value for 'tool_choice'.",
            Some("tool_choice"),
        )),
    }
}

fn limit(body: &Value) -> Result<Option<u64>, Refusal> {
    match &body["max_output_tokens"] {
        Value::Null => Ok(None),
        given => match given.as_u64() {
            Some(limit @ 16..) => Ok(Some(limit)),
            _ => {
                let message = "Invalid 'max_output_tokens': integer below minimum value. Expected a \
                               value >= 16.";
                Err(Refusal::invalid(message, Some("max_output_tokens")))
            }
        },
    }
}

fn schema(format: &Value) -> Result<Option<Value>, Refusal> {
    match format["type"].as_str() {
        None | Some("text") => Ok(None),
        Some("json_object") => Ok(Some(json!({}))),
        Some("json_schema") if format["name"].is_string() => Ok(Some(format["schema"].clone())),
        _ => Err(Refusal::invalid("Invalid 'text.format'.", Some("text"))),
    }
}

fn string(object: &Value, field: &'static str) -> Result<String, Refusal> {
    object[field]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| missing(field))
}

fn missing(field: &'static str) -> Refusal {
    Refusal::invalid(
        format!("Missing required parameter: '{field}'."),
        Some(field),
    )
}
