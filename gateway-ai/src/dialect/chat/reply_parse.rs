use serde_json::value::RawValue;

use super::{content_parse, error, message_parse, stop, thinking_parse, usage, wire};
use crate::{
    canonical::{Block, Choice, Extra, Reply},
    dialect::{
        Dialect,
        common::{read_json, synthetic_call_id, unreadable},
    },
    error::{AiError, AiErrorKind},
};

/// Reads a provider's whole reply.
pub(in crate::dialect) fn parse_reply(body: &[u8]) -> Result<Reply, AiError> {
    let wire: wire::Reply<'_> = read_json(body).map_err(|error| unreadable(&error))?;
    // An error with status 200 is an error all the same.
    if let Some(raw) = wire.error.filter(|raw| is_error(raw)) {
        return Err(error::parse_object(None, raw));
    }
    let Some(choices) = wire.choices else {
        let text = String::from_utf8_lossy(body);
        let said = error::of_no_choices(&text, wire.failed);
        let silent = || AiError::upstream(AiErrorKind::Malformed, "the reply has no choices");
        return Err(said.unwrap_or_else(silent));
    };
    let mut reply = Reply::new(Dialect::Chat);
    reply.id = wire.id.map(|id| id.0).unwrap_or_default();
    reply.model = wire
        .model
        .map(crate::json::Str::into_owned)
        .unwrap_or_default();
    reply.created = wire.created.and_then(|created| created.as_u64());
    reply.usage = wire.usage.map(usage::parse);
    reply.service_tier = wire.service_tier.map(|tier| (*tier).into());
    reply.extra = Extra::from_fields(wire.extra);
    for (choice, position) in choices.into_iter().zip(0..) {
        reply
            .choices
            .push(self::choice(choice, position, &reply.id)?);
    }
    Ok(reply)
}

fn is_error(raw: &RawValue) -> bool {
    !matches!(raw.get(), "null" | "{}" | "\"\"" | "false")
}

fn choice(wire: wire::Choice<'_>, position: u32, reply: &str) -> Result<Choice, AiError> {
    let index = wire
        .index
        .and_then(|index| u32::try_from(index.as_u64()?).ok());
    let index = index.unwrap_or(position);
    let mut choice = Choice {
        index,
        logprobs: wire.logprobs,
        ..Choice::default()
    };
    choice.extra = Extra::from_fields(wire.extra);
    // Azure leaves the message out where its filter took it.
    if wire.message.is_none() && wire.finish_reason.is_none() {
        return Err(AiError::upstream(
            AiErrorKind::Malformed,
            "a choice has no message",
        ));
    }
    let mut message = wire.message.unwrap_or_default();
    let upstream = |error: AiError| AiError::upstream(AiErrorKind::Malformed, error.message());
    let mut own = Extra::new();
    let mut blocks = thinking_parse::history(&mut message, &mut own).map_err(upstream)?;
    let (text, _) = content_parse::content(message.content.take()).map_err(upstream)?;
    blocks.extend(text.into_iter().filter(|block| block.as_text() != Some("")));
    for block in &mut blocks {
        if let Block::Thinking(thinking) = block {
            thinking.extra.take("part");
        }
    }
    message_parse::answer_parts(&mut message, &mut blocks);
    let calls = message.tool_calls.take().unwrap_or_default();
    for (call, number) in calls.into_iter().zip(0..) {
        let id = || synthetic_call_id(reply, index, number);
        let mut call = message_parse::tool_call(call, id);
        call.extra.take("index");
        blocks.push(Block::ToolCall(call));
    }
    if let Some(call) = message.function_call.take()
        && call.name.as_ref().is_some_and(|name| !name.is_empty())
    {
        blocks.push(Block::ToolCall(message_parse::legacy_call(&call)));
    }
    for (name, value) in own.iter() {
        choice.extra.push(format!("message.{name}"), value.clone());
    }
    choice.extra.absorb("message.", message.extra);
    let has_calls = blocks
        .iter()
        .any(|block| matches!(block, Block::ToolCall(_)));
    choice.stop = wire.finish_reason.map(|raw| stop::parse(&raw, has_calls));
    choice.content = blocks;
    Ok(choice)
}
