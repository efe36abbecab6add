use serde_json::value::RawValue;

use super::{error, parts_parse, stop, usage, wire};
use crate::{
    canonical::{Block, Choice, Extra, Reply, Stop, StopReason},
    dialect::{
        Dialect,
        common::{read_json, synthetic_call_id, unreadable},
    },
    error::{AiError, AiErrorKind},
    json::Str,
};

/// Reads a provider's whole reply.
pub(in crate::dialect) fn parse_reply(body: &[u8]) -> Result<Reply, AiError> {
    // An error may come as the one element of a stream's array.
    if body.trim_ascii_start().starts_with(b"[")
        && let Ok([one]) = read_json::<[&RawValue; 1]>(body)
        && one.get().starts_with('{')
    {
        return parse_reply(one.get().as_bytes());
    }
    let wire: wire::Reply<'_> = read_json(body).map_err(|error| unreadable(&error))?;
    if let Some(raw) = wire.error {
        return Err(error::parse_object(None, raw));
    }
    let blocked = wire.feedback.and_then(|feedback| feedback.block_reason);
    if wire.candidates.is_none() && blocked.is_none() && wire.usage.is_none() {
        return Err(AiError::upstream(
            AiErrorKind::Malformed,
            "the reply has no candidates",
        ));
    }
    let mut reply = Reply::new(Dialect::Gemini);
    reply.id = wire.id.map(Str::into_owned).unwrap_or_default();
    reply.model = wire.model.map(Str::into_owned).unwrap_or_default();
    reply.usage = wire.usage.map(usage::parse);
    reply.extra = Extra::from_fields(wire.extra);
    for (candidate, position) in wire.candidates.unwrap_or_default().into_iter().zip(0..) {
        reply.choices.push(choice(candidate, position, &reply.id)?);
    }
    if let (true, Some(reason)) = (reply.choices.is_empty(), blocked) {
        reply.choices.push(Choice {
            stop: Some(filtered(&reason)),
            ..Choice::default()
        });
    }
    Ok(reply)
}

/// A prompt that was refused gives no candidate, and status 200.
pub(super) fn filtered(reason: &str) -> Stop {
    Stop {
        raw: Some(reason.into()),
        ..Stop::new(StopReason::Filter)
    }
}

fn choice(wire: wire::Candidate<'_>, position: u32, reply: &str) -> Result<Choice, AiError> {
    let index = wire
        .index
        .and_then(|index| u32::try_from(index.as_u64()?).ok());
    let index = index.unwrap_or(position);
    let content = wire.content.unwrap_or_default();
    let mut blocks = parts_parse::parts(content.parts)
        .map_err(|error| AiError::upstream(AiErrorKind::Malformed, error.message()))?;
    merge(&mut blocks);
    let mut calls = 0;
    for block in &mut blocks {
        if let Block::ToolCall(call) = block {
            if call.synthetic_id {
                call.id = synthetic_call_id(reply, index, calls);
                call.synthetic_id = false;
            }
            calls += 1;
        }
    }
    Ok(Choice {
        index,
        stop: wire.finish_reason.map(|raw| stop::parse(&raw.0, calls > 0)),
        content: blocks,
        logprobs: wire.logprobs,
        extra: Extra::from_fields(wire.extra),
    })
}

/// Neighbouring texts are one block, as they are in a stream, where pieces have no ends.
fn merge(blocks: &mut Vec<Block>) {
    let mut merged: Vec<Block> = Vec::with_capacity(blocks.len());
    for block in blocks.drain(..) {
        match (merged.last_mut(), block) {
            (Some(Block::Text(have)), Block::Text(more)) if have.signature.is_none() => {
                have.text.push_str(&more.text);
                have.extra.merge(more.extra);
                have.signature = more.signature;
            }
            (Some(Block::Thinking(have)), Block::Thinking(more)) if have.signature.is_none() => {
                have.text.push_str(&more.text);
                have.extra.merge(more.extra);
                have.signature = more.signature;
            }
            (_, Block::Text(text))
                if text.text.is_empty() && text.signature.is_none() && text.extra.is_empty() => {}
            (_, block) => merged.push(block),
        }
    }
    *blocks = merged;
}
