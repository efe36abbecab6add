use std::collections::{HashMap, VecDeque};

use serde_json::value::RawValue;

use super::{
    options_parse::{limits, output_format, reasoning, sampling, tool_choice},
    parts_parse::{list, parts},
    pieces::join,
    schema::to_json_schema,
    wire,
};
use crate::{
    canonical::{Block, Extra, Message, Raw, Request, Role, StreamOptions, System, Tool, ToolKind},
    dialect::{
        Dialect, Url,
        common::{read, read_body, synthetic_call_id},
    },
    error::AiError,
    json::Str,
};

/// Reads a client's request; model and stream are named by the URL.
pub(in crate::dialect) fn parse_request(body: &[u8], url: Url<'_>) -> Result<Request, AiError> {
    let wire: wire::Request<'_> = read_body(body)?;
    let named = url
        .model
        .map(str::to_owned)
        .or_else(|| wire.model.map(Str::into_owned));
    let model = named.ok_or_else(|| {
        AiError::invalid("the model is named neither in the path nor in the body")
            .with_param("model")
    })?;
    let mut request = Request::new(Dialect::Gemini, model);
    if let Some(system) = wire.system {
        let parts = parts(system.parts)?;
        let mut extra = Extra::from_fields(system.extra);
        push_role(&mut extra, system.role.as_deref());
        request.system.push(System {
            parts,
            extra,
            ..System::default()
        });
    }
    for raw in list(wire.contents, "contents")? {
        request.messages.push(message(raw)?);
    }
    pair(&mut request.messages);
    join(&mut request.messages);
    for tool in wire.tools.unwrap_or_default() {
        take_tool(&mut request, tool)?;
    }
    request.tool_choice = wire.tool_config.and_then(tool_choice);
    request.extra = Extra::from_fields(wire.extra);
    if let Some(mut config) = wire.config {
        request.limits = limits(&mut config);
        request.sampling = sampling(&mut config);
        request.output = output_format(&mut config);
        request.reasoning = config.thinking.map(reasoning).transpose()?;
        request.extra.absorb("generationConfig.", config.extra);
    }
    request.stream = StreamOptions {
        stream: url.stream,
        ..StreamOptions::default()
    };
    Ok(request)
}

fn push_role(extra: &mut Extra, role: Option<&str>) {
    if let Some(role) = role {
        extra.push("role", Raw::from_value(&role.into()));
    }
}

fn message(raw: &RawValue) -> Result<Message, AiError> {
    if raw.get().starts_with('"') {
        let text: Str<'_> = read(raw, "contents")?;
        return Ok(Message::new(
            Role::User,
            vec![Block::text(text.into_owned())],
        ));
    }
    let wire: wire::Content<'_> = read(raw, "contents")?;
    let role = match wire.role.as_deref() {
        Some("model") => Role::Assistant,
        None | Some("user" | "function") => Role::User,
        Some(other) => {
            let text = format!("contents.role: {other:?} is neither `user` nor `model`");
            return Err(AiError::invalid(text).with_param("contents.role"));
        }
    };
    let content = parts(wire.parts)?;
    Ok(Message {
        extra: Extra::from_fields(wire.extra),
        ..Message::new(role, content)
    })
}

/// Gives calls without an id one that depends on their place alone, and results the id of the
/// earliest open call of their name.
fn pair(messages: &mut [Message]) {
    let mut open: HashMap<String, VecDeque<String>> = HashMap::new();
    for (turn, message) in messages.iter_mut().enumerate() {
        for (number, block) in (0..).zip(&mut message.content) {
            match block {
                Block::ToolCall(call) => {
                    if call.synthetic_id {
                        call.id = synthetic_call_id(&format!("turn{turn}"), 0, number);
                    }
                    open.entry(call.name.clone())
                        .or_default()
                        .push_back(call.id.clone());
                }
                Block::ToolResult(result) => {
                    let name = result.name.clone().unwrap_or_default();
                    let waiting = open.entry(name).or_default();
                    if result.synthetic_id {
                        result.id = waiting.pop_front().unwrap_or_default();
                    } else {
                        waiting.retain(|id| *id != result.id);
                    }
                }
                _ => {}
            }
        }
    }
}

fn take_tool(request: &mut Request, wire: wire::Tool<'_>) -> Result<(), AiError> {
    for function in wire.functions.unwrap_or_default() {
        let mut extra = Extra::from_fields(function.extra);
        let schema = match (function.json_schema, function.parameters) {
            (Some(schema), _) => Some(schema),
            (None, Some(parameters)) => {
                let schema = to_json_schema(&parameters);
                extra.push("parameters", parameters);
                Some(schema)
            }
            (None, None) => None,
        };
        request.tools.push(Tool {
            kind: ToolKind::Function {
                schema,
                strict: None,
            },
            name: function.name.map(Str::into_owned).unwrap_or_default(),
            description: function.description.map(Str::into_owned),
            cache: None,
            extra,
        });
    }
    for (kind, raw) in wire.extra {
        if raw.get() == "null" {
            continue;
        }
        let spelled = format!("{{{}:{}}}", serde_json::Value::from(&*kind), raw.get());
        let raw = Raw::bounded(&spelled)
            .map_err(|error| AiError::invalid(format!("tools: {error}")).with_param("tools"))?;
        let kind = ToolKind::Server {
            dialect: Dialect::Gemini,
            kind: (*kind).into(),
            raw,
        };
        let (name, extra) = (String::new(), Extra::new());
        request.tools.push(Tool {
            kind,
            name,
            description: None,
            cache: None,
            extra,
        });
    }
    Ok(())
}
