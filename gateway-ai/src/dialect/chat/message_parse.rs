use serde_json::value::RawValue;

use super::{content_parse::content, thinking_parse, wire};
use crate::{
    canonical::{
        Audio, AudioSource, Block, CacheMark, Extra, Message, Raw, Refusal, Role, SystemRole,
        ToolCall, ToolResult,
    },
    dialect::common::synthetic_call_id,
    error::AiError,
    json::{Str, missed},
};

/// Reads one message of the conversation.
pub(super) fn message(
    mut wire: wire::Message<'_>,
    position: usize,
    legacy: &mut bool,
) -> Result<Message, AiError> {
    let role = wire
        .role
        .take()
        .ok_or_else(|| field("messages.role", "is missing"))?;
    let name = wire.name.take().map(Str::into_owned);
    match &*role {
        "system" => plain(Role::System(SystemRole::System), name, wire),
        "developer" => plain(Role::System(SystemRole::Developer), name, wire),
        "user" => plain(Role::User, name, wire),
        "assistant" => assistant(name, wire, position, legacy),
        "tool" => tool(name, wire),
        "function" => {
            *legacy = true;
            let id = name.as_deref().map(legacy_id);
            wire.tool_call_id = wire.tool_call_id.or_else(|| id.map(|id| Str(id.into())));
            tool(name, wire)
        }
        other => Err(field("messages.role", &format!("{other:?} is no role"))),
    }
}

/// The id that pairs a legacy `function_call` with its `function` message: both know the name only.
pub(super) fn legacy_id(name: &str) -> String {
    format!("call_function_{name}")
}

pub(super) fn field(path: &'static str, reason: &str) -> AiError {
    AiError::invalid(format!("{path} {reason}")).with_param(path)
}

fn plain(role: Role, name: Option<String>, wire: wire::Message<'_>) -> Result<Message, AiError> {
    let (content, shape) = content(wire.content)?;
    Ok(Message {
        role,
        content,
        shape,
        name,
        extra: Extra::from_fields(wire.extra),
    })
}

fn tool(name: Option<String>, wire: wire::Message<'_>) -> Result<Message, AiError> {
    let id = wire
        .tool_call_id
        .ok_or_else(|| field("messages.tool_call_id", "is missing"))?;
    let (content, shape) = content(wire.content)?;
    let result = ToolResult {
        id: id.into_owned(),
        name,
        content,
        shape,
        extra: Extra::from_fields(wire.extra),
        ..ToolResult::default()
    };
    Ok(Message::new(Role::User, vec![Block::ToolResult(result)]))
}

fn assistant(
    name: Option<String>,
    mut wire: wire::Message<'_>,
    position: usize,
    legacy: &mut bool,
) -> Result<Message, AiError> {
    let mut extra = Extra::new();
    let mut blocks = thinking_parse::history(&mut wire, &mut extra)?;
    let (text, shape) = content(wire.content.take())?;
    blocks.extend(text);
    answer_parts(&mut wire, &mut blocks);
    for (call, number) in wire
        .tool_calls
        .take()
        .unwrap_or_default()
        .into_iter()
        .zip(0..)
    {
        let reply = format!("turn{position}");
        blocks.push(Block::ToolCall(tool_call(call, || {
            synthetic_call_id(&reply, 0, number)
        })));
    }
    if let Some(call) = wire.function_call.take() {
        *legacy = true;
        blocks.push(Block::ToolCall(legacy_call(&call)));
    }
    extra.absorb("", wire.extra);
    Ok(Message {
        role: Role::Assistant,
        content: blocks,
        shape,
        name,
        extra,
    })
}

/// What stands beside `content` in an assistant's message: refusal, sound, annotations.
pub(super) fn answer_parts(wire: &mut wire::Message<'_>, blocks: &mut Vec<Block>) {
    if let Some(refusal) = wire.refusal.take().filter(|text| !text.is_empty()) {
        blocks.push(Block::Refusal(Refusal {
            text: refusal.into_owned(),
        }));
    }
    if let Some(sound) = wire.audio.take().and_then(audio) {
        blocks.push(Block::Audio(sound));
    }
    let annotations = wire.annotations.take().filter(|raw| raw.as_str() != "[]");
    if let Some(annotations) = annotations {
        let text = blocks.iter_mut().rev().find_map(|block| match block {
            Block::Text(text) => Some(text),
            _ => None,
        });
        if let Some(text) = text {
            text.citations = Some(annotations);
        }
    }
}

fn audio(wire: wire::Audio<'_>) -> Option<Audio> {
    let transcript = wire
        .transcript
        .map(Str::into_owned)
        .filter(|text| !text.is_empty());
    let id = wire.id.map(Str::into_owned).filter(|id| !id.is_empty())?;
    let mut extra = Extra::from_fields(wire.extra);
    let source = match wire.data {
        Some(data) if !data.is_empty() => {
            let id = serde_json::Value::String(id);
            extra.push("id", Raw::from_value(&id));
            AudioSource::Data {
                format: "wav".into(),
                data: data.into_owned(),
            }
        }
        _ => AudioSource::Id(id),
    };
    let expires = wire
        .expires_at
        .and_then(|at| Raw::bounded(at.as_str()).ok());
    if let Some(expires) = expires {
        extra.push("expires_at", expires);
    }
    Some(Audio {
        source,
        transcript,
        cache: None,
        extra,
    })
}

pub(super) fn tool_call(wire: wire::ToolCall<'_>, id: impl FnOnce() -> String) -> ToolCall {
    let id = wire
        .id
        .map(Str::into_owned)
        .filter(|id| !id.is_empty())
        .unwrap_or_else(id);
    let mut call = ToolCall {
        id,
        ..ToolCall::default()
    };
    if let Some(index) = wire
        .index
        .and_then(|index| Raw::bounded(index.as_str()).ok())
    {
        call.extra.push("index", index);
    }
    if let Some(custom) = wire.custom.filter(|custom| custom.name.is_some()) {
        call.custom = wire.kind.as_deref() == Some("custom") || wire.function.is_none();
        if call.custom {
            call.name = custom.name.map(Str::into_owned).unwrap_or_default();
            call.arguments = custom.input.map(Str::into_owned).unwrap_or_default();
            return call;
        }
    }
    let function = wire.function.unwrap_or_default();
    call.name = function.name.map(Str::into_owned).unwrap_or_default();
    call.arguments = function.arguments.map(argument_text).unwrap_or_default();
    call.extra.absorb("function.", function.extra);
    call.extra.absorb("", wire.extra);
    call
}

/// The argument text. It is a JSON string on the wire, but some vendors send the object itself.
pub(super) fn argument_text(raw: &RawValue) -> String {
    let text = raw.get();
    if text.starts_with('"') {
        serde_json::from_str(text).unwrap_or_default()
    } else {
        text.into()
    }
}

pub(super) fn legacy_call(wire: &wire::FunctionCall<'_>) -> ToolCall {
    let name = wire.name.as_deref().unwrap_or_default().to_owned();
    let arguments = wire.arguments.map(argument_text).unwrap_or_default();
    ToolCall {
        id: legacy_id(&name),
        name,
        arguments,
        ..ToolCall::default()
    }
}

pub(super) fn cache_mark(wire: wire::CacheControl<'_>) -> CacheMark {
    let kind = wire.kind.as_deref();
    if kind.is_some_and(|kind| kind != "ephemeral") {
        missed("cache_control.type");
    }
    CacheMark {
        ttl: wire.ttl.map(|ttl| (*ttl).into()),
    }
}
