use serde_json::value::RawValue;

use super::{
    message_parse::{cache_mark, field},
    wire,
};
use crate::{
    canonical::{
        Audio, AudioSource, Block, CacheMark, Document, Extra, Image, Opaque, Raw, Refusal, Shape,
        Source, Text, Thinking, Video,
    },
    dialect::{
        Dialect,
        common::{data_url, read, too_deep},
    },
    error::AiError,
    json::{Content, Str},
};

/// Reads `content`, which is a string, a list of parts, `null` or absent.
pub(super) fn content(content: Option<Content<'_>>) -> Result<(Vec<Block>, Shape), AiError> {
    match content {
        None => Ok((Vec::new(), Shape::Absent)),
        Some(Content::Text(text)) => Ok((vec![Block::text(text.into_owned())], Shape::Text)),
        Some(Content::Parts(parts)) => {
            let blocks: Result<_, _> = parts.into_iter().map(part).collect();
            Ok((blocks?, Shape::Parts))
        }
    }
}

fn part(raw: &RawValue) -> Result<Block, AiError> {
    if raw.get().starts_with('"') {
        let text: Str<'_> = read(raw, "messages.content")?;
        return Ok(Block::text(text.into_owned()));
    }
    let mut wire: wire::Part<'_> = read(raw, "messages.content")?;
    let cache = wire.cache_control.take().map(cache_mark);
    let kind = match wire.kind.take() {
        Some(kind) => kind,
        // Mistral's part of a text need not say that it is one.
        None if wire.text.is_some() => Str("text".into()),
        None => return Err(field("messages.content.type", "is missing")),
    };
    match (&*kind, wire.text.take(), wire.refusal.take()) {
        ("text", Some(text), _) => {
            let (text, extra) = (text.into_owned(), Extra::from_fields(wire.extra));
            Ok(Block::Text(Text {
                text,
                cache,
                extra,
                ..Text::default()
            }))
        }
        ("refusal", _, Some(text)) => Ok(Block::Refusal(Refusal {
            text: text.into_owned(),
        })),
        ("thinking", ..) if wire.thinking.is_some() => {
            let mut thinking = thinking_part(wire.thinking.take())?;
            thinking.extra.absorb("", wire.extra);
            if let Ok(raw) = Raw::from_raw(raw) {
                thinking.extra.push_own("part", raw);
            }
            Ok(Block::Thinking(thinking))
        }
        // Databricks has the parts of the Responses API.
        ("reasoning", ..) if wire.summary.is_some() => {
            let texts = wire.summary.into_iter().flatten();
            let mut thinking = Thinking {
                text: texts.filter_map(|part| Some(part.text?.0)).collect(),
                summary: true,
                field: Some("content".into()),
                extra: Extra::from_fields(wire.extra),
                ..Thinking::default()
            };
            if let Ok(raw) = Raw::from_raw(raw) {
                thinking.extra.push_own("part", raw);
            }
            Ok(Block::Thinking(thinking))
        }
        (kind, ..) => match media(kind, wire, cache)? {
            Some(block) => Ok(block),
            None => Ok(Block::Opaque(Opaque {
                dialect: Dialect::Chat,
                kind: kind.into(),
                raw: Raw::from_raw(raw).map_err(|error| too_deep(error, "messages.content"))?,
            })),
        },
    }
}

/// A part with pictures, sound or a file; `None` if it is of another kind.
fn media(
    kind: &str,
    wire: wire::Part<'_>,
    cache: Option<CacheMark>,
) -> Result<Option<Block>, AiError> {
    let extra = Extra::from_fields(wire.extra);
    Ok(Some(
        match (
            kind,
            wire.image_url,
            wire.video_url,
            wire.input_audio,
            wire.file,
        ) {
            ("image_url", Some(raw), ..) => {
                let (url, detail) = url_part(raw)?;
                Block::Image(Image {
                    source: url_source(url),
                    detail,
                    cache,
                    extra,
                })
            }
            ("video_url", _, Some(raw), ..) => {
                let (url, _) = url_part(raw)?;
                Block::Video(Video {
                    source: url_source(url),
                    cache,
                    extra,
                })
            }
            ("input_audio", _, _, Some(raw), _) => Block::Audio(Audio {
                source: input_audio(raw)?,
                transcript: None,
                cache,
                extra,
            }),
            ("file", .., Some(file)) => document(file, cache, extra)?,
            _ => return Ok(None),
        },
    ))
}

/// Mistral's `thinking` part: a list of text parts, or a string.
fn thinking_part(wire: Option<Content<'_>>) -> Result<Thinking, AiError> {
    let (blocks, _) = content(wire)?;
    let text = blocks.iter().filter_map(Block::as_text).collect();
    Ok(Thinking {
        text,
        field: Some("content".into()),
        ..Thinking::default()
    })
}

/// A URL as a string or as an object with `url` and `detail`.
fn url_part(raw: &RawValue) -> Result<(String, Option<compact_str::CompactString>), AiError> {
    if raw.get().starts_with('"') {
        let url: Str<'_> = read(raw, "messages.content.image_url")?;
        return Ok((url.into_owned(), None));
    }
    let wire: wire::UrlPart<'_> = read(raw, "messages.content.image_url")?;
    let url = wire
        .url
        .ok_or_else(|| field("messages.content.image_url.url", "is missing"))?;
    Ok((url.into_owned(), wire.detail.map(|detail| (*detail).into())))
}

fn url_source(url: String) -> Source {
    match data_url(&url) {
        Some(data) => Source::Base64 {
            media_type: data.media_type.into(),
            data: data.base64.into_owned(),
        },
        None => Source::Url {
            url,
            media_type: None,
        },
    }
}

fn input_audio(raw: &RawValue) -> Result<AudioSource, AiError> {
    if raw.get().starts_with('"') {
        let text: Str<'_> = read(raw, "messages.content.input_audio")?;
        return Ok(AudioSource::Url(text.into_owned()));
    }
    let wire: wire::InputAudio<'_> = read(raw, "messages.content.input_audio")?;
    Ok(AudioSource::Data {
        format: wire
            .format
            .map(|format| (*format).into())
            .unwrap_or_default(),
        data: wire.data.map(Str::into_owned).unwrap_or_default(),
    })
}

fn document(
    wire: wire::File<'_>,
    cache: Option<CacheMark>,
    mut extra: Extra,
) -> Result<Block, AiError> {
    extra.absorb("file.", wire.extra);
    let source = match (wire.file_data, wire.file_id) {
        (Some(data), _) => match data_url(&data) {
            Some(url) => Source::Base64 {
                media_type: url.media_type.into(),
                data: url.base64.into_owned(),
            },
            None if data.starts_with("http://") || data.starts_with("https://") => Source::Url {
                url: data.into_owned(),
                media_type: None,
            },
            // Bare base64: what OpenAI documents as a data URL some clients send without its head.
            None => Source::Base64 {
                media_type: "".into(),
                data: data.into_owned(),
            },
        },
        (None, Some(id)) => Source::File {
            id: id.into_owned(),
        },
        (None, None) => return Err(field("messages.content.file", "has neither data nor id")),
    };
    Ok(Block::Document(Document {
        source,
        title: wire.filename.map(Str::into_owned),
        context: None,
        citations: None,
        cache,
        extra,
    }))
}
