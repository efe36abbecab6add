use serde_json::value::RawValue;

use super::{
    message_parse::{self, cache_mark},
    options_parse::{limits, output_format, reasoning, sampling},
    wire,
};
use crate::{
    canonical::{Extra, Raw, Request, Role, StreamOptions, System, Tool, ToolChoice, ToolKind},
    dialect::{
        Dialect, Url,
        common::{check_policy_keys, read, read_body, too_deep},
    },
    error::AiError,
    json::Str,
};

/// Reads a client's request.
pub(in crate::dialect) fn parse_request(body: &[u8], url: Url<'_>) -> Result<Request, AiError> {
    let mut wire: wire::Request<'_> = read_body(body)?;
    check_policy_keys(&wire.extra, wire::POLICY_KEYS)?;
    let named = wire.model.take().map(Str::into_owned);
    let model = named
        .or_else(|| url.model.map(str::to_owned))
        .ok_or_else(|| missing("model"))?;
    let messages = wire.messages.take().ok_or_else(|| missing("messages"))?;
    let mut request = Request::new(Dialect::Chat, model);
    take_messages(&mut request, messages)?;
    take_tools(&mut request, &mut wire)?;
    request.limits = limits(&mut wire);
    request.sampling = sampling(&mut wire);
    request.output = wire.response_format.take().map(output_format).transpose()?;
    request.reasoning = reasoning(&mut wire)?;
    request.user = wire.user.map(Str::into_owned);
    request.safety_identifier = wire.safety_identifier.map(Str::into_owned);
    request.service_tier = wire.service_tier.map(|tier| (*tier).into());
    let options = wire.stream_options.unwrap_or_default();
    request.stream = StreamOptions {
        stream: wire.stream,
        include_usage: options.include_usage,
        extra: Extra::from_fields(options.extra),
    };
    request.extra = Extra::from_fields(wire.extra);
    Ok(request)
}

fn missing(field: &'static str) -> AiError {
    AiError::invalid(format!("missing required parameter: '{field}'"))
        .with_param(field)
        .with_code("missing_required_parameter")
}

/// System text that leads the conversation is apart from its turns.
fn take_messages(request: &mut Request, messages: Vec<wire::Message<'_>>) -> Result<(), AiError> {
    request.messages.reserve(messages.len());
    for (position, wire) in messages.into_iter().enumerate() {
        let message = message_parse::message(wire, position, &mut request.legacy_functions)
            .map_err(|error| at(&error, position))?;
        match message.role {
            Role::System(role) if request.messages.is_empty() => request.system.push(System {
                role,
                name: message.name,
                parts: message.content,
                shape: message.shape,
                extra: message.extra,
            }),
            _ => request.messages.push(message),
        }
    }
    Ok(())
}

/// Names the message an error is about.
fn at(error: &AiError, position: usize) -> AiError {
    let numbered = format!("messages[{position}]");
    let rename = |path: &str| path.replacen("messages", &numbered, 1);
    let named = AiError::invalid(rename(error.message()));
    match error.param() {
        Some(param) => named.with_param(rename(param)),
        None => named,
    }
}

fn take_tools(request: &mut Request, wire: &mut wire::Request<'_>) -> Result<(), AiError> {
    for raw in wire.tools.take().unwrap_or_default() {
        request.tools.push(tool(raw)?);
    }
    request.tool_choice = wire.tool_choice.take().map(tool_choice).transpose()?;
    request.parallel_tool_calls = wire.parallel_tool_calls;
    if let Some(functions) = wire.functions.take() {
        request.legacy_functions = true;
        request.tools.extend(functions.into_iter().map(function));
    }
    if let Some(choice) = wire.function_call.take() {
        request.legacy_functions = true;
        request.tool_choice = Some(legacy_choice(choice)?);
    }
    Ok(())
}

fn tool(raw: &RawValue) -> Result<Tool, AiError> {
    let mut wire: wire::Tool<'_> = read(raw, "tools")?;
    let kind = wire.kind.take().unwrap_or_else(|| Str("function".into()));
    let mut tool = match (&*kind, wire.function, wire.custom) {
        ("function", Some(inner), _) => {
            let mut tool = function(inner);
            tool.cache = wire.cache_control.map(cache_mark);
            tool
        }
        ("custom", _, Some(inner)) => {
            let mut extra = Extra::new();
            extra.absorb("custom.", inner.extra);
            Tool {
                kind: ToolKind::Custom {
                    format: inner.format,
                },
                name: inner.name.map(Str::into_owned).unwrap_or_default(),
                description: inner.description.map(Str::into_owned),
                cache: wire.cache_control.map(cache_mark),
                extra,
            }
        }
        ("function" | "custom", ..) => {
            return Err(
                AiError::invalid(format!("tools: a tool of type {:?} lacks it", &*kind))
                    .with_param("tools"),
            );
        }
        (kind, ..) => {
            let raw = Raw::from_raw(raw).map_err(|error| too_deep(error, "tools"))?;
            wire.extra.kept();
            let kind = ToolKind::Server {
                dialect: Dialect::Chat,
                kind: kind.into(),
                raw,
            };
            let (name, extra) = (String::new(), Extra::new());
            return Ok(Tool {
                kind,
                name,
                description: None,
                cache: None,
                extra,
            });
        }
    };
    tool.extra.absorb("", wire.extra);
    Ok(tool)
}

fn function(wire: wire::Function<'_>) -> Tool {
    let mut extra = Extra::new();
    extra.absorb("function.", wire.extra);
    Tool {
        kind: ToolKind::Function {
            schema: wire.parameters,
            strict: wire.strict,
        },
        name: wire.name.map(Str::into_owned).unwrap_or_default(),
        description: wire.description.map(Str::into_owned),
        cache: None,
        extra,
    }
}

fn tool_choice(raw: &RawValue) -> Result<ToolChoice, AiError> {
    if raw.get().starts_with('"') {
        let word: Str<'_> = read(raw, "tool_choice")?;
        return match &*word {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            // `any` is Mistral's word.
            "required" | "any" => Ok(ToolChoice::Required),
            other => Err(
                AiError::invalid(format!("tool_choice: {other:?} is no choice"))
                    .with_param("tool_choice"),
            ),
        };
    }
    let mut wire: wire::NamedChoice<'_> = read(raw, "tool_choice")?;
    let named = wire
        .function
        .or(wire.custom)
        .and_then(|tool| tool.name)
        .or(wire.name);
    if let Some(name) = named {
        return Ok(ToolChoice::Tool {
            name: name.into_owned(),
        });
    }
    if let Some(allowed) = wire.allowed_tools {
        let tools = allowed.tools.unwrap_or_default().into_iter();
        let names = tools.filter_map(|tool| {
            tool.function
                .or(tool.custom)
                .and_then(|tool| tool.name)
                .or(tool.name)
        });
        return Ok(ToolChoice::Allowed {
            required: allowed.mode.as_deref() == Some("required"),
            names: names.map(Str::into_owned).collect(),
        });
    }
    let raw = Raw::from_raw(raw).map_err(|error| too_deep(error, "tool_choice"))?;
    wire.extra.kept();
    Ok(ToolChoice::Opaque {
        dialect: Dialect::Chat,
        raw,
    })
}

fn legacy_choice(raw: &RawValue) -> Result<ToolChoice, AiError> {
    if raw.get().starts_with('"') {
        return tool_choice(raw);
    }
    let wire: wire::NamedTool<'_> = read(raw, "function_call")?;
    let name = wire.name.ok_or_else(|| missing("function_call.name"))?;
    Ok(ToolChoice::Tool {
        name: name.into_owned(),
    })
}
