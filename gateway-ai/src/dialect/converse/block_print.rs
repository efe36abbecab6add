use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{document_print, request_print::Print};
use crate::{
    canonical::{
        Block, CacheMark, Extra, Image, Opaque, Raw, Shape, Source, Text, Thinking, ToolCall,
        ToolResult, Video,
    },
    dialect::{
        Dialect,
        common::{self, is_anthropics, real_image_type, tag, tagged},
        restore::WRAPPED_ARGUMENT,
    },
    error::AiError,
    json::Writer,
    loss::Losses,
};

/// Writes one block of a turn, and its cache point after it.
pub(super) fn block(
    print: &mut Print<'_>,
    block: &Block,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    match block {
        Block::Text(text) => self::text(print, text, w),
        Block::Refusal(refusal) => w.object(|w| w.str_field("text", &refusal.text)),
        Block::Image(image) => self::image(print, image, w)?,
        Block::Document(document) => document_print::document(print, document, w)?,
        Block::Video(video) => self::video(print, video, w)?,
        Block::Thinking(thinking) if proof_tag(thinking).is_some() => print.losses.add("thinking"),
        Block::Thinking(thinking) => self::thinking(thinking, print.same, &mut print.losses, w),
        Block::RedactedThinking(opaque) => match redacted(opaque) {
            Some(data) => redacted_thinking(&data, w),
            None => print.losses.add("redacted_thinking"),
        },
        Block::ToolCall(call) => self::call(print, call, w),
        Block::ToolResult(result) => self::result(print, result, w)?,
        Block::Audio(_) => {
            return Err(AiError::invalid("this provider takes no audio").with_param("input_audio"));
        }
        Block::Opaque(opaque) if opaque.dialect == Dialect::Converse => w.raw(opaque.raw.as_str()),
        Block::Opaque(opaque) => print.losses.add_field("content", &opaque.kind),
    }
    if let Some(mark) = block.cache() {
        print.cache_point(mark, w);
    }
    Ok(())
}

impl Print<'_> {
    /// Writes a mark: a block of its own, after what it covers.
    pub(super) fn cache_point(&mut self, mark: &CacheMark, w: &mut Writer<'_>) {
        if self.surplus_marks > 0 {
            self.surplus_marks -= 1;
            return self.losses.add("cache_control");
        }
        w.object(|w| {
            w.object_field("cachePoint", |w| {
                w.str_field("type", "default");
                w.opt_str("ttl", mark.ttl.as_deref());
            });
        });
    }
}

fn text(print: &mut Print<'_>, text: &Text, w: &mut Writer<'_>) {
    if text.signature.is_some() {
        print.losses.add("text.signature");
    }
    answer_text(text, print.same, &mut print.losses, w);
}

/// Writes text of a request or an answer, with what it was taken from.
pub(super) fn answer_text(text: &Text, same: bool, losses: &mut Losses, w: &mut Writer<'_>) {
    if let (true, Some(raw)) = (same, text.extra.get("citationsContent")) {
        return w.raw(raw.as_str());
    }
    if let (true, Some(raw)) = (same, text.extra.get("json")) {
        return w.object(|w| w.raw_field("json", raw));
    }
    if text.signature.is_some() {
        losses.add("text.signature");
    }
    match &text.citations {
        Some(citations) if same => w.object(|w| {
            w.object_field("citationsContent", |w| {
                w.array_field("content", |w| {
                    w.object(|w| w.str_field("text", &text.text));
                });
                w.raw_field("citations", citations);
            });
        }),
        citations => {
            if citations.is_some() {
                losses.add("text.citations");
            }
            w.object(|w| {
                w.str_field("text", &text.text);
                own("content", &text.extra, same, losses, w);
            });
        }
    }
}

/// Writes unknown fields again in the same dialect, and reports them otherwise.
pub(super) fn own(place: &str, extra: &Extra, same: bool, losses: &mut Losses, w: &mut Writer<'_>) {
    for (name, value) in extra
        .iter()
        .filter(|(name, _)| !name.starts_with("source."))
    {
        if same {
            w.raw_field(name, value);
        } else {
            losses.add_field(place, name);
        }
    }
}

pub(super) fn thinking(thinking: &Thinking, same: bool, losses: &mut Losses, w: &mut Writer<'_>) {
    w.object(|w| {
        w.object_field("reasoningContent", |w| {
            w.object_field("reasoningText", |w| {
                w.str_field("text", &thinking.text);
                if let Some(signature) = &thinking.signature {
                    w.str_field("signature", &tagged(proof_tag(thinking), signature));
                }
                own("content", &thinking.extra, same, losses, w);
            });
        });
    });
}

/// What another provider's proof is given to the client under, so that it can be told apart.
pub(super) fn proof_tag(thinking: &Thinking) -> Option<&str> {
    tag(thinking.format.as_deref(), "anthropic")
}

pub(super) fn redacted_thinking(data: &str, w: &mut Writer<'_>) {
    w.object(|w| w.object_field("reasoningContent", |w| w.str_field("redactedContent", data)));
}

