use bytes::{BufMut, BytesMut};

use super::scan;
use crate::canonical::{Number, Raw};

/// Writes JSON straight into the output buffer.
///
/// Commas are its own affair; that braces pair is the caller's.
#[derive(Debug)]
pub(crate) struct Writer<'b> {
    out: &'b mut BytesMut,
    comma: bool,
    /// Whether the text must stay on one line.
    one_line: bool,
}

impl<'b> Writer<'b> {
    pub(crate) fn new(out: &'b mut BytesMut) -> Self {
        Self {
            out,
            comma: false,
            one_line: false,
        }
    }

    /// A writer whose text stays on one line: an event's data ends at the line's end, and raw JSON
    /// may be pretty-printed.
    pub(crate) fn one_line(out: &'b mut BytesMut) -> Self {
        Self {
            one_line: true,
            ..Self::new(out)
        }
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.put_u8(b',');
        }
        self.comma = true;
    }

    pub(crate) fn begin_object(&mut self) {
        self.separate();
        self.out.put_u8(b'{');
        self.comma = false;
    }

    pub(crate) fn end_object(&mut self) {
        self.out.put_u8(b'}');
        self.comma = true;
    }

    pub(crate) fn begin_array(&mut self) {
        self.separate();
        self.out.put_u8(b'[');
        self.comma = false;
    }

    pub(crate) fn end_array(&mut self) {
        self.out.put_u8(b']');
        self.comma = true;
    }

    /// An object written by a closure.
    pub(crate) fn object(&mut self, fill: impl FnOnce(&mut Self)) {
        self.begin_object();
        fill(self);
        self.end_object();
    }

    /// An array written by a closure.
    pub(crate) fn array(&mut self, fill: impl FnOnce(&mut Self)) {
        self.begin_array();
        fill(self);
        self.end_array();
    }

    /// A key of a dialect, which has nothing to escape.
    pub(crate) fn key(&mut self, key: &'static str) {
        debug_assert!(scan::escaped(key.as_bytes(), 0).is_none());
        // Apart: of a known length each is a store, and no copy.
        if self.comma {
            self.out.put_slice(b",\"");
        } else {
            self.out.put_u8(b'"');
        }
        self.out.put_slice(key.as_bytes());
        self.out.put_slice(b"\":");
        self.comma = false;
    }

    /// A key that somebody else has chosen.
    pub(crate) fn foreign_key(&mut self, key: &str) {
        self.separate();
        escape(self.out, key);
        self.out.put_u8(b':');
        self.comma = false;
    }

    pub(crate) fn string(&mut self, text: &str) {
        self.separate();
        escape(self.out, text);
    }

    /// A string made of two pieces.
    pub(crate) fn string_of(&mut self, pieces: &[&str]) {
        self.separate();
        self.out.put_u8(b'"');
        for piece in pieces {
            escape_inner(self.out, piece);
        }
        self.out.put_u8(b'"');
    }

    pub(crate) fn raw(&mut self, json: &str) {
        self.separate();
        let bytes = json.as_bytes();
        if !self.one_line || memchr::memchr2(b'\n', b'\r', bytes).is_none() {
            self.out.put_slice(bytes);
            return;
        }
        // Between tokens a line end is white space; within strings JSON has none.
        self.out.extend(
            bytes
                .iter()
                .map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b }),
        );
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.separate();
        let mut digits = [0_u8; 20];
        let mut position = digits.len();
        let mut rest = value;
        loop {
            position -= 1;
            digits[position] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.out.put_slice(&digits[position..]);
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    pub(crate) fn null(&mut self) {
        self.raw("null");
    }

    // === fields ===

    pub(crate) fn str_field(&mut self, key: &'static str, text: &str) {
        self.key(key);
        self.string(text);
    }

    pub(crate) fn u64_field(&mut self, key: &'static str, value: u64) {
        self.key(key);
        self.u64(value);
    }

    pub(crate) fn bool_field(&mut self, key: &'static str, value: bool) {
        self.key(key);
        self.bool(value);
    }

    /// A member that somebody else may have named.
    pub(crate) fn raw_field(&mut self, key: &str, raw: &Raw) {
        self.foreign_key(key);
        self.raw(raw.as_str());
    }

    pub(crate) fn opt_str(&mut self, key: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.str_field(key, text);
        }
    }

    pub(crate) fn opt_u64(&mut self, key: &'static str, value: Option<u64>) {
        if let Some(value) = value {
            self.u64_field(key, value);
        }
    }

    pub(crate) fn opt_bool(&mut self, key: &'static str, value: Option<bool>) {
        if let Some(value) = value {
            self.bool_field(key, value);
        }
    }

    pub(crate) fn opt_raw(&mut self, key: &str, raw: Option<&Raw>) {
        if let Some(raw) = raw {
            self.raw_field(key, raw);
        }
    }

    pub(crate) fn opt_number(&mut self, key: &'static str, number: Option<&Number>) {
        if let Some(number) = number {
            self.key(key);
            self.raw(number.as_str());
        }
    }

    /// Begins an object under a key; [`Writer::end_object`] ends it.
    pub(crate) fn begin_object_field(&mut self, key: &'static str) {
        self.key(key);
        self.begin_object();
    }

    pub(crate) fn object_field(&mut self, key: &'static str, fill: impl FnOnce(&mut Self)) {
        self.key(key);
        self.object(fill);
    }

    pub(crate) fn array_field(&mut self, key: &'static str, fill: impl FnOnce(&mut Self)) {
        self.key(key);
        self.array(fill);
    }
}

fn escape(out: &mut BytesMut, text: &str) {
    out.reserve(text.len() + 2);
    out.put_u8(b'"');
    escape_inner(out, text);
    out.put_u8(b'"');
}

fn escape_inner(out: &mut BytesMut, text: &str) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = scan::escaped(bytes, from) {
        out.put_slice(&bytes[from..at]);
        from = at + 1;
        match bytes[at] {
            b'"' => out.put_slice(b"\\\""),
            b'\\' => out.put_slice(b"\\\\"),
            b'\n' => out.put_slice(b"\\n"),
            b'\r' => out.put_slice(b"\\r"),
            b'\t' => out.put_slice(b"\\t"),
            other => {
                out.put_slice(b"\\u00");
                out.put_u8(HEX[usize::from(other >> 4)]);
                out.put_u8(HEX[usize::from(other & 15)]);
            }
        }
    }
    out.put_slice(&bytes[from..]);
}

const HEX: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commas_fall_where_they_belong() {
        let mut out = BytesMut::new();
        let mut w = Writer::new(&mut out);
        w.object(|w| {
            w.array_field("a", |w| {
                w.u64(0);
                w.u64(u64::MAX);
                w.object(|_| {});
                w.null();
            });
            w.str_field("b", "x");
            w.opt_bool("c", None);
            w.bool_field("d", true);
        });
        assert_eq!(
            out,
            r#"{"a":[0,18446744073709551615,{},null],"b":"x","d":true}"#
        );
    }

    #[test]
    fn raw_text_stays_on_one_line_where_it_must() {
        let raw = "{\r\n  \"a\": \"x\\ny\"\n}";
        let mut out = BytesMut::new();
        Writer::one_line(&mut out).raw(raw);
        assert_eq!(out, "{    \"a\": \"x\\ny\" }");
        let mut out = BytesMut::new();
        Writer::new(&mut out).raw(raw);
        assert_eq!(out, raw);
    }

    proptest! {
        #[test]
        fn any_string_reads_back(text in any::<String>()) {
            let mut out = BytesMut::new();
            Writer::new(&mut out).string(&text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
