use super::request_print::Print;
use crate::{
    canonical::{Block, Opaque, Raw, Thinking},
    dialect::{Dialect, ReasoningHistory},
    json::Writer,
};

pub(super) fn thinking(print: &mut Print<'_>, blocks: &[&Block], w: &mut Writer<'_>) {
    if blocks.is_empty() {
        return;
    }
    let field = match print.target.reasoning_history {
        ReasoningHistory::Omit => return print.losses.add("thinking"),
        ReasoningHistory::ReasoningContent => "reasoning_content",
        ReasoningHistory::Reasoning => "reasoning",
        ReasoningHistory::Details => "reasoning_details",
        ReasoningHistory::AsGiven => match blocks[0] {
            Block::Thinking(Thinking {
                field: Some(field), ..
            }) => field.as_str(),
            _ => "reasoning_details",
        },
    };
    if field == "reasoning_details" {
        w.foreign_key(field);
        w.begin_array();
        for (index, block) in (0..).zip(blocks) {
            detail(block, index, w);
        }
        w.end_array();
        return;
    }
    let mut text = String::new();
    for block in blocks {
        match block {
            Block::Thinking(thinking) => {
                text.push_str(&thinking.text);
                if thinking.signature.is_some() {
                    print.losses.add("thinking.signature");
                }
                for (name, _) in thinking.extra.iter() {
                    print.losses.add_field("content", name);
                }
            }
            _ => print.losses.add("redacted_thinking"),
        }
    }
    w.foreign_key(field);
    w.string(&text);
}

/// One entry of `reasoning_details`, which carries what Chat itself has no slot for.
pub(super) fn detail(block: &Block, index: u64, w: &mut Writer<'_>) {
    match block {
        Block::RedactedThinking(Opaque {
            dialect: Dialect::Chat,
            raw,
            ..
        }) => w.raw(raw.as_str()),
        Block::RedactedThinking(opaque) => w.object(|w| {
            w.str_field("type", "reasoning.encrypted");
            w.str_field("data", &redacted_data(&opaque.raw));
            w.opt_str("format", format_of(opaque.dialect));
            w.u64_field("index", index);
        }),
        Block::Thinking(thinking) => w.object(|w| {
            let (kind, key) = if thinking.summary {
                ("reasoning.summary", "summary")
            } else {
                ("reasoning.text", "text")
            };
            w.str_field("type", kind);
            w.str_field(key, &thinking.text);
            w.opt_str("signature", thinking.signature.as_deref());
            w.opt_str("id", thinking.id.as_deref());
            // Chat's own entries say it themselves, where anybody does.
            let foreign = thinking
                .signature
                .as_ref()
                .filter(|_| thinking.field.is_none());
            let signed = foreign.and(format_of(Dialect::Messages));
            w.opt_str("format", thinking.format.as_deref().or(signed));
            for (name, value) in thinking.extra.iter() {
                w.raw_field(name, value);
            }
            match thinking.extra.get("index") {
                Some(own) => w.raw_field("index", own),
                None => w.u64_field("index", index),
            }
        }),
        _ => w.object(|_| {}),
    }
}

/// The format of a proof, as far as it is one of those of the dialects. Who says nothing of a format is
/// Anthropic, or serves its models.
pub(super) fn known_format(format: Option<&str>) -> Option<&'static str> {
    let made = match format {
        Some(format) if format.starts_with("openai") => Dialect::Responses,
        Some(format) if format.starts_with("google") => Dialect::Gemini,
        _ => Dialect::Messages,
    };
    format_of(made)
}

/// The opaque text of a `redacted_thinking` block.
pub(super) fn redacted_data(raw: &Raw) -> String {
    let fields: Option<serde_json::Value> = raw.read().ok();
    fields
        .and_then(|fields| {
            // What Bedrock's blob holds is not always text.
            let data = fields.get("data").or_else(|| fields.get("redactedContent"));
            Some(data?.as_str()?.to_owned())
        })
        .unwrap_or_default()
}

/// How OpenRouter tags reasoning of a dialect's provider.
pub(super) fn format_of(dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Messages | Dialect::Converse => Some("anthropic-claude-v1"),
        Dialect::Responses => Some("openai-responses-v1"),
        Dialect::Gemini => Some("google-gemini-v1"),
        Dialect::Chat => None,
    }
}
