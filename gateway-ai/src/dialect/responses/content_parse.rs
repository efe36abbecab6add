use serde_json::value::RawValue;

use super::{request_parse::field, wire};
use crate::{
    canonical::{
        Audio, AudioSource, Block, Document, Extra, Image, Opaque, Raw, Refusal, Shape, Source,
        Text,
    },
    dialect::{
        Dialect,
        common::{data_url, read, too_deep},
    },
    error::AiError,
    json::{Content, Str},
};

/// Reads `content`: a string or a list of parts.
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

/// Goes before the kind of a part nobody has told us of, to tell it from an item.
pub(super) const PART: &str = "part.";

/// Reads one part. Whether text is the user's or the model's is said by the message it stands in.
pub(super) fn part(raw: &RawValue) -> Result<Block, AiError> {
    let mut wire: wire::Part<'_> = read(raw, "input.content")?;
    let kind = wire
        .kind
        .take()
        .ok_or_else(|| field("input.content.type", "is missing"))?;
    match &*kind {
        "input_text" | "output_text" | "text" if wire.text.is_some() => Ok(text(wire)),
        "refusal" if wire.refusal.is_some() => Ok(Block::Refusal(Refusal {
            text: wire.refusal.map(Str::into_owned).unwrap_or_default(),
        })),
        "input_image" if wire.image_url.is_some() || wire.file_id.is_some() => Ok(image(wire)),
        "input_file"
            if wire.file_data.is_some() || wire.file_id.is_some() || wire.file_url.is_some() =>
        {
            Ok(document(wire))
        }
        "input_audio" if wire.input_audio.is_some() => Ok(audio(wire)),
        kind => {
            wire.extra.kept();
            Ok(Block::Opaque(Opaque {
                dialect: Dialect::Responses,
                kind: compact_str::format_compact!("{PART}{kind}"),
                raw: Raw::from_raw(raw).map_err(|error| too_deep(error, "input.content"))?,
            }))
        }
    }
}

fn text(wire: wire::Part<'_>) -> Block {
    let mut extra = Extra::from_fields(wire.extra);
    if let Some(logprobs) = wire.logprobs.filter(|raw| raw.as_str() != "[]") {
        extra.push_own("logprobs", logprobs);
    }
    Block::Text(Text {
        text: wire.text.map(Str::into_owned).unwrap_or_default(),
        citations: wire
            .annotations
            .filter(|raw| !raw.as_str().trim_matches(['[', ']', ' ', '\n']).is_empty()),
        extra,
        ..Text::default()
    })
}

fn source(url: Str<'_>) -> Source {
    match data_url(&url) {
        Some(data) => Source::Base64 {
            media_type: data.media_type.into(),
            data: data.base64.into_owned(),
        },
        None => Source::Url {
            url: url.into_owned(),
            media_type: None,
        },
    }
}

fn image(wire: wire::Part<'_>) -> Block {
    let file = wire.file_id.map(|id| Source::File {
        id: id.into_owned(),
    });
    Block::Image(Image {
        source: (wire.image_url.map(source))
            .or(file)
            .unwrap_or(Source::File { id: String::new() }),
        detail: wire.detail.map(|detail| (*detail).into()),
        cache: None,
        extra: Extra::from_fields(wire.extra),
    })
}

fn document(wire: wire::Part<'_>) -> Block {
    let file = wire.file_id.map(|id| Source::File {
        id: id.into_owned(),
    });
    let url = wire.file_url.map(|url| Source::Url {
        url: url.into_owned(),
        media_type: None,
    });
    // Bare base64 is what some clients send in place of a data URL.
    let data = wire.file_data.map(|data| match source(data) {
        Source::Url { url, .. } => Source::Base64 {
            media_type: "".into(),
            data: url,
        },
        source => source,
    });
    let mut extra = Extra::from_fields(wire.extra);
    if let Some(detail) = wire.detail {
        extra.push_own("detail", Raw::from_value(&(&*detail).into()));
    }
    Block::Document(Document {
        source: data
            .or(file)
            .or(url)
            .unwrap_or(Source::File { id: String::new() }),
        title: wire.filename.map(Str::into_owned),
        context: None,
        citations: None,
        cache: None,
        extra,
    })
}

fn audio(wire: wire::Part<'_>) -> Block {
    let audio = wire.input_audio.unwrap_or_default();
    Block::Audio(Audio {
        source: AudioSource::Data {
            format: audio
                .format
                .map(|format| (*format).into())
                .unwrap_or_default(),
            data: audio.data.map(Str::into_owned).unwrap_or_default(),
        },
        transcript: None,
        cache: None,
        extra: Extra::from_fields(wire.extra),
    })
}
