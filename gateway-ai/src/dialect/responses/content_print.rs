use super::{message_parse, request_print::Print};
use crate::{
    canonical::{Audio, AudioSource, Block, Document, Extra, Image, Source, Text},
    dialect::{Dialect, common::fetchable},
    error::AiError,
    json::Writer,
};

/// Writes a part of what the user, the system or a tool says.
pub(super) fn input(
    print: &mut Print<'_>,
    block: &Block,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    match block {
        Block::Text(text) => {
            lost_of_text(print, text);
            w.begin_object();
            w.str_field("type", "input_text");
            w.str_field("text", &text.text);
            fields(print, &text.extra, w);
            w.end_object();
        }
        Block::Refusal(refusal) => w.object(|w| {
            w.str_field("type", "input_text");
            w.str_field("text", &refusal.text);
        }),
        Block::Image(image) => self::image(print, image, w)?,
        Block::Document(document) => self::document(print, document, w)?,
        Block::Audio(audio) => self::audio(print, audio, w)?,
        Block::Video(_) => {
            return Err(AiError::invalid("this provider takes no video").with_param("video_url"));
        }
        Block::Opaque(opaque) if opaque.dialect == Dialect::Responses => w.raw(opaque.raw.as_str()),
        Block::Opaque(opaque) => print.losses.add_field("content", &opaque.kind),
        Block::Thinking(_)
        | Block::RedactedThinking(_)
        | Block::ToolCall(_)
        | Block::ToolResult(_) => print.losses.add("content.misplaced"),
    }
    Ok(())
}

/// Writes a part of what the model said.
pub(super) fn output(print: &mut Print<'_>, block: &Block, w: &mut Writer<'_>) {
    match block {
        Block::Text(text) => {
            w.begin_object();
            w.str_field("type", "output_text");
            w.str_field("text", &text.text);
            if print.same {
                w.opt_raw("annotations", text.citations.as_ref());
            } else {
                lost_of_text(print, text);
            }
            fields(print, &text.extra, w);
            w.end_object();
        }
        Block::Refusal(refusal) => w.object(|w| {
            w.str_field("type", "refusal");
            w.str_field("refusal", &refusal.text);
        }),
        Block::Opaque(opaque) if opaque.dialect == Dialect::Responses => w.raw(opaque.raw.as_str()),
        _ => print.losses.add("content.misplaced"),
    }
}

pub(super) fn lost_of_text(print: &mut Print<'_>, text: &Text) {
    print.mark(text.cache.as_ref());
    if text.citations.is_some() && !print.same {
        print.losses.add("text.citations");
    }
    if text.signature.is_some() {
        print.losses.add("text.signature");
    }
}

/// Unknown fields of a part; those of the item it stands in are written there.
fn fields(print: &mut Print<'_>, extra: &Extra, w: &mut Writer<'_>) {
    let of_item = |name: &str| {
        matches!(
            name,
            message_parse::ITEM | message_parse::BARE | message_parse::PHASE
        ) || name.starts_with(message_parse::ITEM_FIELD)
    };
    if print.same {
        let fields = extra.all().filter(|(name, _)| !of_item(name));
        fields.for_each(|(name, value)| w.raw_field(name, value));
        return;
    }
    for (name, _) in extra.iter() {
        print.losses.add_field("content", name);
    }
}

fn foreign(what: &'static str) -> AiError {
    AiError::invalid(format!(
        "this {what} is a file handle of another provider and cannot be sent to this one"
    ))
    .with_param(what)
    .with_code("foreign_file")
}

fn data_url(key: &'static str, media_type: &str, data: &str, w: &mut Writer<'_>) {
    if media_type.is_empty() {
        return w.str_field(key, data);
    }
    w.key(key);
    w.string_of(&["data:", media_type, ";base64,", data]);
}

fn image(print: &mut Print<'_>, image: &Image, w: &mut Writer<'_>) -> Result<(), AiError> {
    w.begin_object();
    w.str_field("type", "input_image");
    match &image.source {
        Source::Base64 { media_type, data } => data_url("image_url", media_type, data, w),
        Source::Url { url, .. } if print.same => w.str_field("image_url", url),
        Source::Url { url, .. } => w.str_field("image_url", fetchable(url, "image_url")?),
        Source::File { id } if print.same => w.str_field("file_id", id),
        Source::File { .. } | Source::Text { .. } | Source::Blocks(_) => {
            return Err(foreign("image"));
        }
    }
    match &image.detail {
        Some(detail) => w.str_field("detail", detail),
        // The SDKs' types require it.
        None if !print.same => w.str_field("detail", "auto"),
        None => {}
    }
    print.mark(image.cache.as_ref());
    fields(print, &image.extra, w);
    w.end_object();
    Ok(())
}

fn audio(print: &mut Print<'_>, audio: &Audio, w: &mut Writer<'_>) -> Result<(), AiError> {
    let AudioSource::Data { format, data } = &audio.source else {
        return Err(foreign("audio"));
    };
    w.begin_object();
    w.str_field("type", "input_audio");
    w.object_field("input_audio", |w| {
        w.str_field("data", data);
        w.str_field("format", format);
    });
    print.mark(audio.cache.as_ref());
    fields(print, &audio.extra, w);
    w.end_object();
    Ok(())
}

fn document(print: &mut Print<'_>, document: &Document, w: &mut Writer<'_>) -> Result<(), AiError> {
    if document.citations.is_some() {
        print.losses.add("document.citations");
    }
    if document.context.is_some() {
        print.losses.add("document.context");
    }
    print.mark(document.cache.as_ref());
    let title = document.title.as_deref();
    match &document.source {
        Source::Text { data, .. } => inlined(print, title, data, w),
        Source::Blocks(blocks) => {
            let texts: Vec<&str> = blocks.iter().filter_map(Block::as_text).collect();
            if texts.len() < blocks.len() {
                return Err(foreign("document"));
            }
            inlined(print, title, &texts.join("\n"), w);
        }
        Source::File { .. } if !print.same => return Err(foreign("document")),
        source => {
            w.begin_object();
            w.str_field("type", "input_file");
            match source {
                Source::Base64 { media_type, data } => {
                    data_url("file_data", media_type, data, w);
                    let name = title.or((!print.same).then_some("document.pdf"));
                    w.opt_str("filename", name);
                }
                Source::Url { url, .. } => {
                    if !print.same {
                        fetchable(url, "document")?;
                    }
                    w.str_field("file_url", url);
                    w.opt_str("filename", title.filter(|_| print.same));
                    if title.is_some() && !print.same {
                        print.losses.add("document.title");
                    }
                }
                Source::File { id } => {
                    w.str_field("file_id", id);
                    w.opt_str("filename", title);
                }
                Source::Text { .. } | Source::Blocks(_) => {}
            }
            fields(print, &document.extra, w);
            w.end_object();
            return Ok(());
        }
    }
    for (name, _) in document.extra.iter() {
        print.losses.add_field("content", name);
    }
    Ok(())
}

/// A document that is text anyway becomes a text part.
fn inlined(print: &mut Print<'_>, title: Option<&str>, data: &str, w: &mut Writer<'_>) {
    print.losses.add("document.form");
    let head = match title {
        Some(title) => format!("<document title=\"{}\">\n", title.replace('"', "'")),
        None => "<document>\n".to_owned(),
    };
    w.object(|w| {
        w.str_field("type", "input_text");
        w.key("text");
        w.string_of(&[&head, data, "\n</document>"]);
    });
}
