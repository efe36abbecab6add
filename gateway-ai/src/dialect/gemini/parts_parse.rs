use serde_json::value::RawValue;

use super::wire;
use crate::{
    canonical::{
        Audio, AudioSource, Block, Document, Extra, Image, Opaque, Raw, Shape, Source, Text,
        Thinking, ToolCall, ToolResult, Video,
    },
    dialect::{
        Dialect,
        common::{read, unsealed},
    },
    error::AiError,
    json::Str,
};

/// A list, or the one thing that should have been a list of one.
pub(super) fn list<'a>(
    raw: Option<&'a RawValue>,
    field: &'static str,
) -> Result<Vec<&'a RawValue>, AiError> {
    match raw {
        None => Ok(Vec::new()),
        Some(raw) if raw.get().starts_with('[') => read(raw, field),
        Some(raw) => Ok(vec![raw]),
    }
}

/// Reads the parts of a content.
pub(super) fn parts(raw: Option<&RawValue>) -> Result<Vec<Block>, AiError> {
    list(raw, "contents.parts")?.into_iter().map(part).collect()
}

/// Reads one part.
pub(super) fn part(raw: &RawValue) -> Result<Block, AiError> {
    if raw.get().starts_with('"') {
        let text: Str<'_> = read(raw, "contents.parts")?;
        return Ok(Block::text(text.into_owned()));
    }
    let wire: wire::Part<'_> = read(raw, "contents.parts")?;
    let signature = wire
        .signature
        .map(Str::into_owned)
        .filter(|text| !text.is_empty());
    if let Some(response) = wire.function_response {
        return Ok(Block::ToolResult(function_response(response)?));
    }
    let extra = Extra::from_fields(wire.extra);
    if let Some(call) = wire.function_call {
        return Ok(Block::ToolCall(function_call(call, signature, extra)));
    }
    if let Some(blob) = wire.inline_data {
        return Ok(blob_block(blob, extra));
    }
    if let Some(file) = wire.file_data {
        return Ok(file_block(file, extra));
    }
    match (wire.text, wire.thought) {
        (text, Some(true)) if text.is_some() || extra.is_empty() => Ok(Block::Thinking(Thinking {
            extra,
            ..thought(text, signature)
        })),
        (Some(text), _) => {
            let text = text.into_owned();
            Ok(Block::Text(Text {
                text,
                signature,
                extra,
                ..Text::default()
            }))
        }
        (None, _) if extra.is_empty() && signature.is_some() => Ok(Block::Text(Text {
            signature,
            ..Text::default()
        })),
        (None, _) => {
            let kind = extra.iter().next().map_or("part", |(name, _)| name).into();
            let raw = Raw::from_raw(raw).map_err(|error| {
                AiError::invalid(format!("contents.parts: {error}")).with_param("contents.parts")
            })?;
            Ok(Block::Opaque(Opaque {
                dialect: Dialect::Gemini,
                kind,
                raw,
            }))
        }
    }
}

/// Another provider's proof was given to the client under a seal, and says so.
fn thought(text: Option<Str<'_>>, signature: Option<String>) -> Thinking {
    let foreign = signature.as_deref().and_then(unsealed);
    let (format, signature) = match foreign {
        Some((format, proof)) => (format.into(), Some(proof)),
        None => ("google-gemini-v1".into(), signature),
    };
    Thinking {
        text: text.map(Str::into_owned).unwrap_or_default(),
        signature,
        format: Some(format),
        ..Thinking::default()
    }
}

fn function_call(
    wire: wire::FunctionCall<'_>,
    signature: Option<String>,
    extra: Extra,
) -> ToolCall {
    let id = wire.id.map(Str::into_owned).unwrap_or_default();
    ToolCall {
        synthetic_id: id.is_empty(),
        id,
        name: wire.name.map(Str::into_owned).unwrap_or_default(),
        arguments: wire
            .args
            .map(|args| args.get().to_owned())
            .unwrap_or_default(),
        signature,
        extra,
        ..ToolCall::default()
    }
}

/// A result is an object; the common wrappers of one text are taken off.
fn function_response(wire: wire::FunctionResponse<'_>) -> Result<ToolResult, AiError> {
    let id = wire.id.map(Str::into_owned).unwrap_or_default();
    let mut result = ToolResult {
        synthetic_id: id.is_empty(),
        id,
        name: wire.name.map(Str::into_owned),
        shape: Shape::Text,
        extra: Extra::from_fields(wire.extra),
        ..ToolResult::default()
    };
    if let Some(raw) = wire.response {
        let (text, is_error) = unwrap(raw);
        result.content.push(Block::text(text));
        result.is_error = is_error.then_some(true);
        if let Ok(raw) = Raw::from_raw(raw) {
            // Said by the content already; kept for its spelling.
            result.extra.push_own("response", raw);
        }
    }
    for raw in wire.parts.unwrap_or_default() {
        result.shape = Shape::Parts;
        result.content.push(part(raw)?);
    }
    Ok(result)
}

fn unwrap(raw: &RawValue) -> (String, bool) {
    let object = serde_json::from_str::<std::collections::BTreeMap<String, &RawValue>>(raw.get());
    if let Ok(object) = object
        && let (1, Some((name, value))) = (object.len(), object.iter().next())
        && matches!(name.as_str(), "result" | "output" | "error" | "content")
        && let Ok(text) = serde_json::from_str::<String>(value.get())
    {
        return (text, name == "error");
    }
    (raw.get().to_owned(), false)
}

fn blob_block(wire: wire::Blob<'_>, extra: Extra) -> Block {
    let media_type = wire.mime_type.as_deref().unwrap_or_default();
    let data = wire.data.map(Str::into_owned).unwrap_or_default();
    let source = Source::Base64 {
        media_type: media_type.into(),
        data,
    };
    media(media_type, source, extra)
}

fn file_block(wire: wire::File<'_>, extra: Extra) -> Block {
    let media_type = wire.mime_type.as_deref().unwrap_or_default();
    let source = Source::Url {
        url: wire.uri.map(Str::into_owned).unwrap_or_default(),
        media_type: wire.mime_type.as_deref().map(Into::into),
    };
    media(media_type, source, extra)
}

fn media(media_type: &str, source: Source, mut extra: Extra) -> Block {
    let family = media_type.split('/').next().unwrap_or_default();
    match (family, source) {
        ("image", source) => Block::Image(Image {
            source,
            detail: None,
            cache: None,
            extra,
        }),
        ("video", source) => Block::Video(Video {
            source,
            cache: None,
            extra,
        }),
        ("audio", Source::Base64 { data, .. }) => {
            extra.push_own("mimeType", Raw::from_value(&media_type.into()));
            let format = match media_type {
                "audio/mpeg" | "audio/mp3" => "mp3",
                other => other.strip_prefix("audio/").unwrap_or(other),
            };
            let source = AudioSource::Data {
                format: format.into(),
                data,
            };
            Block::Audio(Audio {
                source,
                transcript: None,
                cache: None,
                extra,
            })
        }
        ("audio", Source::Url { url, .. }) => {
            extra.push_own("mimeType", Raw::from_value(&media_type.into()));
            let source = AudioSource::Url(url);
            Block::Audio(Audio {
                source,
                transcript: None,
                cache: None,
                extra,
            })
        }
        (_, source) => Block::Document(Document {
            source,
            title: None,
            context: None,
            citations: None,
            cache: None,
            extra,
        }),
    }
}
