use bytes::BytesMut;

use super::{stop, usage};
use crate::{
    canonical::{AudioSource, Block, Choice, Reply, Source, ToolCall},
    dialect::{
        Dialect, ReplyContext,
        common::{missed_tier, sealed},
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
    let same = reply.source == Dialect::Gemini;
    let mut losses = Losses::new();
    let w = &mut Writer::new(out);
    w.begin_object();
    w.key("candidates");
    w.begin_array();
    for choice in &reply.choices {
        self::choice(choice, same, &mut losses, w);
    }
    w.end_array();
    if let Some(usage) = &reply.usage {
        w.key("usageMetadata");
        usage::print(usage, same, &mut losses, w);
    }
    let model = if context.model.is_empty() {
        reply.model.as_str()
    } else {
        &context.model
    };
    missed_tier(reply.service_tier.as_deref(), None, &mut losses);
    w.str_field("modelVersion", model);
    w.str_field(
        "responseId",
        if reply.id.is_empty() {
            &context.id
        } else {
            &reply.id
        },
    );
    for (name, value) in reply.extra.iter() {
        if same {
            w.raw_field(name, value);
        } else {
            losses.add_field("reply", name);
        }
    }
    w.end_object();
    losses
}

fn choice(choice: &Choice, same: bool, losses: &mut Losses, w: &mut Writer<'_>) {
    w.begin_object();
    w.begin_object_field("content");
    w.key("parts");
    w.begin_array();
    choice
        .content
        .iter()
        .for_each(|block| part(block, losses, w));
    w.end_array();
    w.str_field("role", "model");
    w.end_object();
    if let Some(stop) = &choice.stop {
        w.str_field("finishReason", stop::print(stop, losses));
    }
    w.u64_field("index", u64::from(choice.index));
    match &choice.logprobs {
        Some(logprobs) if same => w.raw_field("logprobsResult", logprobs),
        Some(logprobs) if !logprobs.is_null() => losses.add("logprobs"),
        _ => {}
    }
    for (name, value) in choice.extra.iter() {
        if same {
            w.raw_field(name, value);
        } else if !value.is_null() {
            losses.add_field("choice", name);
        }
    }
    w.end_object();
}

/// Writes a block of an answer as a part.
pub(super) fn part(block: &Block, losses: &mut Losses, w: &mut Writer<'_>) {
    match block {
        Block::Text(text) => {
            if text.citations.is_some() {
                losses.add("text.citations");
            }
            for (name, _) in text.extra.iter() {
                losses.add_field("content", name);
            }
            w.object(|w| {
                w.str_field("text", &text.text);
                w.opt_str("thoughtSignature", text.signature.as_deref());
            });
        }
        Block::Refusal(refusal) => w.object(|w| w.str_field("text", &refusal.text)),
        Block::Thinking(thinking) => w.object(|w| {
            w.str_field("text", &thinking.text);
            w.bool_field("thought", true);
            if let Some(signature) = &thinking.signature {
                let sealed = sealed(thinking.format.as_deref(), signature);
                w.str_field("thoughtSignature", &sealed);
            }
            for (name, _) in thinking.extra.iter() {
                losses.add_field("content", name);
            }
        }),
        Block::ToolCall(call) => function_call(call, losses, w),
        Block::Image(image) => match &image.source {
            Source::Base64 { media_type, data } => w.object(|w| {
                w.object_field("inlineData", |w| {
                    w.str_field("mimeType", media_type);
                    w.str_field("data", data);
                });
            }),
            _ => losses.add("content.image"),
        },
        Block::Audio(audio) => match &audio.source {
            AudioSource::Data { format, data } => {
                if audio.transcript.is_some() {
                    losses.add("audio.transcript");
                }
                for (name, _) in audio.extra.iter() {
                    losses.add_field("audio", name);
                }
                w.object(|w| {
                    w.object_field("inlineData", |w| {
                        w.key("mimeType");
                        w.string_of(&["audio/", format]);
                        w.str_field("data", data);
                    });
                });
            }
            _ => losses.add("audio"),
        },
        Block::Opaque(opaque) if opaque.dialect == Dialect::Gemini => w.raw(opaque.raw.as_str()),
        Block::Opaque(opaque) => losses.add_field("content", &opaque.kind),
        Block::RedactedThinking(_) => losses.add("redacted_thinking"),
        Block::Document(_) | Block::Video(_) | Block::ToolResult(_) => {
            losses.add("content.misplaced");
        }
    }
}

/// A call, whole: Gemini's arguments are an object and do not come in pieces.
fn function_call(call: &ToolCall, losses: &mut Losses, w: &mut Writer<'_>) {
    w.begin_object();
    w.object_field("functionCall", |w| {
        w.str_field("id", &call.id);
        w.str_field("name", &call.name);
        match super::options_print::object_text(&call.arguments) {
            Some(args) => w.raw_field("args", &args),
            None if call.arguments.trim().is_empty() => w.object_field("args", |_| {}),
            None => {
                losses.add("tool_call.arguments");
                w.object_field("args", |w| w.str_field("_raw", &call.arguments));
            }
        }
    });
    w.opt_str("thoughtSignature", call.signature.as_deref());
    for (name, _) in call.extra.iter() {
        losses.add_field("tool_call", name);
    }
    w.end_object();
}