/// The blob of encrypted reasoning, if it is Bedrock's or Anthropic's.
pub(super) fn redacted(opaque: &Opaque) -> Option<String> {
    let fields: serde_json::Value = opaque.raw.read().ok()?;
    let ours = is_anthropics(opaque, fields["format"].as_str());
    let blob = fields["redactedContent"].as_str().map(str::to_owned);
    blob.or_else(|| Some(STANDARD.encode(fields["data"].as_str()?)))
        .filter(|_| ours)
}

/// Whether anything of a block will be written; what will not is reported here, before a turn is
/// built around it.
pub(super) fn is_sendable(block: &Block, losses: &mut Losses) -> bool {
    common::is_sendable(block, Dialect::Converse, redacted, losses)
}

fn image(print: &mut Print<'_>, image: &Image, w: &mut Writer<'_>) -> Result<(), AiError> {
    if (image.detail.as_deref()).is_some_and(|detail| detail != "auto") {
        print.losses.add("image.detail");
    }
    let declared = match &image.source {
        Source::Base64 { media_type, data } if !print.same => {
            // The declared type must be the real one.
            let real = real_image_type(data).unwrap_or(media_type);
            if !IMAGE_TYPES.contains(&real) {
                return Err(
                    AiError::invalid(format!("this provider takes no images of {real:?}"))
                        .with_param("image_url"),
                );
            }
            real
        }
        source => document_print::media_type(source),
    };
    let format = declared.strip_prefix("image/").unwrap_or("jpeg").to_owned();
    media(print, "image", &format, &image.source, &image.extra, w)
}

fn video(print: &mut Print<'_>, video: &Video, w: &mut Writer<'_>) -> Result<(), AiError> {
    let declared = document_print::media_type(&video.source);
    let format = match declared.strip_prefix("video/").unwrap_or(declared) {
        "quicktime" => "mov",
        "x-matroska" => "mkv",
        "x-flv" => "flv",
        "x-ms-wmv" => "wmv",
        "3gpp" => "three_gp",
        other => other,
    };
    let format = format.to_owned();
    media(print, "video", &format, &video.source, &video.extra, w)
}

fn media(
    print: &mut Print<'_>,
    kind: &'static str,
    format: &str,
    source: &Source,
    extra: &Extra,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    w.begin_object();
    w.begin_object_field(kind);
    w.str_field("format", format);
    document_print::source(print, kind, source, extra, w)?;
    own("content", extra, print.same, &mut print.losses, w);
    w.end_object();
    w.end_object();
    Ok(())
}

/// Writes a call's input, which must be an object: text that is none is wrapped and reported.
pub(super) fn input(call: &ToolCall, losses: &mut Losses, w: &mut Writer<'_>) {
    let text = call.arguments.trim();
    if call.custom {
        return w.object(|w| w.str_field(WRAPPED_ARGUMENT, text));
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
    w.begin_object_field("toolUse");
    w.str_field("toolUseId", &print.ids.get(&call.id));
    w.str_field("name", &print.names.get(&call.name));
    w.key("input");
    input(call, &mut print.losses, w);
    own("content", &call.extra, print.same, &mut print.losses, w);
    w.end_object();
    w.end_object();
}

fn result(print: &mut Print<'_>, result: &ToolResult, w: &mut Writer<'_>) -> Result<(), AiError> {
    w.begin_object();
    w.begin_object_field("toolResult");
    w.str_field("toolUseId", &print.ids.get(&result.id));
    w.key("content");
    w.begin_array();
    match result.content.as_slice() {
        [Block::Text(text)] if result.shape == Shape::Json && Raw::new(&text.text).is_ok() => {
            w.object(|w| {
                w.key("json");
                w.raw(&text.text);
            });
        }
        blocks => {
            for block in blocks {
                match block {
                    // A result may be empty; a text in it may not.
                    Block::Text(text) if text.text.is_empty() && !print.same => {}
                    block => self::result_block(print, block, w)?,
                }
            }
        }
    }
    w.end_array();
    let status = |error| if error { "error" } else { "success" };
    w.opt_str("status", result.is_error.map(status));
    own("content", &result.extra, print.same, &mut print.losses, w);
    w.end_object();
    w.end_object();
    Ok(())
}

/// A block within a result or a document: there are no cache points there.
pub(super) fn result_block(
    print: &mut Print<'_>,
    block: &Block,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    if block.cache().is_none() {
        return self::block(print, block, w);
    }
    print.losses.add("cache_control");
    print.surplus_marks += 1;
    self::block(print, block, w)
}

/// Reports a block of an answer that Converse cannot carry.
pub(super) fn lost(block: &Block, losses: &mut Losses) {
    match block {
        Block::RedactedThinking(_) => losses.add("redacted_thinking"),
        Block::Opaque(opaque) => losses.add_field("content", &opaque.kind),
        Block::Audio(_) => losses.add("audio"),
        _ => losses.add("content.media"),
    }
}

const IMAGE_TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];
