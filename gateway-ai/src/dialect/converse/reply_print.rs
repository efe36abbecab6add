use bytes::BytesMut;

use super::{block_print, stop, usage};
use crate::{
    canonical::{Block, Reply, Stop, StopReason},
    dialect::{Dialect, ReplyContext, common::missed_tier},
    json::Writer,
    loss::Losses,
};

/// What the model's own dialect says beside the common fields: here the stop text.
const ADDITIONAL: &str = "additionalModelResponseFields";

/// Writes a whole reply for a client. Converse has no slot for id, model and time.
pub(in crate::dialect) fn print_reply(
    reply: &Reply,
    _: &ReplyContext,
    out: &mut BytesMut,
) -> Losses {
    let same = reply.source == Dialect::Converse;
    let mut losses = Losses::new();
    let w = &mut Writer::new(out);
    if reply.choices.len() > 1 {
        losses.add("choices");
    }
    let choice = reply.choices.first();
    w.begin_object();
    w.object_field("output", |w| {
        w.object_field("message", |w| {
            w.str_field("role", "assistant");
            w.array_field("content", |w| {
                for block in choice.iter().flat_map(|choice| &choice.content) {
                    self::block(block, same, &mut losses, w);
                }
            });
            if let Some(choice) = choice.filter(|_| same) {
                let own = choice.extra.iter();
                own.for_each(|(name, value)| w.raw_field(name, value));
            }
        });
    });
    let ended = Stop::new(StopReason::End);
    let stop = choice
        .and_then(|choice| choice.stop.as_ref())
        .unwrap_or(&ended);
    w.str_field("stopReason", stop::print(stop, &mut losses));
    let counted = reply.usage.as_ref();
    let counted = counted.cloned().unwrap_or_default();
    usage::print(&counted, same, &mut losses, w);
    service_tier(reply.service_tier.as_deref(), &mut losses, w);
    if same {
        let own = reply.extra.all();
        own.for_each(|(name, value)| w.raw_field(name, value));
    } else {
        let foreign = reply.extra.iter();
        foreign.for_each(|(name, _)| losses.add_field("reply", name));
    }
    let told = same && reply.extra.get(ADDITIONAL).is_some();
    if let (false, Some(sequence)) = (told, &stop.sequence) {
        w.object_field(ADDITIONAL, |w| {
            w.str_field("stop_sequence", sequence);
        });
    }
    w.end_object();
    if let Some(choice) = choice.filter(|_| !same) {
        if choice.logprobs.as_ref().is_some_and(|raw| !raw.is_null()) {
            losses.add("logprobs");
        }
        let extra = choice.extra.iter().filter(|(_, value)| !value.is_null());
        extra.for_each(|(name, _)| losses.add_field("choice", name));
    }
    losses
}

/// The tiers Bedrock has.
pub(super) fn service_tier(tier: Option<&str>, losses: &mut Losses, w: &mut Writer<'_>) {
    let known = tier.filter(|tier| matches!(*tier, "default" | "priority" | "flex" | "reserved"));
    if let Some(tier) = known {
        w.object_field("serviceTier", |w| w.str_field("type", tier));
    }
    missed_tier(tier, known, losses);
}

/// Writes a block of an answer, or says that there is no slot for it.
fn block(block: &Block, same: bool, losses: &mut Losses, w: &mut Writer<'_>) {
    match block {
        Block::Text(text) => block_print::answer_text(text, same, losses, w),
        Block::Refusal(refusal) => w.object(|w| w.str_field("text", &refusal.text)),
        Block::Thinking(thinking) => block_print::thinking(thinking, same, losses, w),
        Block::RedactedThinking(opaque) => match block_print::redacted(opaque) {
            Some(data) => block_print::redacted_thinking(&data, w),
            None => losses.add("redacted_thinking"),
        },
        Block::ToolCall(call) => {
            if call.signature.is_some() {
                losses.add("tool_call.signature");
            }
            w.object(|w| {
                w.object_field("toolUse", |w| {
                    w.str_field("toolUseId", &call.id);
                    w.str_field("name", &call.name);
                    w.key("input");
                    block_print::input(call, losses, w);
                    block_print::own("content", &call.extra, same, losses, w);
                });
            });
        }
        Block::Opaque(opaque) if opaque.dialect == Dialect::Converse => w.raw(opaque.raw.as_str()),
        block => block_print::lost(block, losses),
    }
}
