use super::request_print::Print;
use crate::{
    canonical::{
        Audio, AudioSource, Block, CacheMark, Document, Extra, Image, Opaque, Shape, Source, Text,
        Thinking, Video,
    },
    dialect::{Dialect, common::fetchable},
    error::AiError,
    json::Writer,
};

/// Writes `content`: a string where one text is all there is, a list of parts otherwise.
pub(super) fn content(
    print: &mut Print<'_>,
    blocks: Vec<&Block>,
    shape: Shape,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    if let [Block::Text(text)] = blocks.as_slice()
        && is_bare(text)
        && (shape == Shape::Text || !print.same)
    {
        lost_of_text(print, text);
        w.string(&text.text);
        return Ok(());
    }
    if blocks.is_empty() && shape != Shape::Parts {
        w.null();
        return Ok(());
    }
    w.begin_array();
    let mut written = false;
    for block in blocks {
        written |= part(print, block, w)?;
    }
    // A message whose every part is lost must still be one.
    if !written && !print.same {
        text_part(print, &Text::default(), w);
    }
    w.end_array();
    Ok(())
}

fn is_bare(text: &Text) -> bool {
    text.cache.is_none() && text.extra.is_empty()
}

fn lost_of_text(print: &mut Print<'_>, text: &Text) {
    if text.citations.is_some() {
        print.losses.add("text.citations");
    }
    if text.signature.is_some() {
        print.losses.add("text.signature");
    }
}

/// Writes one part; whether there was anything to write.
fn part(print: &mut Print<'_>, block: &Block, w: &mut Writer<'_>) -> Result<bool, AiError> {
    match block {
        Block::Text(text) => text_part(print, text, w),
        Block::Refusal(refusal) => w.object(|w| {
            w.str_field("type", "refusal");
            w.str_field("refusal", &refusal.text);
        }),
        Block::Thinking(Thinking { extra, .. }) => match extra.get("part") {
            Some(part) => w.raw(part.as_str()),
            None => {
                print.losses.add("content.misplaced");
                return Ok(false);
            }
        },
        Block::Image(image) => image_part(print, image, w)?,
        Block::Document(document) => document_part(print, document, w)?,
        Block::Audio(audio) => audio_part(print, audio, w)?,
        Block::Video(video) => video_part(print, video, w)?,
        Block::Opaque(Opaque {
            dialect: Dialect::Chat,
            raw,
            ..
        }) => w.raw(raw.as_str()),
        Block::Opaque(opaque) => {
            print.losses.add_field("content", &opaque.kind);
            return Ok(false);
        }
        Block::RedactedThinking(_) | Block::ToolCall(_) | Block::ToolResult(_) => {
            print.losses.add("content.misplaced");
            return Ok(false);
        }
    }
    Ok(true)
}

/// The end of a part: its cache mark and unknown fields.
fn finish(
    print: &mut Print<'_>,
    cache: Option<&CacheMark>,
    extra: &Extra,
    prefix: &str,
    w: &mut Writer<'_>,
) {
    print.mark(cache, w);
    for (name, value) in extra.iter() {
        if prefix.is_empty() || !name.starts_with(prefix) {
            print.unknown("content", name, value, w);
        }
    }
}

fn text_part(print: &mut Print<'_>, text: &Text, w: &mut Writer<'_>) {
    lost_of_text(print, text);
    w.begin_object();
    w.str_field("type", "text");
    w.str_field("text", &text.text);
    finish(print, text.cache.as_ref(), &text.extra, "", w);
    w.end_object();
}

fn image_part(print: &mut Print<'_>, image: &Image, w: &mut Writer<'_>) -> Result<(), AiError> {
    w.begin_object();
    w.str_field("type", "image_url");
    w.key("image_url");
    w.begin_object();
    source_url(print, &image.source, "image", "url", w)?;
    w.opt_str("detail", image.detail.as_deref());
    w.end_object();
    finish(print, image.cache.as_ref(), &image.extra, "", w);
    w.end_object();
    Ok(())
}

fn video_part(print: &mut Print<'_>, video: &Video, w: &mut Writer<'_>) -> Result<(), AiError> {
    w.begin_object();
    w.str_field("type", "video_url");
    w.key("video_url");
    w.begin_object();
    source_url(print, &video.source, "video", "url", w)?;
    w.end_object();
    finish(print, video.cache.as_ref(), &video.extra, "", w);
    w.end_object();
    Ok(())
}

