use serde_json::value::RawValue;

use super::{
    block_parse::{self, cache_mark},
    wire,
};
use crate::{
    canonical::{
        Extra, Limits, Message, OutputFormat, Raw, Reasoning, ReasoningMode, Request, Role,
        Sampling, SchemaFormat, StreamOptions, System, SystemRole, Tool, ToolChoice, ToolKind,
    },
    dialect::{
        Dialect, Url,
        common::{check_policy_keys, read, read_body},
    },
    error::AiError,
    json::{Content, Str, missed},
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
    let mut request = Request::new(Dialect::Messages, model);
    if let Some(system) = wire.system.take() {
        request.system.push(self::system(system)?);
    }
    for (position, wire) in messages.into_iter().enumerate() {
        request
            .messages
            .push(message(wire).map_err(|error| at(&error, position))?);
    }
    for raw in wire.tools.take().unwrap_or_default() {
        request.tools.push(tool(raw)?);
    }
    if let Some(choice) = wire.tool_choice.take() {
        take_choice(&mut request, choice)?;
    }
    request.limits = Limits {
        max_output_tokens: wire.max_tokens.take().and_then(|limit| limit.as_u64()),
        stop: wire.stop_sequences.take().unwrap_or_default(),
        ..Limits::default()
    };
    request.sampling = Sampling {
        temperature: wire.temperature.take(),
        top_p: wire.top_p.take(),
        top_k: wire.top_k.take(),
        ..Sampling::default()
    };
    request.extra = Extra::from_fields(std::mem::take(&mut wire.extra));
    take_output(&mut request, &mut wire)?;
    take_metadata(&mut request, wire.metadata)?;
    request.service_tier = wire.service_tier.map(|tier| (*tier).into());
    request.stream = StreamOptions {
        stream: wire.stream,
        ..StreamOptions::default()
    };
    Ok(request)
}

fn missing(field: &'static str) -> AiError {
    AiError::invalid(format!("{field}: field required")).with_param(field)
}

fn at(error: &AiError, position: usize) -> AiError {
    let numbered = format!("messages.{position}");
    let rename = |path: &str| path.replacen("messages", &numbered, 1);
    let named = AiError::invalid(rename(error.message()));
    match error.param() {
        Some(param) => named.with_param(rename(param)),
        None => named,
    }
}

fn system(content: Content<'_>) -> Result<System, AiError> {
    let (parts, shape) = block_parse::content(Some(content), "system")?;
    Ok(System {
        parts,
        shape,
        ..System::default()
    })
}

fn message(wire: wire::Message<'_>) -> Result<Message, AiError> {
    let role = match wire.role.as_deref() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System(SystemRole::System),
        other => {
            let text = format!("messages.role: {other:?} is neither `user` nor `assistant`");
            return Err(AiError::invalid(text).with_param("messages.role"));
        }
    };
    let (content, shape) = block_parse::content(wire.content, "messages.content")?;
    Ok(Message {
        role,
        content,
        shape,
        name: None,
        extra: Extra::from_fields(wire.extra),
    })
}

fn tool(raw: &RawValue) -> Result<Tool, AiError> {
    let mut wire: wire::Tool<'_> = read(raw, "tools")?;
    let kind = match wire.kind.as_deref() {
        None | Some("custom") => ToolKind::Function {
            schema: wire.input_schema,
            strict: wire.strict,
        },
        Some(kind) => {
            wire.extra.kept();
            let raw = Raw::from_raw(raw)
                .map_err(|error| AiError::invalid(format!("tools: {error}")).with_param("tools"))?;
            ToolKind::Server {
                dialect: Dialect::Messages,
                kind: kind.into(),
                raw,
            }
        }
    };
    let mut extra = Extra::from_fields(wire.extra);
    if let (ToolKind::Function { .. }, Some(_)) = (&kind, &wire.kind) {
        extra.push("type", Raw::from_value(&"custom".into()));
    }
    Ok(Tool {
        kind,
        name: wire.name.map(Str::into_owned).unwrap_or_default(),
        description: wire.description.map(Str::into_owned),
        cache: wire.cache_control.map(cache_mark),
        extra,
    })
}

fn take_choice(request: &mut Request, wire: wire::ToolChoice<'_>) -> Result<(), AiError> {
    request.parallel_tool_calls = wire.disable_parallel_tool_use.map(|disable| !disable);
    let choice = match (wire.kind.as_deref(), wire.name) {
        (Some("auto"), _) => ToolChoice::Auto,
        (Some("any"), _) => ToolChoice::Required,
        (Some("none"), _) => ToolChoice::None,
        (Some("tool"), Some(name)) => ToolChoice::Tool {
            name: name.into_owned(),
        },
        (other, _) => {
            return Err(
                AiError::invalid(format!("tool_choice: {other:?} is no choice"))
                    .with_param("tool_choice"),
            );
        }
    };
    request.tool_choice = Some(choice);
    Ok(())
}

/// `thinking`, and the two things `output_config` holds: effort and format.
fn take_output(request: &mut Request, wire: &mut wire::Request<'_>) -> Result<(), AiError> {
    let mut reasoning = Reasoning::default();
    if let Some(thinking) = wire.thinking.take() {
        reasoning.mode = Some(match thinking.kind.as_deref() {
            Some("disabled") => ReasoningMode::Disabled,
            Some("adaptive") => ReasoningMode::Adaptive,
            Some("enabled") | None => ReasoningMode::Enabled,
            // Whatever it is, it is thinking.
            Some(_) => {
                missed("thinking.type");
                ReasoningMode::Enabled
            }
        });
        reasoning.budget = thinking.budget_tokens.and_then(|budget| budget.as_u64());
        reasoning.display = thinking.display.map(|display| (*display).into());
        reasoning.extra = Extra::from_fields(thinking.extra);
    }
    let config = wire.output_config.take().unwrap_or_default();
    reasoning.effort = config.effort.map(|effort| (*effort).into());
    request.extra.absorb("output_config.", config.extra);
    request.reasoning = (reasoning != Reasoning::default()).then_some(reasoning);
    if let Some(raw) = config.format.or(wire.output_format) {
        request.output = Some(format(raw)?);
    }
    Ok(())
}

fn format(raw: &RawValue) -> Result<OutputFormat, AiError> {
    let mut wire: wire::Format<'_> = read(raw, "output_config.format")?;
    if wire.kind.as_deref() == Some("json_schema") {
        return Ok(OutputFormat::JsonSchema(SchemaFormat {
            schema: wire.schema,
            extra: Extra::from_fields(wire.extra),
            ..SchemaFormat::default()
        }));
    }
    wire.extra.kept();
    let raw = Raw::from_raw(raw).map_err(|error| AiError::invalid(error.to_string()))?;
    Ok(OutputFormat::Opaque(raw))
}

/// `user_id` is the end user; metadata that says more is kept as it is for the same dialect.
fn take_metadata(request: &mut Request, raw: Option<&RawValue>) -> Result<(), AiError> {
    let Some(raw) = raw else { return Ok(()) };
    let mut metadata: wire::Metadata<'_> = read(raw, "metadata")?;
    request.user = metadata.user_id.map(Str::into_owned);
    if !metadata.extra.is_empty()
        && let Ok(raw) = Raw::from_raw(raw)
    {
        metadata.extra.kept();
        request.extra.push("metadata", raw);
    }
    Ok(())
}
