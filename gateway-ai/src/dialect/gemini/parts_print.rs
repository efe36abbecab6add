use super::{options_print::object_text, request_print::Print, turns::is_sendable};
use crate::{
    canonical::{
        Audio, AudioSource, Block, Document, Extra, Image, Source, Text, ToolCall, ToolResult,
    },
    dialect::{Dialect, restore::WRAPPED_ARGUMENT},
    error::AiError,
    json::Writer,
};

/// Writes one part. `first_call` says that it is the first call of its turn, which must carry a
/// signature.
pub(super) fn part(
    print: &mut Print<'_>,
    block: &Block,
    first_call: bool,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    if block.cache().is_some() {
        print.losses.add("cache_control");
    }
    match block {
        Block::Text(text) => self::text(print, text, w),
        Block::Refusal(refusal) => w.object(|w| w.str_field("text", &refusal.text)),
        Block::Thinking(thinking) => w.object(|w| {
            w.str_field("text", &thinking.text);
            w.bool_field("thought", true);
            w.opt_str("thoughtSignature", thinking.signature.as_deref());
            extras(print, &thinking.extra, "", w);
        }),
        Block::ToolCall(call) => self::call(print, call, first_call, w),
        Block::ToolResult(result) => self::result(print, result, w)?,
        Block::Image(Image {
            source,
            detail,
            extra,
            ..
        }) => {
            if detail.as_deref().is_some_and(|detail| detail != "auto") {
                print.losses.add("image.detail");
            }
            media(print, source, extra, "image_url", w)?;
        }
        Block::Video(video) => media(print, &video.source, &video.extra, "video_url", w)?,
        Block::Document(document) => self::document(print, document, w)?,
        Block::Audio(audio) => self::audio(print, audio, w)?,
        Block::Opaque(opaque) if opaque.dialect == Dialect::Gemini => w.raw(opaque.raw.as_str()),
        Block::Opaque(opaque) => print.losses.add_field("content", &opaque.kind),
        Block::RedactedThinking(_) => print.losses.add("redacted_thinking"),
    }
    Ok(())
}

fn extras(print: &mut Print<'_>, extra: &Extra, skip: &str, w: &mut Writer<'_>) {
    for (name, value) in extra.iter().filter(|(name, _)| *name != skip) {
        print.unknown("content", name, value, w);
    }
}

fn text(print: &mut Print<'_>, text: &Text, w: &mut Writer<'_>) {
    if text.citations.is_some() {
        print.losses.add("text.citations");
    }
    w.begin_object();
    w.str_field("text", &text.text);
    w.opt_str("thoughtSignature", text.signature.as_deref());
    extras(print, &text.extra, "", w);
    w.end_object();
}

fn call(print: &mut Print<'_>, call: &ToolCall, first_call: bool, w: &mut Writer<'_>) {
    let name = print.names.get(&call.name);
    w.begin_object();
    w.begin_object_field("functionCall");
    if !call.synthetic_id {
        w.str_field("id", &call.id);
    }
    w.str_field("name", &name);
    match object_text(&call.arguments) {
        _ if call.custom => {
            w.object_field("args", |w| w.str_field(WRAPPED_ARGUMENT, &call.arguments));
        }
        Some(args) => w.raw_field("args", &args),
        None if call.arguments.trim().is_empty() && print.same => {}
        None if call.arguments.trim().is_empty() => w.object_field("args", |_| {}),
        None => {
            print.losses.add("tool_call.arguments");
            w.object_field("args", |w| w.str_field("_raw", &call.arguments));
        }
    }
    w.end_object();
    match &call.signature {
        Some(signature) => w.str_field("thoughtSignature", signature),
        // Gemini 3 refuses a call it did not sign, unless told to let it pass.
        None if first_call && !print.same && print.target.model.contains("gemini-3") => {
            print.losses.add("tool_call.signature");
            w.str_field("thoughtSignature", "skip_thought_signature_validator");
        }
        None => {}
    }
    extras(print, &call.extra, "", w);
    w.end_object();
}

/// A result is named after its call and is an object: text that is none is wrapped.
fn result(print: &mut Print<'_>, result: &ToolResult, w: &mut Writer<'_>) -> Result<(), AiError> {
    let named = print
        .called
        .get(result.id.as_str())
        .copied()
        .or(result.name.as_deref());
    let name = print.names.get(named.unwrap_or("unknown_function"));
    let (texts, mut media): (Vec<&Block>, Vec<&Block>) = result
        .content
        .iter()
        .partition(|block| matches!(block, Block::Text(_)));
    media.retain(|block| print.same || is_sendable(block, &mut print.losses));
    let text = result_text(print, &texts);
    w.begin_object();
    w.begin_object_field("functionResponse");
    if !result.synthetic_id {
        w.str_field("id", &result.id);
    }
    w.str_field("name", &name);
    match (
        result.extra.get("response").filter(|_| print.same),
        object_text(&text),
    ) {
        (Some(own), _) => w.raw_field("response", own),
        (None, _) if print.same && texts.is_empty() => {}
        (None, Some(object)) if result.is_error != Some(true) => w.raw_field("response", &object),
        _ => {
            let key = if result.is_error == Some(true) {
                "error"
            } else {
                "result"
            };
            w.object_field("response", |w| w.str_field(key, &text));
        }
    }
    if !media.is_empty() {
        w.key("parts");
        w.begin_array();
        for block in media {
            part(print, block, false, w)?;
        }
        w.end_array();
    }
    if result.cache.is_some() {
        print.losses.add("cache_control");
    }
    extras(print, &result.extra, "response", w);
    w.end_object();
    w.end_object();
    Ok(())
}

