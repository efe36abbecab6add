use serde_json::value::RawValue;

use super::wire;
use crate::{
    canonical::{Block, Extra, Opaque, Raw, Thinking},
    dialect::{Dialect, common::read},
    error::AiError,
    json::Str,
};

/// The reasoning of a message, from whichever of its three fields carries it.
///
/// `reasoning_details` (OpenRouter) holds signatures and encrypted parts; `reasoning` beside it
/// repeats its text and is kept for the same dialect alone.
pub(super) fn history(
    wire: &mut wire::Message<'_>,
    extra: &mut Extra,
) -> Result<Vec<Block>, AiError> {
    let details = wire.reasoning_details.take().unwrap_or_default();
    if !details.is_empty() {
        let details: Result<Vec<Block>, AiError> = details.into_iter().map(detail).collect();
        let mut details = details?;
        let plain = [&wire.reasoning_content, &wire.reasoning];
        let plain = plain.into_iter().flatten().next();
        complete(&mut details, plain.map_or("", |text| text));
        for (field, text) in [
            ("reasoning", wire.reasoning.take()),
            ("reasoning_content", wire.reasoning_content.take()),
        ] {
            if let Some(text) = text {
                extra.push(
                    field,
                    Raw::from_value(&serde_json::Value::String(text.into_owned())),
                );
            }
        }
        return Ok(details);
    }
    let mut blocks = Vec::new();
    let fields = [
        ("reasoning_content", wire.reasoning_content.take()),
        ("reasoning", wire.reasoning.take()),
    ];
    for (field, text) in fields {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            continue;
        };
        if blocks.is_empty() {
            let (text, field) = (text.into_owned(), Some(field.into()));
            blocks.push(Block::Thinking(Thinking {
                text,
                field,
                ..Thinking::default()
            }));
        } else {
            // Where both are given they say the same.
            extra.push(
                field,
                Raw::from_value(&serde_json::Value::String(text.into_owned())),
            );
        }
    }
    Ok(blocks)
}

/// Gives the entries that were streamed without their text what stands beside them.
///
/// Not every client's fold is whole: some keep of a field that is not OpenAI's the last piece alone. A
/// signature is refused beside anything but the text it was given for, and goes where that is not
/// there.
fn complete(details: &mut [Block], plain: &str) {
    let mut rest = Some(plain);
    let mut streamed = Vec::new();
    for block in details {
        let Block::Thinking(thinking) = block else {
            continue;
        };
        let Some(bytes) = thinking.extra.take(TEXT_BYTES) else {
            continue;
        };
        let pieces = (bytes.as_str().parse().ok())
            .and_then(|bytes| rest.and_then(|rest| rest.split_at_checked(bytes)));
        rest = pieces.map(|(_, after)| after);
        thinking.text = pieces.map_or("", |(text, _)| text).to_owned();
        streamed.push(thinking);
    }
    if rest.is_none_or(|rest| !rest.is_empty()) {
        for thinking in streamed {
            thinking.signature = None;
        }
    }
}

/// How much text of a thought came before the entry that proves it.
pub(super) const TEXT_BYTES: &str = "text_bytes";

/// One entry of `reasoning_details`.
pub(super) fn detail(raw: &RawValue) -> Result<Block, AiError> {
    let wire: wire::ReasoningDetail<'_> = read(raw, "messages.reasoning_details")?;
    if wire.data.is_some() {
        let raw = Raw::from_raw(raw)
            .map_err(|error| AiError::invalid(format!("messages.reasoning_details: {error}")))?;
        let kind = "reasoning.encrypted".into();
        return Ok(Block::RedactedThinking(Opaque {
            dialect: Dialect::Chat,
            kind,
            raw,
        }));
    }
    let mut extra = Extra::from_fields(wire.extra);
    if let Some(index) = wire
        .index
        .and_then(|index| Raw::bounded(index.as_str()).ok())
    {
        extra.push_own("index", index);
    }
    Ok(Block::Thinking(Thinking {
        summary: wire.summary.is_some(),
        text: wire
            .text
            .or(wire.summary)
            .map(Str::into_owned)
            .unwrap_or_default(),
        signature: wire
            .signature
            .map(Str::into_owned)
            .filter(|text| !text.is_empty()),
        id: wire.id.map(Str::into_owned),
        field: Some("reasoning_details".into()),
        format: wire.format.map(|format| (*format).into()),
        extra,
    }))
}
