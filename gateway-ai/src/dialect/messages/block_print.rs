use super::{media_print, request_print::Print};
use crate::{
    canonical::{
        Block, CacheMark, Extra, Opaque, Raw, Shape, Text, Thinking, ToolCall, ToolResult,
    },
    dialect::{
        Dialect,
        common::{self, is_anthropics, is_proven, tag},
    },
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
        Block::Image(image) => media_print::image(print, image, w)?,
        Block::Document(document) => media_print::document(print, document, w)?,
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
pub(super) fn finish(
    print: &mut Print<'_>,
    cache: Option<&CacheMark>,
    extra: &Extra,
    w: &mut Writer<'_>,
) {
    if cache.is_some() && print.surplus_marks > 0 {
        print.surplus_marks -= 1;
        print.losses.add("cache_control");
    } else {
        mark(cache, w);
    }
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
/// place among Anthropic's, which count in the source; or Bedrock's, which name no type.
pub(super) fn is_foreign_citation(raw: &Raw) -> bool {
    let has = |word: &str| raw.as_str().contains(word);
    !has("\"type\"") || ANNOTATIONS.iter().any(|kind| has(kind))
}

const ANNOTATIONS: [&str; 4] = [
    "\"url_citation\"",
    "\"file_citation\"",
    "\"container_file_citation\"",
    "\"file_path\"",
];

/// Thinking without its proof, or with another provider's, cannot be replayed: it is left out.
fn thinking(print: &mut Print<'_>, thinking: &Thinking, w: &mut Writer<'_>) {
    let Some(signature) = thinking.signature.as_ref().filter(|_| is_proven(thinking)) else {
        return print.losses.add("thinking");
    };
    w.begin_object();
    w.str_field("type", "thinking");
    w.str_field("thinking", &thinking.text);
    w.str_field("signature", signature);
    finish(print, None, &thinking.extra, w);
    w.end_object();
}

/// What another provider's proof is given to the client under, so that it can be told apart.
pub(super) fn proof_tag(thinking: &Thinking) -> Option<&str> {
    tag(thinking.format.as_deref(), "anthropic")
}

/// Whether anything of a block will be written; what will not is reported here, before a turn is
/// built around it.
pub(super) fn is_sendable(block: &Block, losses: &mut Losses) -> bool {
    common::is_sendable(block, Dialect::Messages, redacted, losses)
}

/// The data of a `redacted_thinking` block, if it is Anthropic's.
pub(super) fn redacted(opaque: &Opaque) -> Option<String> {
    let fields: serde_json::Value = opaque.raw.read().ok()?;
    let ours = is_anthropics(opaque, fields["format"].as_str());
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
