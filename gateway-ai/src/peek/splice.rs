use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use smallvec::SmallVec;

use super::Peek;
use crate::json::Writer;

/// What to change in a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edits<'a> {
    /// The model to name instead.
    pub model: Option<&'a str>,
    /// Whether to ask for usage at the end of a stream (Chat).
    pub include_usage: bool,
}

impl Peek {
    /// The body with the edits made and every other byte as it was; the body itself if there is
    /// nothing to change.
    ///
    /// `body` must be what was [read](Self::read).
    #[must_use]
    pub fn splice(&self, body: &Bytes, edits: &Edits<'_>) -> Bytes {
        let mut changes: SmallVec<[(Range<usize>, Text<'_>); 2]> = SmallVec::new();
        if let (Some(model), Some(place)) = (edits.model, &self.places.model)
            && self.model() != Some(model)
        {
            changes.push((place.clone(), Text::String(model)));
        }
        if edits.include_usage && self.is_stream() && !self.includes_usage() {
            changes.extend(self.ask_for_usage(body));
        }
        if changes.is_empty() {
            return body.clone();
        }
        changes.sort_by_key(|(place, _)| place.start);
        let added: usize = changes.iter().map(|(_, text)| text.len()).sum();
        let removed: usize = changes.iter().map(|(place, _)| place.len()).sum();
        // As large as it will be: bytes that fill their buffer are frozen as they are.
        let mut out = BytesMut::with_capacity(body.len() + added - removed);
        let mut from = 0;
        for (place, text) in changes {
            out.put_slice(&body[from..place.start]);
            match text {
                Text::String(text) => Writer::new(&mut out).string(text),
                Text::Json(json) => out.put_slice(json.as_bytes()),
            }
            from = place.end;
        }
        out.put_slice(&body[from..]);
        out.freeze()
    }

    fn ask_for_usage(&self, body: &[u8]) -> Option<(Range<usize>, Text<'static>)> {
        let places = &self.places;
        if let Some(flag) = &places.include_usage {
            return Some((flag.clone(), Text::Json("true")));
        }
        if let Some(options) = &places.stream_options {
            let inner = body[options.clone()].strip_prefix(b"{")?;
            let empty = inner.trim_ascii_start().starts_with(b"}");
            let text = if empty {
                "\"include_usage\":true"
            } else {
                "\"include_usage\":true,"
            };
            let at = options.start + 1;
            return Some((at..at, Text::Json(text)));
        }
        let at = places.stream.as_ref()?.end;
        let text = ",\"stream_options\":{\"include_usage\":true}";
        Some((at..at, Text::Json(text)))
    }
}

/// What is put into a body.
enum Text<'a> {
    /// A text, to be spelled as JSON has it.
    String(&'a str),
    Json(&'static str),
}

impl Text<'_> {
    /// How long it will be where nothing has to be escaped.
    const fn len(&self) -> usize {
        match self {
            Self::String(text) => text.len() + 2,
            Self::Json(json) => json.len(),
        }
    }
}
