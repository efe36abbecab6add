use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};

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
        let mut changes: Vec<(Range<usize>, BytesMut)> = Vec::with_capacity(2);
        if let (Some(model), Some(place)) = (edits.model, &self.places.model)
            && self.model() != Some(model)
        {
            let mut spelled = BytesMut::with_capacity(model.len() + 2);
            Writer::new(&mut spelled).string(model);
            changes.push((place.clone(), spelled));
        }
        if edits.include_usage && self.is_stream() && !self.includes_usage() {
            changes.extend(self.ask_for_usage(body));
        }
        if changes.is_empty() {
            return body.clone();
        }
        changes.sort_by_key(|(place, _)| place.start);
        let added: usize = changes.iter().map(|(_, text)| text.len()).sum();
        let mut out = BytesMut::with_capacity(body.len() + added);
        let mut from = 0;
        for (place, text) in changes {
            out.put_slice(&body[from..place.start]);
            out.put_slice(&text);
            from = place.end;
        }
        out.put_slice(&body[from..]);
        out.freeze()
    }

    fn ask_for_usage(&self, body: &[u8]) -> Option<(Range<usize>, BytesMut)> {
        let places = &self.places;
        if let Some(flag) = &places.include_usage {
            return Some((flag.clone(), BytesMut::from(&b"true"[..])));
        }
        if let Some(options) = &places.stream_options {
            let inner = body[options.clone()].strip_prefix(b"{")?;
            let empty = inner.trim_ascii_start().starts_with(b"}");
            let text: &[u8] = if empty {
                b"\"include_usage\":true"
            } else {
                b"\"include_usage\":true,"
            };
            let at = options.start + 1;
            return Some((at..at, BytesMut::from(text)));
        }
        let at = places.stream.as_ref()?.end;
        Some((
            at..at,
            BytesMut::from(&b",\"stream_options\":{\"include_usage\":true}"[..]),
        ))
    }
}
