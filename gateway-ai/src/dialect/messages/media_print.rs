use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    block_print::{self, finish},
    request_print::Print,
};
use crate::{
    canonical::{Document, Extra, Image, Source},
    dialect::common::{fetchable, real_image_type},
    error::AiError,
    json::Writer,
};

pub(super) fn image(
    print: &mut Print<'_>,
    image: &Image,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    if image
        .detail
        .as_deref()
        .is_some_and(|detail| detail != "auto")
    {
        print.losses.add("image.detail");
    }
    w.begin_object();
    w.str_field("type", "image");
    w.key("source");
    w.begin_object();
    match &image.source {
        Source::Base64 { media_type, data } => {
            // The declared type must be the real one.
            let declared = if print.same {
                Some(media_type.as_str())
            } else {
                None
            };
            let real = declared
                .or_else(|| real_image_type(data))
                .unwrap_or(media_type);
            if !print.same && !IMAGE_TYPES.contains(&real) {
                return Err(
                    AiError::invalid(format!("this provider takes no images of {real:?}"))
                        .with_param("image_url"),
                );
            }
            w.str_field("type", "base64");
            w.str_field("media_type", real);
            w.str_field("data", data);
        }
        source => self::source(print, source, "image_url", w)?,
    }
    source_extra(print, &image.extra, w);
    w.end_object();
    finish(print, image.cache.as_ref(), &image.extra, w);
    w.end_object();
    Ok(())
}

fn source_extra(print: &mut Print<'_>, extra: &Extra, w: &mut Writer<'_>) {
    for (name, value) in extra.iter() {
        if let Some(name) = name.strip_prefix("source.") {
            print.unknown("content.source", name, value, w);
        }
    }
}

fn source(
    print: &mut Print<'_>,
    source: &Source,
    field: &'static str,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    match source {
        Source::Url { url, .. } => {
            if !print.same {
                if url.starts_with("gs://") {
                    return Err(
                        AiError::invalid("this provider takes http(s) URLs only").with_param(field)
                    );
                }
                fetchable(url, field)?;
            }
            w.str_field("type", "url");
            w.str_field("url", url);
        }
        Source::File { id } if print.same => {
            w.str_field("type", "file");
            w.str_field("file_id", id);
        }
        Source::File { .. } => {
            return Err(AiError::invalid(
                "this is a file handle of another provider and cannot be sent to this one",
            )
            .with_param(field)
            .with_code("foreign_file"));
        }
        Source::Text { media_type, data } => {
            w.str_field("type", "text");
            // Whatever the text is in, this is the only word for it.
            w.str_field(
                "media_type",
                if print.same { media_type } else { "text/plain" },
            );
            w.str_field("data", data);
        }
        Source::Base64 { media_type, data } => {
            w.str_field("type", "base64");
            w.str_field("media_type", media_type);
            w.str_field("data", data);
        }
        Source::Blocks(blocks) => {
            w.str_field("type", "content");
            w.key("content");
            w.begin_array();
            for block in blocks {
                block_print::block(print, block, false, w)?;
            }
            w.end_array();
        }
    }
    Ok(())
}

pub(super) fn document(
    print: &mut Print<'_>,
    document: &Document,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    w.begin_object();
    w.str_field("type", "document");
    w.key("source");
    w.begin_object();
    match &document.source {
        Source::Base64 { media_type, data } if !print.same => {
            base64_document(media_type, data, w)?;
        }
        source => self::source(print, source, "file", w)?,
    }
    source_extra(print, &document.extra, w);
    w.end_object();
    w.opt_str("title", document.title.as_deref());
    w.opt_str("context", document.context.as_deref());
    w.opt_raw("citations", document.citations.as_ref());
    finish(print, document.cache.as_ref(), &document.extra, w);
    w.end_object();
    Ok(())
}

/// Messages take PDF as bytes and plain text as text; nothing else.
fn base64_document(media_type: &str, data: &str, w: &mut Writer<'_>) -> Result<(), AiError> {
    let is_pdf =
        media_type == "application/pdf" || (media_type.is_empty() && data.starts_with("JVBERi0"));
    if is_pdf {
        w.str_field("type", "base64");
        w.str_field("media_type", "application/pdf");
        w.str_field("data", data);
        return Ok(());
    }
    let text = (media_type.starts_with("text/") || media_type == "application/json")
        .then(|| STANDARD.decode(data).ok())
        .flatten()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(text) = text else {
        return Err(
            AiError::invalid(format!("this provider takes no files of {media_type:?}"))
                .with_param("file"),
        );
    };
    w.str_field("type", "text");
    w.str_field("media_type", "text/plain");
    w.str_field("data", &text);
    Ok(())
}

const IMAGE_TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];
