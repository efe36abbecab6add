use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::value::RawValue;

use super::{media_parse, wire};
use crate::{
    canonical::{
        Block, CacheMark, Extra, Opaque, Raw, Shape, Text, Thinking, ToolCall, ToolResult, Video,
    },
    dialect::{
        Dialect,
        common::{read, untag},
    },
    error::AiError,
    json::{Str, missed},
};

/// Reads a list of blocks; a cache point becomes a mark on the block before it.
pub(super) fn blocks(raws: Vec<&RawValue>, field: &'static str) -> Result<Vec<Block>, AiError> {
    let mut blocks: Vec<Block> = Vec::with_capacity(raws.len());
    for raw in raws {
        let mut wire: wire::Block<'_> = read(raw, field)?;
        if let (Some(mut point), true) = (wire.cache.take(), wire.extra.is_empty()) {
            let slot = blocks.last_mut().and_then(cache_slot);
            if let (Some(slot), Some(mark)) = (slot.filter(|slot| slot.is_none()), mark(&point)) {
                *slot = Some(mark);
                continue;
            }
            point.extra.kept();
        }
        blocks.push(block(wire, raw, field)?);
    }
    Ok(blocks)
}

/// The mark a cache point stands for, if it says nothing a mark cannot.
pub(super) fn mark(point: &wire::CachePoint<'_>) -> Option<CacheMark> {
    let plain = point.kind.as_deref() == Some("default") && point.extra.is_empty();
    plain.then(|| CacheMark {
        ttl: point.ttl.as_deref().map(Into::into),
    })
}

/// Where a block carries its mark.
fn cache_slot(block: &mut Block) -> Option<&mut Option<CacheMark>> {
    match block {
        Block::Text(block) => Some(&mut block.cache),
        Block::Image(block) => Some(&mut block.cache),
        Block::Document(block) => Some(&mut block.cache),
        Block::Video(block) => Some(&mut block.cache),
        Block::ToolCall(block) => Some(&mut block.cache),
        Block::ToolResult(block) => Some(&mut block.cache),
        _ => None,
    }
}

fn block(mut wire: wire::Block<'_>, raw: &RawValue, field: &'static str) -> Result<Block, AiError> {
    let server = |kind: &Option<Str<'_>>| kind.as_deref().is_some_and(|kind| kind != "tool_use");
    if let Some(text) = wire.text {
        return Ok(Block::Text(Text {
            text: text.into_owned(),
            extra: Extra::from_fields(wire.extra),
            ..Text::default()
        }));
    }
    if let Some(image) = wire.image {
        return media_parse::image(image, field).map(Block::Image);
    }
    if let Some(document) = wire.document {
        return media_parse::document(document, field).map(Block::Document);
    }
    if let Some(video) = wire.video {
        let (source, extra) =
            media_parse::source("video", video.format.as_deref(), video.source, field)?;
        return Ok(Block::Video(Video {
            source,
            cache: None,
            extra,
        }));
    }
    if let Some(call) = wire.tool_use.filter(|call| !server(&call.kind)) {
        return Ok(Block::ToolCall(tool_use(call)));
    }
    if let Some(result) = wire.tool_result.filter(|result| !server(&result.kind)) {
        return tool_result(result, field).map(Block::ToolResult);
    }
    if let Some(cited) = wire.cited {
        return Ok(Block::Text(self::cited(cited, raw)));
    }
    match wire.reasoning {
        Some(reasoning) => self::reasoning(reasoning, raw, field),
        None => {
            wire.extra.kept();
            opaque(raw, field).map(Block::Opaque)
        }
    }
}

/// What only Converse understands: its kind is the one key of the block.
fn opaque(raw: &RawValue, field: &'static str) -> Result<Opaque, AiError> {
    let kept = Raw::from_raw(raw)
        .map_err(|error| AiError::invalid(format!("{field}: {error}")).with_param(field))?;
    let keys: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(raw.get()).unwrap_or_default();
    let kind = keys.keys().next().map_or("block", String::as_str).into();
    Ok(Opaque {
        dialect: Dialect::Converse,
        kind,
        raw: kept,
    })
}

