use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{block_print, media_parse::DOCUMENTS, request_print::Print};
use crate::{
    canonical::{Block, Document, Extra, Raw, Source},
    error::AiError,
    json::Writer,
};

/// Writes a document. Converse demands a name of few characters, unique in the request.
pub(super) fn document(
    print: &mut Print<'_>,
    document: &Document,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    let format = format(print, document)?;
    w.begin_object();
    w.begin_object_field("document");
    if let Some(format) = &format {
        w.str_field("format", format);
    }
    match (&document.title, print.same) {
        (title, true) => w.opt_str("name", title.as_deref()),
        (title, false) => {
            let name = print.document_name(title.as_deref());
            w.str_field("name", &name);
        }
    }
    source(print, "document", &document.source, &document.extra, w)?;
    w.opt_str("context", document.context.as_deref());
    // A wish that does not say which way is none, and is refused here.
    let wish = |raw: &&Raw| print.same || raw.as_str().contains("\"enabled\"");
    w.opt_raw("citations", document.citations.as_ref().filter(wish));
    block_print::own("content", &document.extra, print.same, &mut print.losses, w);
    w.end_object();
    w.end_object();
    Ok(())
}

/// The word for a document's type.
fn format(print: &Print<'_>, document: &Document) -> Result<Option<String>, AiError> {
    let said = document
        .extra
        .get("source.format")
        .and_then(|raw| raw.read().ok());
    if let (Source::Blocks(_), true) = (&document.source, print.same) {
        return Ok(said);
    }
    let declared = media_type(&document.source);
    let known = DOCUMENTS.iter().find(|(_, known)| *known == declared);
    match (known, &document.source) {
        (Some((format, _)), _) => Ok(Some((*format).to_owned())),
        (None, Source::Base64 { data, .. }) if data.starts_with("JVBERi0") => {
            Ok(Some("pdf".to_owned()))
        }
        (None, _) if print.same => Ok(declared.rsplit('/').next().map(str::to_owned)),
        (None, Source::Text { .. } | Source::Blocks(_)) => Ok(Some("txt".to_owned())),
        // What is text anyway can be read as such.
        (None, _) if declared.starts_with("text/") || declared == "application/json" => {
            Ok(Some("txt".to_owned()))
        }
        (None, _) => Err(
            AiError::invalid(format!("this provider takes no files of {declared:?}"))
                .with_param("file"),
        ),
    }
}

/// The declared type of a source.
pub(super) fn media_type(source: &Source) -> &str {
    match source {
        Source::Base64 { media_type, .. } | Source::Text { media_type, .. } => media_type,
        Source::Url { media_type, .. } => media_type.as_deref().unwrap_or_default(),
        Source::File { .. } | Source::Blocks(_) => "",
    }
}

/// Writes where bytes come from. Converse takes bytes and Amazon's own storage, and fetches nothing.
pub(super) fn source(
    print: &mut Print<'_>,
    kind: &'static str,
    source: &Source,
    extra: &Extra,
    w: &mut Writer<'_>,
) -> Result<(), AiError> {
    let field = match kind {
        "image" => "image_url",
        "video" => "video_url",
        _ => "file",
    };
    w.begin_object_field("source");
    match source {
        Source::Base64 { data, .. } => w.str_field("bytes", data),
        Source::Text { data, .. } if print.same => w.str_field("text", data),
        // Plain text as bytes is what every model takes.
        Source::Text { data, .. } => w.str_field("bytes", &STANDARD.encode(data)),
        Source::Url { url, .. } if url.starts_with("s3://") || print.same => {
            location(print, url, extra, w);
        }
        Source::Url { .. } => {
            return Err(AiError::invalid(
                "this provider fetches no URLs: send the bytes as a data URL",
            )
            .with_param(field));
        }
        Source::File { .. } => {
            return Err(AiError::invalid(
                "this is a file handle of another provider and cannot be sent to this one",
            )
            .with_param(field)
            .with_code("foreign_file"));
        }
        Source::Blocks(blocks) => {
            w.key("content");
            w.begin_array();
            for block in blocks {
                if print.same || matches!(block, Block::Text(_)) {
                    block_print::result_block(print, block, w)?;
                } else {
                    print.losses.add("document.form");
                }
            }
            w.end_array();
        }
    }
    for (name, value) in extra.iter() {
        if let Some(name) = name.strip_prefix("source.")
            && name != "format"
            && name != "bucketOwner"
            && !name.starts_with("s3Location.")
        {
            print.unknown("content.source", name, value, w);
        }
    }
    w.end_object();
    Ok(())
}

fn location(print: &mut Print<'_>, url: &str, extra: &Extra, w: &mut Writer<'_>) {
    w.begin_object_field("s3Location");
    w.str_field("uri", url);
    if let (true, Some(owner)) = (print.same, extra.get("source.bucketOwner")) {
        w.raw_field("bucketOwner", owner);
    }
    let own = |name: &str| name.strip_prefix("source.s3Location.").map(str::to_owned);
    let rest: Vec<(String, &Raw)> = (extra.iter())
        .filter_map(|(name, value)| Some((own(name)?, value)))
        .collect();
    for (name, value) in rest {
        print.unknown("content.source", &name, value, w);
    }
    w.end_object();
}

impl Print<'_> {
    /// A name of letters, digits, single spaces, hyphens and brackets that no other document has.
    fn document_name(&mut self, title: Option<&str>) -> String {
        let title = title.unwrap_or("document");
        // The type is said elsewhere; a dot is not allowed.
        let stem = match title.rsplit_once('.') {
            Some((stem, end)) if !stem.is_empty() && end.len() <= 5 => stem,
            _ => title,
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '(' | ')' | '[' | ']');
        let spaced: String = stem
            .chars()
            .map(|c| if plain(c) { c } else { ' ' })
            .collect();
        let words: Vec<&str> = spaced.split(' ').filter(|word| !word.is_empty()).collect();
        let mut name: String = words.join(" ").chars().take(MAX_NAME).collect();
        if name.trim().is_empty() {
            name = "document".to_owned();
        }
        let mut number = 1;
        let mut unique = name.clone();
        while !self.documents.insert(unique.clone()) {
            number += 1;
            unique = format!("{name} ({number})");
        }
        if stem != unique {
            self.losses.add("document.title");
        }
        unique
    }
}

/// Amazon's limit is 200; a number may follow.
const MAX_NAME: usize = 180;
