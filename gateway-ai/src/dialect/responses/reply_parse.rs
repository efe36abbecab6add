use serde_json::value::RawValue;

use super::{
    error,
    item_parse::{Item, item},
    message_parse::OUTPUT,
    stop, usage, wire,
};
use crate::{
    canonical::{Block, Choice, Extra, Raw, Reply, Thinking},
    dialect::{
        Dialect,
        chat::parse_error,
        common::{read_json, says_nothing, unreadable},
    },
    error::{AiError, AiErrorKind},
    json::{Fields, Str, missed},
};

/// Reads a provider's whole reply.
pub(in crate::dialect) fn parse_reply(body: &[u8]) -> Result<Reply, AiError> {
    let wire: wire::Reply<'_> = read_json(body).map_err(|error| unreadable(&error))?;
    if wire.output.is_none() && wire.status.is_none() {
        // An error under status 200, whatever its shape.
        return Err(match wire.error.filter(|raw| raw.get() != "null") {
            Some(raw) => error::parse(Some(raw)),
            None => parse_error(http::StatusCode::BAD_GATEWAY, &http::HeaderMap::new(), body),
        });
    }
    reply(wire)
}

pub(super) fn reply(wire: wire::Reply<'_>) -> Result<Reply, AiError> {
    let status = wire.status.as_deref();
    if let Some("failed" | "cancelled") = status {
        return Err(failure(status, wire.error));
    }
    let mut choice = Choice::default();
    for raw in wire.output.unwrap_or_default() {
        choice.content.extend(output(raw)?);
    }
    let has_calls = |block: &Block| matches!(block, Block::ToolCall(_));
    let has_calls = choice.content.iter().any(has_calls);
    let reason = wire.incomplete_details.and_then(|details| details.reason);
    choice.stop = Some(stop::parse(status, reason.as_deref(), has_calls));
    choice.logprobs = logprobs(&choice.content);
    let mut reply = Reply::new(Dialect::Responses);
    reply.id = wire.id.map(|id| id.0).unwrap_or_default();
    reply.model = wire.model.map(Str::into_owned).unwrap_or_default();
    reply.created = wire.created_at.and_then(|created| created.as_u64());
    reply.service_tier = wire.service_tier.map(|tier| (*tier).into());
    reply.usage = wire.usage.map(usage::parse);
    reply.extra = own(wire.extra);
    reply.choices = vec![choice];
    Ok(reply)
}

/// Nearly everything else in an answer repeats the request: nobody misses that.
pub(super) fn own(fields: Fields<'_>) -> Extra {
    let mut extra = Extra::new();
    for (name, raw) in fields {
        let Ok(raw) = Raw::from_raw(raw) else {
            continue;
        };
        // One server puts the text of its reasoning where the wish for it is repeated.
        let is_text = &*name == "reasoning" && raw.as_str().starts_with('"');
        if (REPEATED.contains(&&*name) && !is_text) || says_nothing(&raw) {
            extra.push_own(&*name, raw);
        } else {
            extra.push(&*name, raw);
        }
    }
    extra
}

/// What an answer repeats of the request, and what it says twice.
const REPEATED: &[&str] = &[
    "object",
    "background",
    "completed_at",
    "frequency_penalty",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "output_text",
    "parallel_tool_calls",
    "presence_penalty",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "seed",
    "store",
    "stream",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_k",
    "top_logprobs",
    "top_p",
    "total_tokens",
    "truncation",
    "user",
];

pub(super) fn failure(status: Option<&str>, raw: Option<&RawValue>) -> AiError {
    if status == Some("cancelled") {
        return AiError::upstream(AiErrorKind::Server, "the answer was cancelled");
    }
    error::parse(raw.filter(|raw| raw.get() != "null"))
}

/// The blocks of one item of an answer. A reasoning item that shows nothing is bookkeeping.
pub(super) fn output(raw: &RawValue) -> Result<Vec<Block>, AiError> {
    let malformed = |error: AiError| AiError::upstream(AiErrorKind::Malformed, error.message());
    let blocks = match item(raw, OUTPUT).map_err(malformed)? {
        Item::Answer(message) | Item::Message(message) => {
            message.extra.iter().for_each(|(name, _)| missed(name));
            message.content
        }
        Item::Said(blocks) => blocks,
        Item::Given(block) => vec![block],
    };
    let shows = |block: &Block| !matches!(block, Block::Thinking(Thinking { text, signature: None, .. }) if text.is_empty());
    Ok(blocks.into_iter().filter(shows).collect())
}

/// Token probabilities in the one shape both OpenAI dialects can be printed from.
fn logprobs(blocks: &[Block]) -> Option<Raw> {
    let lists = blocks.iter().filter_map(|block| match block {
        Block::Text(text) => text.extra.get("logprobs"),
        _ => None,
    });
    let mut entries: Vec<&RawValue> = Vec::new();
    for list in lists {
        entries.extend(list.read::<Vec<&RawValue>>().ok()?);
    }
    if entries.is_empty() {
        return None;
    }
    let spelled: Vec<&str> = entries.iter().map(|entry| entry.get()).collect();
    Raw::bounded(&format!("{{\"content\":[{}]}}", spelled.join(","))).ok()
}
