use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::request_print::Print;
use crate::{
    canonical::{
        Block, CacheMark, Document, Extra, Image, Opaque, Raw, Shape, Source, Text, Thinking,
        ToolCall, ToolResult,
    },
    dialect::{Dialect, common::real_image_type},
    error::AiError,
    json::Writer,
    loss::Losses,
};

/// Writes one block of a turn; `trim` cuts the white space Messages refuse at the very end.
pub(super) fn block(
    print: &mut Print<'_>,
    block: &Block,
    trim: bool,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    match block {
        Block::Text(text) => self::text(print, text, trim, w),
        Block::Refusal(refusal) => {
            let text = refusal.text.clone();
            self::text(
                print,
                &Text {
                    text,
                    ..Text::default()
                },
                trim,
                w,
            );
        }
        Block::Image(image) => self::image(print, image, w)?,
        Block::Document(document) => self::document(print, document, w)?,
        Block::Thinking(thinking) => self::thinking(print, thinking, w),
        Block::RedactedThinking(opaque) => match redacted(opaque) {
            Some(data) => w.object(|w| {
                w.str_field("type", "redacted_thinking");
                w.str_field("data", &data);
            }),
            None => print.losses.add("redacted_thinking"),
        },
        Block::ToolCall(call) => self::call(print, call, w),
        Block::ToolResult(result) => self::result(print, result, w)?,
        Block::Audio(_) => {
            return Err(AiError::invalid("this provider takes no audio").with_param("input_audio"));
        }
        Block::Video(_) => {
            return Err(AiError::invalid("this provider takes no video").with_param("video_url"));
        }
        Block::Opaque(opaque) if opaque.dialect == Dialect::Messages => w.raw(opaque.raw.as_str()),
        Block::Opaque(opaque) => print.losses.add_field("content", &opaque.kind),
    }
    Ok(())
}

/// The end of a block: its cache mark and unknown fields.
fn finish(print: &mut Print<'_>, cache: Option<&CacheMark>, extra: &Extra, w: &mut Writer<'_>) {
    mark(cache, w);
    for (name, value) in extra.iter() {
        if !name.starts_with("source.") {
            print.unknown("content", name, value, w);
        }
    }
}

pub(super) fn mark(cache: Option<&CacheMark>, w: &mut Writer<'_>) {
    if let Some(mark) = cache {
        w.object_field("cache_control", |w| {
            w.str_field("type", "ephemeral");
            w.opt_str("ttl", mark.ttl.as_deref());
        });
    }
}

pub(super) fn text(print: &mut Print<'_>, text: &Text, trim: bool, w: &mut Writer<'_>) {
    let words = if trim {
        text.text.trim_end()
    } else {
        &text.text
    };
    if text.signature.is_some() {
        print.losses.add("text.signature");
    }
    w.begin_object();
    w.str_field("type", "text");
    w.str_field("text", words);
    match &text.citations {
        Some(raw) if !is_foreign_citation(raw) => w.raw_field("citations", raw),
        Some(_) => print.losses.add("text.citations"),
        None => {}
    }
    finish(print, text.cache.as_ref(), &text.extra, w);
    w.end_object();
}

/// Whether citations are OpenAI's annotations, which count characters in the answer and have no
/// place among Anthropic's, which count in the source.
pub(super) fn is_foreign_citation(raw: &Raw) -> bool {
    raw.as_str().contains("\"url_citation\"")
}

fn image(print: &mut Print<'_>, image: &Image, w: &mut Writer<'_>) -> Result<(), AiError> {
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
            let fetchable = url.starts_with("https://") || url.starts_with("http://");
            if !fetchable && !print.same {
                return Err(
                    AiError::invalid("this provider takes http(s) URLs only").with_param(field)
                );
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
            w.str_field("media_type", media_type);
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
                self::block(print, block, false, w)?;
            }
            w.end_array();
        }
    }
    Ok(())
}

