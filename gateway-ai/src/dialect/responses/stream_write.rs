use bytes::{BufMut, BytesMut};

use super::output::Item;
use crate::json::Writer;

/// The events of a stream, numbered from 0 without gaps.
#[derive(Debug, Default)]
pub(super) struct Line {
    sequence: u64,
    /// What the ids of the answer's items end in.
    pub(super) tail: String,
    /// Whether nothing is written but the whole answer.
    pub(super) silent: bool,
}

impl Line {
    /// One event; `fill` writes its members.
    pub(super) fn event(
        &mut self,
        out: &mut BytesMut,
        kind: &str,
        fill: impl FnOnce(&mut Writer<'_>),
    ) {
        if self.silent {
            return;
        }
        self.begin(out, kind);
        out.put_u8(b',');
        fill(&mut Writer::one_line(out));
        self.finish(out);
    }

    /// An event of an item.
    pub(super) fn of_item(
        &mut self,
        out: &mut BytesMut,
        kind: &str,
        (number, item): (usize, &Item),
        fill: impl FnOnce(&mut Writer<'_>),
    ) {
        self.event(out, kind, |w| {
            w.str_field("item_id", &item.id);
            w.u64_field("output_index", number as u64);
            fill(w);
        });
    }

    pub(super) fn begin(&mut self, out: &mut BytesMut, kind: &str) {
        out.put_slice(b"event: ");
        out.put_slice(kind.as_bytes());
        out.put_slice(b"\ndata: {\"type\":\"");
        out.put_slice(kind.as_bytes());
        out.put_u8(b'"');
    }

    pub(super) fn finish(&mut self, out: &mut BytesMut) {
        out.put_u8(b',');
        Writer::one_line(out).u64_field("sequence_number", self.sequence);
        out.put_slice(b"}\n\n");
        self.sequence += 1;
    }

    /// The id of an item nobody has named: its kind, the answer, its place.
    pub(super) fn id(&self, prefix: &str, number: usize) -> String {
        format!("{prefix}_{}_{number}", self.tail)
    }
}