fn source_url(
    print: &Print<'_>,
    source: &Source,
    what: &'static str,
    key: &'static str,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    match source {
        Source::Base64 { media_type, data } if media_type.is_empty() => w.str_field(key, data),
        Source::Base64 { media_type, data } => {
            w.key(key);
            w.string_of(&["data:", media_type, ";base64,", data]);
        }
        Source::Url { url, .. } if print.same => w.str_field(key, url),
        Source::Url { url, .. } => w.str_field(key, fetchable(url, what)?),
        Source::File { .. } | Source::Text { .. } | Source::Blocks(_) => {
            return Err(foreign(what));
        }
    }
    Ok(())
}

fn foreign(what: &'static str) -> AiError {
    AiError::invalid(format!(
        "this {what} is a file handle of another provider and cannot be sent to this one"
    ))
    .with_param(what)
    .with_code("foreign_file")
}

fn audio_part(print: &mut Print<'_>, audio: &Audio, w: &mut Writer<'_>) -> Result<(), AiError> {
    w.begin_object();
    w.str_field("type", "input_audio");
    match &audio.source {
        AudioSource::Data { format, data } => w.object_field("input_audio", |w| {
            w.str_field("data", data);
            w.str_field("format", format);
        }),
        AudioSource::Url(url) => w.str_field("input_audio", url),
        AudioSource::Id(_) => return Err(foreign("audio")),
    }
    finish(print, audio.cache.as_ref(), &audio.extra, "", w);
    w.end_object();
    Ok(())
}

/// An assistant's sound in history is named by its id alone.
pub(super) fn assistant_audio(print: &mut Print<'_>, audio: &Audio, w: &mut Writer<'_>) {
    match &audio.source {
        AudioSource::Id(id) if print.same => {
            w.object_field("audio", |w| w.str_field("id", id));
        }
        _ => print.losses.add("audio"),
    }
}

fn document_part(
    print: &mut Print<'_>,
    document: &Document,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    if document.citations.is_some() {
        print.losses.add("document.citations");
    }
    if document.context.is_some() {
        print.losses.add("document.context");
    }
    match &document.source {
        Source::Text { data, .. } => {
            inlined(print, document, data, w);
            return Ok(());
        }
        Source::Blocks(blocks) => {
            let texts: Vec<&str> = blocks.iter().filter_map(Block::as_text).collect();
            if texts.len() < blocks.len() {
                return Err(foreign("document"));
            }
            inlined(print, document, &texts.join("\n"), w);
            return Ok(());
        }
        Source::Url { .. } if !print.same => {
            return Err(
                AiError::invalid("this provider takes no documents by URL").with_param("document")
            );
        }
        Source::File { .. } if !print.same => return Err(foreign("document")),
        Source::Base64 { .. } | Source::Url { .. } | Source::File { .. } => {}
    }
    w.begin_object();
    w.str_field("type", "file");
    w.key("file");
    w.begin_object();
    if let Source::File { id } = &document.source {
        w.str_field("file_id", id);
    } else {
        source_url(print, &document.source, "document", "file_data", w)?;
    }
    let name = document
        .title
        .as_deref()
        .or((!print.same).then_some("document.pdf"));
    w.opt_str("filename", name);
    for (name, value) in document.extra.iter() {
        if let Some(name) = name.strip_prefix("file.") {
            print.unknown("content", name, value, w);
        }
    }
    w.end_object();
    finish(print, document.cache.as_ref(), &document.extra, "file.", w);
    w.end_object();
    Ok(())
}

/// A document that is text anyway becomes a text part: Chat takes files as PDF alone.
fn inlined(print: &mut Print<'_>, document: &Document, data: &str, w: &mut Writer<'_>) {
    print.losses.add("document.form");
    let text = match &document.title {
        Some(title) => format!(
            "<document title=\"{}\">\n{data}\n</document>",
            title.replace('"', "'")
        ),
        None => format!("<document>\n{data}\n</document>"),
    };
    w.begin_object();
    w.str_field("type", "text");
    w.str_field("text", &text);
    finish(print, document.cache.as_ref(), &document.extra, "", w);
    w.end_object();
}