fn document(print: &mut Print<'_>, document: &Document, w: &mut Writer<'_>) -> Result<(), AiError> {
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

/// Thinking without its proof, or with another provider's, cannot be replayed: it is left out.
fn thinking(print: &mut Print<'_>, thinking: &Thinking, w: &mut Writer<'_>) {
    let ours = thinking
        .format
        .as_deref()
        .is_none_or(|format| format.starts_with("anthropic"));
    match &thinking.signature {
        Some(signature) if ours => {
            w.begin_object();
            w.str_field("type", "thinking");
            w.str_field("thinking", &thinking.text);
            w.str_field("signature", signature);
            if print.same {
                thinking
                    .extra
                    .iter()
                    .for_each(|(name, value)| w.raw_field(name, value));
            }
            w.end_object();
        }
        _ => print.losses.add("thinking"),
    }
}

/// The data of a `redacted_thinking` block, if it is Anthropic's.
pub(super) fn redacted(opaque: &Opaque) -> Option<String> {
    let fields: serde_json::Value = opaque.raw.read().ok()?;
    let format = fields.get("format").and_then(|format| format.as_str());
    let ours = match opaque.dialect {
        Dialect::Messages => true,
        Dialect::Converse => true,
        _ => format.is_some_and(|format| format.starts_with("anthropic")),
    };
    ours.then(|| fields.get("data")?.as_str().map(str::to_owned))
        .flatten()
}

/// Writes a call's input, which must be an object: text that is none is wrapped and reported.
pub(super) fn input(call: &ToolCall, losses: &mut Losses, w: &mut Writer<'_>) {
    let text = call.arguments.trim();
    if call.custom {
        return w.object(|w| w.str_field(crate::dialect::restore::WRAPPED_ARGUMENT, text));
    }
    if text.is_empty() {
        return w.object(|_| {});
    }
    match Raw::new(text) {
        Ok(raw) if raw.is_object() => w.raw(raw.as_str()),
        _ => {
            losses.add("tool_call.arguments");
            w.object(|w| w.str_field("_raw", text));
        }
    }
}

fn call(print: &mut Print<'_>, call: &ToolCall, w: &mut Writer<'_>) {
    if call.signature.is_some() {
        print.losses.add("tool_call.signature");
    }
    w.begin_object();
    w.str_field("type", "tool_use");
    w.str_field("id", &print.ids.get(&call.id));
    w.str_field("name", &print.names.get(&call.name));
    w.key("input");
    input(call, &mut print.losses, w);
    finish(print, call.cache.as_ref(), &call.extra, w);
    w.end_object();
}

fn result(print: &mut Print<'_>, result: &ToolResult, w: &mut Writer<'_>) -> Result<(), AiError> {
    w.begin_object();
    w.str_field("type", "tool_result");
    w.str_field("tool_use_id", &print.ids.get(&result.id));
    let full = |block: &&Block| print.same || block.as_text() != Some("");
    let blocks: Vec<&Block> = result.content.iter().filter(full).collect();
    match blocks.as_slice() {
        [] if result.shape == Shape::Parts && print.same => w.array_field("content", |_| {}),
        [] => {}
        [Block::Text(text)]
            if result.shape == Shape::Text && text.cache.is_none() && text.extra.is_empty() =>
        {
            w.str_field("content", &text.text);
        }
        blocks => {
            w.key("content");
            w.begin_array();
            for block in blocks {
                self::block(print, block, false, w)?;
            }
            w.end_array();
        }
    }
    w.opt_bool("is_error", result.is_error);
    finish(print, result.cache.as_ref(), &result.extra, w);
    w.end_object();
    Ok(())
}

/// Reports a block of an answer that Messages cannot carry.
pub(super) fn lost(block: &Block, losses: &mut Losses) {
    match block {
        Block::RedactedThinking(_) => losses.add("redacted_thinking"),
        Block::Opaque(opaque) => losses.add_field("content", &opaque.kind),
        Block::Audio(_) => losses.add("audio"),
        _ => losses.add("content.media"),
    }
}

const IMAGE_TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];
