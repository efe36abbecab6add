use serde_json::value::RawValue;

use super::wire;
use crate::{
    canonical::{
        Block, CacheMark, Document, Extra, Image, Opaque, Raw, Shape, Source, Text, Thinking,
        ToolCall, ToolResult,
    },
    dialect::{
        Dialect,
        common::{read, untag},
    },
    error::AiError,
    json::{Content, Str, missed},
};

/// Reads content: a string or a list of blocks.
pub(super) fn content(
    content: Option<Content<'_>>,
    field: &'static str,
) -> Result<(Vec<Block>, Shape), AiError> {
    match content {
        None => Ok((Vec::new(), Shape::Absent)),
        Some(Content::Text(text)) => Ok((vec![Block::text(text.into_owned())], Shape::Text)),
        Some(Content::Parts(parts)) => {
            let blocks: Result<_, _> = parts.into_iter().map(|raw| block(raw, field)).collect();
            Ok((blocks?, Shape::Parts))
        }
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

/// Reads one block, of a request or of a reply.
pub(super) fn block(raw: &RawValue, field: &'static str) -> Result<Block, AiError> {
    let mut wire: wire::Block<'_> = match read(raw, field) {
        Ok(wire) => wire,
        Err(error) => return unknown(raw, field, error),
    };
    let kind = wire.kind.take().ok_or_else(|| {
        AiError::invalid(format!("{field}.type is missing")).with_param(format!("{field}.type"))
    })?;
    let cache = wire.cache_control.take().map(cache_mark);
    match &*kind {
        "text" => Ok(Block::Text(Text {
            text: wire.text.map(Str::into_owned).unwrap_or_default(),
            citations: wire.citations.filter(|raw| raw.as_str() != "[]"),
            cache,
            signature: None,
            extra: Extra::from_fields(wire.extra),
        })),
        "image" if let Some(raw) = wire.source => {
            let (source, mut extra) = source(read(raw, field)?, field)?;
            extra.absorb("", wire.extra);
            Ok(Block::Image(Image {
                source,
                detail: None,
                cache,
                extra,
            }))
        }
        "document" if let Some(raw) = wire.source => {
            let (source, mut extra) = source(read(raw, field)?, field)?;
            extra.absorb("", wire.extra);
            Ok(Block::Document(Document {
                source,
                title: wire.title.map(Str::into_owned),
                context: wire.context.map(Str::into_owned),
                citations: wire.citations,
                cache,
                extra,
            }))
        }
        "tool_use" => Ok(Block::ToolCall(tool_use(wire, cache))),
        "tool_result" => Ok(Block::ToolResult(tool_result(wire, cache)?)),
        "thinking" => Ok(Block::Thinking(thinking(wire))),
        "redacted_thinking" => {
            wire.extra.retain(|(name, _)| &**name != "data");
            Ok(Block::RedactedThinking(opaque(&kind, raw, field)?))
        }
        _ => {
            wire.extra.kept();
            Ok(Block::Opaque(opaque(&kind, raw, field)?))
        }
    }
}

/// Fields of a block nobody knows may hold anything, also under the names of known ones.
fn unknown(raw: &RawValue, field: &'static str, error: AiError) -> Result<Block, AiError> {
    let wire: wire::Kind<'_> = read(raw, field)?;
    match wire.kind {
        Some(kind) if !KNOWN.contains(&&*kind) => Ok(Block::Opaque(opaque(&kind, raw, field)?)),
        _ => Err(error),
    }
}

/// The kinds of blocks that are read.
const KNOWN: &[&str] = &[
    "text",
    "image",
    "document",
    "tool_use",
    "tool_result",
    "thinking",
    "redacted_thinking",
];

/// Another provider's proof was given to the client under a tag, and says so.
fn thinking(wire: wire::Block<'_>) -> Thinking {
    let signature = wire.signature.filter(|text| !text.is_empty());
    let (format, signature) = match signature.as_deref().map(untag) {
        Some((format, signature)) => (format, Some(signature)),
        None => (None, None),
    };
    Thinking {
        text: wire.thinking.map(Str::into_owned).unwrap_or_default(),
        format: format.map(Into::into),
        signature: signature.map(str::to_owned),
        extra: Extra::from_fields(wire.extra),
        ..Thinking::default()
    }
}

fn opaque(kind: &str, raw: &RawValue, field: &'static str) -> Result<Opaque, AiError> {
    let raw = Raw::from_raw(raw)
        .map_err(|error| AiError::invalid(format!("{field}: {error}")).with_param(field))?;
    Ok(Opaque {
        dialect: Dialect::Messages,
        kind: kind.into(),
        raw,
    })
}

fn tool_use(wire: wire::Block<'_>, cache: Option<CacheMark>) -> ToolCall {
    // The stream opens every call with `{}`: that is "nothing yet", not an argument text.
    let input = wire
        .input
        .map(RawValue::get)
        .filter(|text| !is_empty_object(text));
    ToolCall {
        id: wire.id.map(Str::into_owned).unwrap_or_default(),
        name: wire.name.map(Str::into_owned).unwrap_or_default(),
        arguments: input.unwrap_or_default().to_owned(),
        cache,
        extra: Extra::from_fields(wire.extra),
        ..ToolCall::default()
    }
}

fn is_empty_object(text: &str) -> bool {
    text.strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .is_some_and(|inner| inner.trim().is_empty())
}

fn tool_result(wire: wire::Block<'_>, cache: Option<CacheMark>) -> Result<ToolResult, AiError> {
    let inner: Option<Content<'_>> = wire
        .content
        .map(|raw| read(raw, "messages.content.content"))
        .transpose()?;
    let (content, shape) = content(inner, "messages.content.content")?;
    Ok(ToolResult {
        id: wire.tool_use_id.map(Str::into_owned).unwrap_or_default(),
        synthetic_id: false,
        name: None,
        content,
        shape,
        is_error: wire.is_error,
        cache,
        extra: Extra::from_fields(wire.extra),
    })
}

fn source(wire: wire::Source<'_>, field: &'static str) -> Result<(Source, Extra), AiError> {
    let lacks = |what: &str| {
        AiError::invalid(format!("{field}.source lacks its {what}"))
            .with_param(format!("{field}.source"))
    };
    let mut extra = Extra::new();
    extra.absorb("source.", wire.extra);
    let media_type = wire.media_type.as_deref().unwrap_or_default();
    let source = match (wire.kind.as_deref(), wire.data, wire.url, wire.file_id) {
        (Some("base64"), Some(data), ..) => Source::Base64 {
            media_type: media_type.into(),
            data: data.into_owned(),
        },
        (Some("text"), Some(data), ..) => Source::Text {
            media_type: media_type.into(),
            data: data.into_owned(),
        },
        (Some("url"), _, Some(url), _) => Source::Url {
            url: url.into_owned(),
            media_type: None,
        },
        (Some("file"), _, _, Some(id)) => Source::File {
            id: id.into_owned(),
        },
        (Some("content"), ..) => {
            Source::Blocks(content(wire.content, "messages.content.source.content")?.0)
        }
        (Some(kind), ..) => return Err(lacks(kind)),
        (None, ..) => return Err(lacks("type")),
    };
    Ok((source, extra))
}