/// The texts of a result are one; what was said about each of them is lost.
fn result_text(print: &mut Print<'_>, blocks: &[&Block]) -> String {
    let mut lines = Vec::with_capacity(blocks.len());
    for block in blocks {
        let Block::Text(text) = block else { continue };
        if text.cache.is_some() {
            print.losses.add("cache_control");
        }
        if text.citations.is_some() {
            print.losses.add("text.citations");
        }
        for (name, _) in text.extra.iter() {
            print.losses.add_field("tool_result", name);
        }
        lines.push(text.text.as_str());
    }
    lines.join("\n")
}

fn media(
    print: &mut Print<'_>,
    source: &Source,
    extra: &Extra,
    field: &'static str,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    w.begin_object();
    match source {
        Source::Base64 { media_type, data } => {
            let real = crate::dialect::common::real_image_type(data).filter(|_| !print.same);
            let media_type = if media_type.is_empty() {
                "application/pdf"
            } else {
                media_type
            };
            w.object_field("inlineData", |w| {
                w.str_field("mimeType", real.unwrap_or(media_type));
                w.str_field("data", data);
            });
        }
        Source::Text { media_type, data } => w.object_field("inlineData", |w| {
            use base64::Engine as _;
            w.str_field("mimeType", media_type);
            w.str_field(
                "data",
                &base64::engine::general_purpose::STANDARD.encode(data),
            );
        }),
        Source::Url { url, media_type } => {
            if !print.same && !url.starts_with("gs://") {
                return Err(AiError::invalid(
                    "this provider takes no URLs but those of its storage",
                )
                .with_param(field));
            }
            w.object_field("fileData", |w| {
                w.opt_str("mimeType", media_type.as_deref());
                w.str_field("fileUri", url);
            });
        }
        Source::File { .. } | Source::Blocks(_) => {
            return Err(
                AiError::invalid("this source cannot be sent to this provider")
                    .with_param(field)
                    .with_code("foreign_file"),
            );
        }
    }
    extras(print, extra, "", w);
    w.end_object();
    Ok(())
}

fn document(print: &mut Print<'_>, document: &Document, w: &mut Writer<'_>) -> Result<(), AiError> {
    let lost = [
        ("document.title", document.title.is_some()),
        ("document.context", document.context.is_some()),
        ("document.citations", document.citations.is_some()),
    ];
    lost.into_iter()
        .filter(|(_, lost)| *lost)
        .for_each(|(name, _)| print.losses.add(name));
    if let Source::Blocks(blocks) = &document.source
        && blocks.iter().all(|block| block.as_text().is_some())
    {
        // The parts of a document are one text here.
        print.losses.add("document.form");
        let source = Source::Text {
            media_type: "text/plain".into(),
            data: result_text(print, &blocks.iter().collect::<Vec<_>>()),
        };
        return media(print, &source, &document.extra, "file", w);
    }
    media(print, &document.source, &document.extra, "file", w)
}

fn audio(print: &mut Print<'_>, audio: &Audio, w: &mut Writer<'_>) -> Result<(), AiError> {
    let declared: Option<String> = audio
        .extra
        .get("mimeType")
        .and_then(|kind| kind.read().ok());
    w.begin_object();
    match &audio.source {
        AudioSource::Data { format, data } => {
            let made = match format.as_str() {
                "mp3" => "audio/mpeg".to_owned(),
                other => format!("audio/{other}"),
            };
            w.object_field("inlineData", |w| {
                w.str_field("mimeType", declared.as_deref().unwrap_or(&made));
                w.str_field("data", data);
            });
        }
        AudioSource::Url(url) if print.same => w.object_field("fileData", |w| {
            w.opt_str("mimeType", declared.as_deref());
            w.str_field("fileUri", url);
        }),
        AudioSource::Url(_) | AudioSource::Id(_) => {
            return Err(
                AiError::invalid("this sound cannot be sent to this provider")
                    .with_param("input_audio"),
            );
        }
    }
    extras(print, &audio.extra, "mimeType", w);
    w.end_object();
    Ok(())
}
