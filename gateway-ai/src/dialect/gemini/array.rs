//! Gemini's other stream: one JSON array, its elements written as they come.
//!
//! `streamGenerateContent` answers so where `alt=sse` is not asked for. The elements are the events
//! of the SSE stream, so either form is made from the other without reading what is in them.

use bytes::{BufMut, BytesMut};

use crate::sse::{Framer, TooLong};

/// Turns an array, however it is cut, into server-sent events.
///
/// Nothing is held back: an element's bytes go on as they come, its end is marked by its brackets.
#[derive(Clone, Debug, Default)]
pub(crate) struct FromArray {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl FromArray {
    /// Takes a piece of the array and appends what it is as events.
    pub(crate) fn push(&mut self, chunk: &[u8], out: &mut BytesMut) {
        out.reserve(chunk.len() + 16);
        for &byte in chunk {
            if self.in_string {
                out.put_u8(byte);
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                // A line end would end the field, and outside of strings it means nothing.
                b'\r' | b'\n' => continue,
                b'{' | b'[' if self.depth > 0 => self.depth += 1,
                b'{' => {
                    out.put_slice(b"data: ");
                    self.depth = 1;
                }
                b'"' if self.depth > 0 => self.in_string = true,
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' if self.depth == 1 => {
                    self.depth = 0;
                    out.put_slice(b"}\n\n");
                    continue;
                }
                // The brackets and commas of the array itself.
                _ if self.depth == 0 => continue,
                _ => {}
            }
            out.put_u8(byte);
        }
    }
}

/// Turns server-sent events into an array.
#[derive(Debug, Default)]
pub(crate) struct IntoArray {
    framer: Framer,
    begun: bool,
}

impl IntoArray {
    /// Takes a piece of the stream and appends the elements it completes.
    ///
    /// # Errors
    ///
    /// When an event is too large.
    pub(crate) fn push(&mut self, chunk: &[u8], out: &mut BytesMut) -> Result<(), TooLong> {
        let begun = &mut self.begun;
        self.framer
            .push(chunk, |event| element(event.data, begun, out))
    }

    /// Closes the array.
    pub(crate) fn finish(&mut self, out: &mut BytesMut) {
        let begun = &mut self.begun;
        self.framer.finish(|event| element(event.data, begun, out));
        out.put_slice(if self.begun { b"]" } else { b"[]" });
    }
}

/// The separators are those of the vendor.
fn element(data: &[u8], begun: &mut bool, out: &mut BytesMut) {
    out.put_slice(if *begun { b"\n,\r\n" } else { b"[" });
    *begun = true;
    out.put_slice(data);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ARRAY: &str =
        "[{\n  \"a\": \"x ] } \\\" \\\\\",\n  \"b\": [1, {\"c\": 2}]\n}\n,\r\n{\"d\": {}}\n]\n";
    const EVENTS: &str =
        "data: {  \"a\": \"x ] } \\\" \\\\\",  \"b\": [1, {\"c\": 2}]}\n\ndata: {\"d\": {}}\n\n";

    fn events(pieces: &[&[u8]]) -> String {
        let (mut reader, mut out) = (FromArray::default(), BytesMut::new());
        for piece in pieces {
            reader.push(piece, &mut out);
        }
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn any_cut_gives_the_same_events() {
        assert_eq!(events(&[ARRAY.as_bytes()]), EVENTS);
        for at in 0..ARRAY.len() {
            let (head, tail) = ARRAY.as_bytes().split_at(at);
            assert_eq!(events(&[head, tail]), EVENTS, "cut at {at}");
        }
    }

    #[test]
    fn events_become_the_array_again() {
        for at in 0..EVENTS.len() {
            let (head, tail) = EVENTS.as_bytes().split_at(at);
            let (mut writer, mut out) = (IntoArray::default(), BytesMut::new());
            writer.push(head, &mut out).unwrap();
            writer.push(tail, &mut out).unwrap();
            writer.finish(&mut out);
            let back: serde_json::Value = serde_json::from_slice(&out).unwrap();
            let first: serde_json::Value = serde_json::from_str(ARRAY).unwrap();
            assert_eq!(back, first, "cut at {at}");
        }
    }

    #[test]
    fn an_open_element_is_an_open_event() {
        assert_eq!(events(&[b"{"]), "data: {");
        assert_eq!(events(&[b"{},{"]), "data: {}\n\ndata: {");
    }

    #[test]
    fn nothing_is_an_empty_array() {
        let mut out = BytesMut::new();
        IntoArray::default().finish(&mut out);
        assert_eq!(&out[..], b"[]");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic_nor_grow(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let (mut reader, mut out) = (FromArray::default(), BytesMut::new());
            reader.push(&bytes, &mut out);
            // `data: ` and a blank line for each element, which takes two bytes itself; the last may be open.
            prop_assert!(out.len() <= bytes.len() * 5 + 2);
        }
    }
}
