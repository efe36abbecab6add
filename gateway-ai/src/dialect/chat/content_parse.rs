use serde_json::value::RawValue;

use super::{
    message_parse::{cache_mark, field},
    request_parse::{read, too_deep},
    wire,
};
use crate::{
    canonical::{
        Audio, AudioSource, Block, CacheMark, Document, Extra, Image, Opaque, Raw, Refusal, Shape,
        Source, Text, Thinking, Video,
    },
    dialect::{Dialect, common::data_url},
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
    let kind = wire
        .kind
        .take()
        .ok_or_else(|| field("messages.content.type", "is missing"))?;
    let extra = |wire: wire::Part<'_>| Extra::from_fields(wire.extra);
    match &*kind {
        "text" if wire.text.is_some() => {
            let text = wire.text.take().map(Str::into_owned).unwrap_or_default();
            Ok(Block::Text(Text {
                text,
                cache,
                extra: extra(wire),
                ..Text::default()
            }))
        }
        "refusal" if wire.refusal.is_some() => {
            let text = wire.refusal.take().map(Str::into_owned).unwrap_or_default();
            Ok(Block::Refusal(Refusal { text }))
        }
        "thinking" if wire.thinking.is_some() => {
            let mut thinking = thinking_part(wire.thinking.take())?;
            if let Ok(raw) = Raw::from_raw(raw) {
                thinking.extra.push("part", raw);
            }
            Ok(Block::Thinking(thinking))
        }
        "image_url" if wire.image_url.is_some() => {
            let (url, detail) = url_part(wire.image_url.take())?;
            let extra = extra(wire);
            Ok(Block::Image(Image {
                source: url_source(url),
                detail,
                cache,
                extra,
            }))
        }
        "video_url" if wire.video_url.is_some() => {
            let (url, _) = url_part(wire.video_url.take())?;
            Ok(Block::Video(Video {
                source: url_source(url),
                cache,
                extra: extra(wire),
            }))
        }
        "input_audio" if wire.input_audio.is_some() => {
            let source = input_audio(wire.input_audio.take())?;
            Ok(Block::Audio(Audio {
                source,
                transcript: None,
                cache,
                extra: extra(wire),
            }))
        }
        "file" if wire.file.is_some() => document(wire.file.take(), cache, extra(wire)),
        kind => Ok(Block::Opaque(Opaque {
            dialect: Dialect::Chat,
            kind: kind.into(),
            raw: Raw::from_raw(raw).map_err(|error| too_deep(error, "messages.content"))?,
        })),
    }
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
fn url_part(
    raw: Option<&RawValue>,
) -> Result<(String, Option<compact_str::CompactString>), AiError> {
    let raw = raw.ok_or_else(|| field("messages.content", "lacks its URL"))?;
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

fn input_audio(raw: Option<&RawValue>) -> Result<AudioSource, AiError> {
    let raw = raw.ok_or_else(|| field("messages.content.input_audio", "is missing"))?;
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
    wire: Option<wire::File<'_>>,
    cache: Option<CacheMark>,
    mut extra: Extra,
) -> Result<Block, AiError> {
    let wire = wire.unwrap_or_default();
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
