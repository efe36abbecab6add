//! Reading a message request, as strictly as Anthropic does.

use serde_json::Value;

use super::cache::Marks;
use super::content::content;
use crate::doubles::model::brain::Ask;
use crate::doubles::model::brain::Choice;
use crate::doubles::model::brain::Part;
use crate::doubles::model::brain::Role;
use crate::doubles::model::brain::Tool;
use crate::doubles::model::brain::Turn;
use crate::doubles::model::wire::Incoming;
use crate::doubles::model::wire::Refusal;
use crate::doubles::model::wire::pairing;
use crate::doubles::model::wire::pairing::Orphan;

pub(in crate::doubles::model::wire) fn read(incoming: &Incoming<'_>) -> Result<Ask, Refusal> {
    let body = incoming.body;
    let Some(limit) = body["max_tokens"].as_u64().filter(|limit| *limit > 0) else {
        return Err(invalid("max_tokens: Field required"));
    };
    let mut ask = count(incoming)?;
    ask.max_tokens = Some(limit);
    ask.stream = body["stream"] == true;
    ask.stops = stops(body)?;
    if body["temperature"]
        .as_f64()
        .is_some_and(|t| !(0.0..=1.0).contains(&t))
    {
        return Err(invalid("temperature: range: 0..1"));
    }
    match body["thinking"]["type"].as_str() {
        None | Some("disabled") => {}
        Some("adaptive") => ask.thinking = true,
        Some("enabled") => match body["thinking"]["budget_tokens"].as_u64() {
            Some(budget) if budget < 1024 => {
                return Err(invalid(
                    "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
                ));
            }
            Some(budget) if budget < limit => {
                ask.thinking = true;
                begins_with_thinking(&ask)?;
            }
            Some(_) => {
                return Err(invalid(
                    "`max_tokens` must be greater than `thinking.budget_tokens`.",
                ));
            }
            None => return Err(invalid("thinking.enabled.budget_tokens: Field required")),
        },
        Some(other) => return Err(invalid(format!("thinking: unknown type '{other}'"))),
    }
    if ask.thinking && matches!(ask.choice, Choice::Any | Choice::Named(_)) {
        return Err(invalid(
            "Thinking may not be enabled when tool_choice forces tool use.",
        ));
    }
    Ok(ask)
}

/// Whoever thinks within a budget must find what it thought before the calls whose results it gets.
fn begins_with_thinking(ask: &Ask) -> Result<(), Refusal> {
    let mut turns = ask.turns.iter().rev();
    let last = turns.find(|turn| turn.role == Role::Assistant);
    let calls = |turn: &&Turn| {
        turn.parts
            .iter()
            .any(|part| matches!(part, Part::Call { .. }))
    };
    match last.filter(calls).and_then(|turn| turn.parts.first()) {
        None | Some(Part::Proof) => Ok(()),
        Some(_) => Err(invalid(
            "messages: Expected `thinking` or `redacted_thinking`. When `thinking` is enabled, a \
             final `assistant` message must start with a thinking block.",
        )),
    }
}

/// Reads what counting tokens needs: everything but the limits.
pub(in crate::doubles::model) fn count(incoming: &Incoming<'_>) -> Result<Ask, Refusal> {
    let body = incoming.body;
    if !incoming.headers.contains_key("anthropic-version") {
        return Err(invalid("anthropic-version: header is required"));
    }
    if incoming.model.is_empty() {
        return Err(invalid("model: Field required"));
    }
    let mut marks = Marks::default();
    let mut ask = Ask {
        model: incoming.model.to_owned(),
        stream_usage: true,
        system: system(&body["system"], &mut marks)?,
        tools: tools(body)?,
        parallel: body["tool_choice"]["disable_parallel_tool_use"] != true,
        schema: schema(body)?,
        candidates: 1,
        ..Ask::default()
    };
    ask.choice = choice(&body["tool_choice"], &ask.tools)?;
    let Some(messages) = body["messages"].as_array().filter(|list| !list.is_empty()) else {
        return Err(invalid("messages: at least one message is required"));
    };
    for (at, message) in messages.iter().enumerate() {
        let role = match message["role"].as_str() {
            Some("user") => Role::User,
            Some("assistant") if at > 0 => Role::Assistant,
            Some("system") if at > 0 && may_interject(incoming) => {
                ask.system.extend(system(&message["content"], &mut marks)?);
                continue;
            }
            Some("assistant") => {
                return Err(invalid(
                    "messages: first message must use the \"user\" role",
                ));
            }
            _ => {
                let allowed = "Input should be 'user' or 'assistant'";
                return Err(invalid(format!("messages.{at}.role: {allowed}")));
            }
        };
        let is_last = at + 1 == messages.len();
        let parts = content(&message["content"], role, is_last, &mut marks)
            .map_err(|why| invalid(format!("messages.{at}: {why}")))?;
        pairing::push(&mut ask.turns, role, parts);
    }
    pairing::check(&ask.turns).map_err(orphan)?;
    ask.cached = marks.settled();
    Ok(ask)
}