pub(super) fn tool_use(wire: wire::ToolUse<'_>) -> ToolCall {
    let input = wire.input.map(RawValue::get).map(str::trim);
    let empty = |text: &&str| {
        text.strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'))
            .is_some_and(|inner| inner.trim().is_empty())
    };
    ToolCall {
        id: wire.id.map(Str::into_owned).unwrap_or_default(),
        name: wire.name.map(Str::into_owned).unwrap_or_default(),
        arguments: input
            .filter(|text| !empty(text))
            .unwrap_or_default()
            .to_owned(),
        extra: Extra::from_fields(wire.extra),
        ..ToolCall::default()
    }
}

/// A status of no known meaning says neither that it went well nor that it did not.
fn is_error(status: &str) -> Option<bool> {
    match status {
        "error" => Some(true),
        "success" => Some(false),
        _ => {
            missed("toolResult.status");
            None
        }
    }
}

fn tool_result(wire: wire::ToolResult<'_>, field: &'static str) -> Result<ToolResult, AiError> {
    let raws = wire.content.unwrap_or_default();
    let mut result = ToolResult {
        id: wire.id.map(Str::into_owned).unwrap_or_default(),
        is_error: wire.status.as_deref().and_then(is_error),
        extra: Extra::from_fields(wire.extra),
        ..ToolResult::default()
    };
    let single = raws.len() == 1;
    for raw in raws {
        let wire: wire::Block<'_> = read(raw, field)?;
        result.content.push(match wire.json {
            // One object is the usual result; its own shape keeps it from being taken for text.
            Some(json) if single && wire.extra.is_empty() => {
                result.shape = Shape::Json;
                Block::text(json.get())
            }
            Some(json) => {
                let mut text = Text {
                    text: json.get().to_owned(),
                    ..Text::default()
                };
                let kept = Raw::from_raw(json).map_err(|error| {
                    AiError::invalid(format!("{field}: {error}")).with_param(field)
                })?;
                text.extra.push("json", kept);
                Block::Text(text)
            }
            None => block(wire, raw, field)?,
        });
    }
    Ok(result)
}

/// Text that was taken from documents; its parts are joined, the whole is kept for this dialect.
fn cited(wire: wire::Cited<'_>, raw: &RawValue) -> Text {
    let parts = wire.content.unwrap_or_default();
    let texts = parts.iter().filter_map(|part| part.text.as_deref());
    let mut text = Text {
        text: texts.collect(),
        citations: wire.citations,
        ..Text::default()
    };
    if parts.len() > 1
        && let Ok(raw) = Raw::from_raw(raw)
    {
        text.extra.push("citationsContent", raw);
    }
    text
}

fn reasoning(
    wire: wire::Reasoning<'_>,
    raw: &RawValue,
    field: &'static str,
) -> Result<Block, AiError> {
    if let Some(text) = wire.text {
        let signature = text.signature.filter(|signature| !signature.is_empty());
        let (format, signature) = match signature.as_deref().map(untag) {
            Some((format, signature)) => (format, Some(signature)),
            None => (None, None),
        };
        return Ok(Block::Thinking(Thinking {
            text: text.text.map(Str::into_owned).unwrap_or_default(),
            format: format.map(Into::into),
            signature: signature.map(str::to_owned),
            extra: Extra::from_fields(text.extra),
            ..Thinking::default()
        }));
    }
    match wire.redacted {
        Some(data) => Ok(Block::RedactedThinking(redacted(&data))),
        None => opaque(raw, field).map(Block::Opaque),
    }
}

/// Bedrock's blob is Anthropic's text once more in base64.
pub(super) fn redacted(blob: &str) -> Opaque {
    let text = STANDARD
        .decode(blob)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let raw = match text {
        Some(text) => serde_json::json!({ "type": "redacted_thinking", "data": text }),
        None => serde_json::json!({ "redactedContent": blob }),
    };
    Opaque {
        dialect: Dialect::Converse,
        kind: "redacted_thinking".into(),
        raw: Raw::from_value(&raw),
    }
}
