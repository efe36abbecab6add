use compact_str::{CompactString, format_compact};

use super::{block_parse::blocks, wire};
use crate::{
    canonical::{Document, Extra, Image, Raw, Source},
    error::AiError,
    json::Str,
};

pub(super) fn image(wire: wire::Media<'_>, field: &'static str) -> Result<Image, AiError> {
    let (source, mut extra) = source("image", wire.format.as_deref(), wire.source, field)?;
    extra.absorb("", wire.extra);
    Ok(Image {
        source,
        detail: None,
        cache: None,
        extra,
    })
}

pub(super) fn document(wire: wire::Media<'_>, field: &'static str) -> Result<Document, AiError> {
    let (source, mut extra) = source("document", wire.format.as_deref(), wire.source, field)?;
    extra.absorb("", wire.extra);
    Ok(Document {
        source,
        title: wire.name.map(Str::into_owned),
        context: wire.context.map(Str::into_owned),
        citations: wire.citations,
        cache: None,
        extra,
    })
}

pub(super) fn source(
    family: &str,
    format: Option<&str>,
    wire: Option<wire::Source<'_>>,
    field: &'static str,
) -> Result<(Source, Extra), AiError> {
    let mut extra = Extra::new();
    let media_type = media_type(family, format.unwrap_or_default());
    let wire = wire.unwrap_or_default();
    extra.absorb("source.", wire.extra);
    let source = match (wire.bytes, wire.location, wire.text, wire.content) {
        (Some(bytes), ..) => Source::Base64 {
            media_type,
            data: bytes.into_owned(),
        },
        (None, Some(location), ..) => {
            if let Some(owner) = location.owner {
                extra.push("source.bucketOwner", Raw::from_value(&(*owner).into()));
            }
            extra.absorb("source.s3Location.", location.extra);
            Source::Url {
                url: location.uri.map(Str::into_owned).unwrap_or_default(),
                media_type: Some(media_type),
            }
        }
        (.., Some(text), _) => Source::Text {
            media_type,
            data: text.into_owned(),
        },
        (.., Some(content)) => {
            if let Some(format) = format {
                extra.push("source.format", Raw::from_value(&format.into()));
            }
            Source::Blocks(blocks(content, field)?)
        }
        _ => {
            let path = format!("{field}.{family}.source");
            return Err(AiError::invalid(format!("{path} is missing")).with_param(path));
        }
    };
    Ok((source, extra))
}

/// The media type a format stands for.
fn media_type(family: &str, format: &str) -> CompactString {
    let known = DOCUMENTS.iter().find(|(name, _)| *name == format);
    match (family, known) {
        ("document", Some((_, media_type))) => (*media_type).into(),
        ("document", None) => format_compact!("application/{format}"),
        _ => format_compact!("{family}/{format}"),
    }
}

/// Document formats and their media types.
pub(super) const DOCUMENTS: [(&str, &str); 9] = [
    ("pdf", "application/pdf"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("html", "text/html"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
];