/// System messages between the others are for those who ask for them.
fn may_interject(incoming: &Incoming<'_>) -> bool {
    let betas = incoming.headers.get_all("anthropic-beta").iter();
    betas
        .filter_map(|beta| beta.to_str().ok())
        .any(|beta| beta.contains("mid-conversation-system-"))
}

fn orphan(orphan: Orphan) -> Refusal {
    invalid(match orphan {
        Orphan::Call(id) => format!(
            "messages: `tool_use` ids were found without `tool_result` blocks immediately after: \
             {id}. Each `tool_use` block must have a corresponding `tool_result` block in the next \
             message."
        ),
        Orphan::Result(id) => format!(
            "messages: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each \
             `tool_result` block must have a corresponding `tool_use` block in the previous message."
        ),
    })
}

fn system(system: &Value, marks: &mut Marks) -> Result<Vec<String>, Refusal> {
    match system {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => {
            marks.text(system, text);
            Ok(vec![text.clone()])
        }
        Value::Array(blocks) => blocks
            .iter()
            .map(|block| match block["text"].as_str() {
                Some(text) if block["type"] == "text" && !text.is_empty() => {
                    marks.text(block, text);
                    Ok(text.to_owned())
                }
                _ => Err(invalid("system: text content blocks must be non-empty")),
            })
            .collect(),
        _ => Err(invalid("system: Input should be a valid string")),
    }
}

fn tools(body: &Value) -> Result<Vec<Tool>, Refusal> {
    let Some(list) = body["tools"].as_array() else {
        return Ok(Vec::new());
    };
    // A tool with another type is run by the provider and is not the client's to answer.
    let own = list
        .iter()
        .filter(|tool| tool["type"].is_null() || tool["type"] == "custom");
    own.map(|tool| {
        let name = tool["name"].as_str().unwrap_or_default().to_owned();
        let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if !(1..=128).contains(&name.len()) || !name.bytes().all(legal) {
            return Err(invalid(
                "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
            ));
        }
        if tool["input_schema"]["type"] != "object" {
            return Err(invalid("tools.0.custom.input_schema.type: Field required"));
        }
        Ok(Tool {
            name,
            schema: tool["input_schema"].clone(),
        })
    })
    .collect()
}

fn choice(choice: &Value, tools: &[Tool]) -> Result<Choice, Refusal> {
    let read = match choice["type"].as_str() {
        None if choice.is_null() => return Ok(Choice::Auto),
        Some("auto") => Choice::Auto,
        Some("none") => Choice::Never,
        Some("any") => Choice::Any,
        Some("tool") => Choice::Named(choice["name"].as_str().unwrap_or_default().to_owned()),
        _ => {
            return Err(invalid(
                "tool_choice: Input tag is not one of: 'any', 'auto', …",
            ));
        }
    };
    match &read {
        Choice::Any if tools.is_empty() => Err(invalid(
            "tool_choice: may only be specified while providing tools",
        )),
        Choice::Named(name) if !tools.iter().any(|tool| tool.name == *name) => Err(invalid(
            format!("tool_choice: Tool '{name}' not found in provided tools"),
        )),
        _ => Ok(read),
    }
}

fn stops(body: &Value) -> Result<Vec<String>, Refusal> {
    let Some(list) = body["stop_sequences"].as_array() else {
        return Ok(Vec::new());
    };
    list.iter()
        .map(|stop| match stop.as_str() {
            Some(stop) if !stop.trim().is_empty() => Ok(stop.to_owned()),
            _ => Err(invalid(
                "stop_sequences: each stop sequence must contain non-whitespace",
            )),
        })
        .collect()
}

fn schema(body: &Value) -> Result<Option<Value>, Refusal> {
    for format in [&body["output_config"]["format"], &body["output_format"]] {
        match format["type"].as_str() {
            None => {}
            Some("json_schema") => return Ok(Some(format["schema"].clone())),
            Some(_) => {
                return Err(invalid(
                    "output_config.format.type: Input should be json_schema",
                ));
            }
        }
    }
    Ok(None)
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::invalid(message, None)
}
