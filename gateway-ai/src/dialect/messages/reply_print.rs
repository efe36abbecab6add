use bytes::BytesMut;

use super::{block_print, stop, usage};
use crate::{
    canonical::{Block, Extra, Reply, Stop, StopReason, Usage},
    dialect::{
        Dialect, ReplyContext,
        common::{missed_counts, missed_tier, tagged},
    },
    json::Writer,
    loss::Losses,
};

/// Writes a whole reply for a client.
pub(in crate::dialect) fn print_reply(
    reply: &Reply,
    context: &ReplyContext,
    out: &mut BytesMut,
) -> Losses {
    let same = reply.source == Dialect::Messages;
    let mut losses = Losses::new();
    let w = &mut Writer::new(out);
    w.begin_object();
    w.str_field(
        "id",
        if reply.id.is_empty() {
            &context.id
        } else {
            &reply.id
        },
    );
    w.str_field("type", "message");
    w.str_field("role", "assistant");
    w.str_field(
        "model",
        if context.model.is_empty() {
            &reply.model
        } else {
            &context.model
        },
    );
    if reply.choices.len() > 1 {
        losses.add("choices");
    }
    let choice = reply.choices.first();
    w.key("content");
    w.begin_array();
    for block in choice.iter().flat_map(|choice| &choice.content) {
        self::block(block, same, &mut losses, w);
    }
    w.end_array();
    let ended = Stop::new(StopReason::End);
    let stop = choice
        .and_then(|choice| choice.stop.as_ref())
        .unwrap_or(&ended);
    w.str_field("stop_reason", stop::print(stop, &mut losses));
    w.key("stop_sequence");
    match &stop.sequence {
        Some(sequence) => w.string(sequence),
        None => w.null(),
    }
    w.key("usage");
    let counted = reply.usage.as_ref();
    let tier = service_tier(reply.service_tier.as_deref());
    usage::print(
        counted.unwrap_or(&Usage {
            input: Some(0),
            ..Usage::default()
        }),
        same,
        tier,
        w,
    );
    rest(reply, same, &mut losses, w);
    w.end_object();
    losses
}

/// What has no slot: written again in the same dialect, reported otherwise.
fn rest(reply: &Reply, same: bool, losses: &mut Losses, w: &mut Writer<'_>) {
    if !same {
        let counted = reply.usage.iter();
        counted.for_each(|counted| missed_counts(counted, usage::SLOTS, losses));
        let tier = reply.service_tier.as_deref();
        missed_tier(tier, service_tier(tier), losses);
    }
    for (name, value) in reply.extra.iter() {
        if same {
            w.raw_field(name, value);
        } else {
            losses.add_field("reply", name);
        }
    }
    if let Some(choice) = reply.choices.first() {
        if choice
            .logprobs
            .as_ref()
            .is_some_and(|logprobs| !logprobs.is_null())
        {
            losses.add("logprobs");
        }
        let extra = choice.extra.iter().filter(|(_, value)| !value.is_null());
        extra.for_each(|(name, _)| losses.add_field("choice", name));
    }
}

/// OpenAI's `default` is Anthropic's `standard`; its other tiers have no name here.
pub(super) fn service_tier(tier: Option<&str>) -> Option<&str> {
    match tier {
        Some("default") => Some("standard"),
        Some("standard" | "priority" | "batch") => tier,
        _ => None,
    }
}

fn own(extra: &Extra, same: bool, losses: &mut Losses, w: &mut Writer<'_>) {
    for (name, value) in extra.iter() {
        if same {
            w.raw_field(name, value);
        } else {
            losses.add_field("content", name);
        }
    }
}

fn block(block: &Block, same: bool, losses: &mut Losses, w: &mut Writer<'_>) {
    match block {
        Block::Text(text) => {
            let citations = text.citations.as_ref().filter(|raw| {
                let foreign = block_print::is_foreign_citation(raw);
                if foreign {
                    losses.add("text.citations");
                }
                !foreign
            });
            if text.signature.is_some() {
                losses.add("text.signature");
            }
            w.object(|w| {
                w.str_field("type", "text");
                w.str_field("text", &text.text);
                w.opt_raw("citations", citations);
                own(&text.extra, same, losses, w);
            });
        }
        Block::Refusal(refusal) => w.object(|w| {
            w.str_field("type", "text");
            w.str_field("text", &refusal.text);
        }),
        Block::Thinking(thinking) => w.object(|w| {
            w.str_field("type", "thinking");
            w.str_field("thinking", &thinking.text);
            let signature = thinking.signature.as_deref().unwrap_or_default();
            let tag = block_print::proof_tag(thinking).filter(|_| !signature.is_empty());
            w.str_field("signature", &tagged(tag, signature));
            own(&thinking.extra, same, losses, w);
        }),
        Block::RedactedThinking(opaque) => match block_print::redacted(opaque) {
            Some(data) => w.object(|w| {
                w.str_field("type", "redacted_thinking");
                w.str_field("data", &data);
            }),
            None => losses.add("redacted_thinking"),
        },
        Block::ToolCall(call) => {
            if call.signature.is_some() {
                losses.add("tool_call.signature");
            }
            w.begin_object();
            w.str_field("type", "tool_use");
            w.str_field("id", &call.id);
            w.str_field("name", &call.name);
            w.key("input");
            block_print::input(call, losses, w);
            own(&call.extra, same, losses, w);
            w.end_object();
        }
        Block::Opaque(opaque) if opaque.dialect == Dialect::Messages => w.raw(opaque.raw.as_str()),
        Block::Opaque(opaque) => losses.add_field("content", &opaque.kind),
        Block::Image(_) => losses.add("content.image"),
        Block::Audio(_) => losses.add("audio"),
        Block::Document(_) | Block::Video(_) | Block::ToolResult(_) => {
            losses.add("content.misplaced");
        }
    }
}
