use serde_json::value::RawValue;

use super::{
    block_parse::{blocks, mark},
    options_parse, wire,
};
use crate::{
    canonical::{
        Extra, Message, Raw, Request, Role, StreamOptions, System, SystemRole, Tool, ToolChoice,
        ToolKind,
    },
    dialect::{
        Dialect, Url,
        common::{check_policy_keys, read, read_body},
    },
    error::AiError,
    json::Str,
};

/// Reads a client's request; model and stream are named by the URL.
pub(in crate::dialect) fn parse_request(body: &[u8], url: Url<'_>) -> Result<Request, AiError> {
    let mut wire: wire::Request<'_> = read_body(body)?;
    check_policy_keys(&wire.extra, wire::POLICY_KEYS)?;
    let model = url.model.ok_or_else(|| {
        AiError::invalid("the model is not named in the path").with_param("modelId")
    })?;
    let mut request = Request::new(Dialect::Converse, model);
    if let Some(system) = wire.system.take() {
        request.system.push(System {
            parts: blocks(system, "system")?,
            ..System::default()
        });
    }
    for message in wire.messages.take().unwrap_or_default() {
        request.messages.push(self::message(message)?);
    }
    request.extra = Extra::from_fields(wire.extra);
    if let Some(config) = wire.tools {
        take_tools(&mut request, config)?;
    }
    options_parse::take(
        &mut request,
        wire.inference.unwrap_or_default(),
        wire.additional.unwrap_or_default(),
    );
    if let Some(output) = wire.output {
        request.output = options_parse::output(output, &mut request.extra);
    }
    request.service_tier = (wire.service_tier)
        .and_then(|tier| tier.kind)
        .map(|kind| (*kind).into());
    request.stream = StreamOptions {
        stream: url.stream,
        ..StreamOptions::default()
    };
    Ok(request)
}

fn message(wire: wire::Message<'_>) -> Result<Message, AiError> {
    let role = match wire.role.as_deref() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System(SystemRole::System),
        other => {
            let text =
                format!("messages.role: {other:?} is none of `user`, `assistant` and `system`");
            return Err(AiError::invalid(text).with_param("messages.role"));
        }
    };
    let content = blocks(wire.content.unwrap_or_default(), "messages.content")?;
    Ok(Message {
        extra: Extra::from_fields(wire.extra),
        ..Message::new(role, content)
    })
}

fn take_tools(request: &mut Request, wire: wire::ToolConfig<'_>) -> Result<(), AiError> {
    for raw in wire.tools.unwrap_or_default() {
        tool(&mut request.tools, raw)?;
    }
    if let Some(choice) = wire.choice {
        request.tool_choice = Some(self::choice(choice)?);
    }
    request.extra.absorb("toolConfig.", wire.extra);
    Ok(())
}

fn tool(tools: &mut Vec<Tool>, raw: &RawValue) -> Result<(), AiError> {
    let mut wire: wire::Tool<'_> = read(raw, "toolConfig.tools")?;
    let point = wire.cache.as_ref().and_then(mark);
    if let (Some(mark), Some(last)) = (point, tools.last_mut())
        && last.cache.is_none()
    {
        last.cache = Some(mark);
        return Ok(());
    }
    if let Some(spec) = wire.spec {
        tools.push(Tool {
            kind: ToolKind::Function {
                schema: spec.schema.and_then(|schema| schema.json),
                strict: spec.strict,
            },
            name: spec.name.map(Str::into_owned).unwrap_or_default(),
            description: spec.description.map(Str::into_owned),
            cache: None,
            extra: Extra::from_fields(spec.extra),
        });
        return Ok(());
    }
    let kind = wire.extra.first().map_or("cachePoint", |(name, _)| name);
    let kind = compact_str::CompactString::from(kind);
    wire.extra.kept();
    if let Some(point) = &mut wire.cache {
        point.extra.kept();
    }
    let kept = Raw::from_raw(raw).map_err(|error| {
        AiError::invalid(format!("toolConfig.tools: {error}")).with_param("toolConfig.tools")
    })?;
    tools.push(Tool {
        kind: ToolKind::Server {
            dialect: Dialect::Converse,
            kind,
            raw: kept,
        },
        name: String::new(),
        description: None,
        cache: None,
        extra: Extra::new(),
    });
    Ok(())
}

fn choice(wire: wire::ToolChoice<'_>) -> Result<ToolChoice, AiError> {
    let named = wire.tool.and_then(|tool| tool.name);
    match (wire.auto, wire.any, named) {
        (Some(_), ..) => Ok(ToolChoice::Auto),
        (None, Some(_), _) => Ok(ToolChoice::Required),
        (None, None, Some(name)) => Ok(ToolChoice::Tool {
            name: name.into_owned(),
        }),
        _ => Err(
            AiError::invalid("toolConfig.toolChoice is neither `auto` nor `any` nor `tool`")
                .with_param("toolConfig.toolChoice"),
        ),
    }
}
