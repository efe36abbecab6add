use bytes::{BufMut, BytesMut};

use crate::error::{AiError, AiErrorKind};

/// Cuts `application/vnd.amazon.eventstream` into messages.
///
/// A message is a prelude – its length, the length of its headers and a CRC of both – then headers,
/// payload and a CRC of everything before. Both sums are checked, and lengths before a byte more is
/// kept than has come: a stream that lies about its size costs nothing.
#[derive(Debug, Default)]
pub(crate) struct FrameReader {
    /// The beginning of a message whose end has not come.
    held: Vec<u8>,
}

/// A message of an event stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    /// `:message-type`: `event`, `exception` or `error`.
    pub(crate) kind: &'a str,
    /// `:event-type`, `:exception-type` or `:error-code`.
    pub(crate) name: &'a str,
    /// `:error-message`.
    pub(crate) error: &'a str,
    /// The payload.
    pub(crate) payload: &'a [u8],
    /// Where it ends in the bytes it was completed by.
    pub(crate) end: usize,
}

impl FrameReader {
    /// The longest message; Amazon allows 16 MiB of payload and 128 KiB of headers.
    pub(crate) const LIMIT: usize = 16 * 1024 * 1024 + 128 * 1024 + OVERHEAD;

    /// Takes bytes as they come; whole messages go to `sink`.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        mut sink: impl FnMut(Message<'_>),
    ) -> Result<(), AiError> {
        let mut at = 0;
        if !self.held.is_empty() {
            at = self.complete(bytes, &mut sink)?;
            if !self.held.is_empty() {
                return Ok(());
            }
        }
        while let Some(total) = total(&bytes[at..])? {
            let Some(whole) = bytes.get(at..at + total) else {
                break;
            };
            at += total;
            let mut message = message(whole)?;
            message.end = at;
            sink(message);
        }
        self.held.extend_from_slice(&bytes[at..]);
        Ok(())
    }

    /// Goes on with the message that was begun; how many bytes that took.
    fn complete(
        &mut self,
        bytes: &[u8],
        sink: &mut impl FnMut(Message<'_>),
    ) -> Result<usize, AiError> {
        // The prelude says how long the message is.
        let mut at = self.fill(PRELUDE, bytes);
        let Some(total) = total(&self.held)? else {
            return Ok(at);
        };
        at += self.fill(total, &bytes[at..]);
        if self.held.len() == total {
            let mut message = message(&self.held)?;
            message.end = at;
            sink(message);
            self.held.clear();
        }
        Ok(at)
    }

    /// Takes over bytes up to a length.
    fn fill(&mut self, length: usize, bytes: &[u8]) -> usize {
        let missing = length.saturating_sub(self.held.len()).min(bytes.len());
        self.held.extend_from_slice(&bytes[..missing]);
        missing
    }

    /// Whether a message has begun and not ended.
    pub(crate) fn is_inside(&self) -> bool {
        !self.held.is_empty()
    }
}

/// The length of a message; `None` before its prelude is there.
fn total(bytes: &[u8]) -> Result<Option<usize>, AiError> {
    let Some(prelude) = bytes.get(..PRELUDE) else {
        return Ok(None);
    };
    let length = |at: usize| usize::try_from(word(prelude, at)).unwrap_or(usize::MAX);
    if crc32fast::hash(&prelude[..8]) != word(prelude, 8) {
        return Err(broken("the sum of a message's prelude is wrong"));
    }
    let (total, headers) = (length(0), length(4));
    if total > FrameReader::LIMIT {
        return Err(broken("a message is too large"));
    }
    if total < OVERHEAD || headers > total - OVERHEAD {
        return Err(broken("a message has impossible lengths"));
    }
    Ok(Some(total))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_be_bytes(word)
}

/// Reads a whole message, whose lengths have been checked.
fn message(bytes: &[u8]) -> Result<Message<'_>, AiError> {
    let (content, sum) = bytes.split_at(bytes.len() - CRC);
    if crc32fast::hash(content) != word(sum, 0) {
        return Err(broken("the sum of a message is wrong"));
    }
    let headers = usize::try_from(word(bytes, 4)).unwrap_or(usize::MAX);
    let (mut headers, payload) = content[PRELUDE..].split_at(headers);
    let mut message = Message {
        kind: "event",
        payload,
        ..Message::default()
    };
    while !headers.is_empty() {
        let (name, value) = header(&mut headers).ok_or_else(|| broken("a header is cut off"))?;
        match name {
            ":message-type" => message.kind = value,
            ":event-type" | ":exception-type" | ":error-code" => message.name = value,
            ":error-message" => message.error = value,
            _ => {}
        }
    }
    Ok(message)
}

/// Takes a header off: its name, and its value if that is text.
fn header<'a>(headers: &mut &'a [u8]) -> Option<(&'a str, &'a str)> {
    let length = usize::from(*take(headers, 1)?.first()?);
    let name = std::str::from_utf8(take(headers, length)?).ok()?;
    let kind = *take(headers, 1)?.first()?;
    let length = match kind {
        0 | 1 => 0,
        2 => 1,
        3 => 2,
        4 => 4,
        5 | 8 => 8,
        6 | STRING => {
            let length = take(headers, 2)?;
            usize::from(u16::from_be_bytes([length[0], length[1]]))
        }
        9 => 16,
        _ => return None,
    };
    let value = take(headers, length)?;
    let text = if kind == STRING {
        std::str::from_utf8(value).ok()?
    } else {
        ""
    };
    Some((name, text))
}

fn take<'a>(from: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(head)
}

fn broken(why: &str) -> AiError {
    AiError::upstream(
        AiErrorKind::Malformed,
        format!("the provider's event stream cannot be read: {why}"),
    )
}

/// Appends a message with a JSON payload. `kind` is `event` or `exception`.
pub(super) fn write(
    kind: &'static str,
    name: &str,
    out: &mut BytesMut,
    payload: impl FnOnce(&mut BytesMut),
) {
    let start = out.len();
    out.put_bytes(0, PRELUDE);
    let name_header = if kind == "event" {
        ":event-type"
    } else {
        ":exception-type"
    };
    for (header, value) in [
        (name_header, name),
        (":content-type", "application/json"),
        (":message-type", kind),
    ] {
        // Names and values are constants of this dialect, far below the limits of their lengths.
        out.put_u8(u8::try_from(header.len()).unwrap_or(u8::MAX));
        out.put_slice(header.as_bytes());
        out.put_u8(STRING);
        out.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        out.put_slice(value.as_bytes());
    }
    let headers = out.len() - start - PRELUDE;
    payload(out);
    let total = out.len() - start + CRC;
    let length = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes();
    out[start..start + 4].copy_from_slice(&length(total));
    out[start + 4..start + 8].copy_from_slice(&length(headers));
    let sum = crc32fast::hash(&out[start..start + 8]).to_be_bytes();
    out[start + 8..start + PRELUDE].copy_from_slice(&sum);
    let sum = crc32fast::hash(&out[start..]);
    out.put_u32(sum);
}

/// Two lengths and their sum.
const PRELUDE: usize = 12;
const CRC: usize = 4;
const OVERHEAD: usize = PRELUDE + CRC;
/// The type of a header value that is text.
const STRING: u8 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> BytesMut {
        let mut out = BytesMut::new();
        for text in ["{}", r#"{"a":1}"#, ""] {
            write("event", "contentBlockDelta", &mut out, |out| {
                out.put_slice(text.as_bytes());
            });
        }
        write("exception", "throttlingException", &mut out, |out| {
            out.put_slice(b"{\"message\":\"slow\"}");
        });
        out
    }

    fn read(chunks: &[&[u8]]) -> Result<Vec<(String, String, Vec<u8>)>, AiError> {
        let mut reader = FrameReader::default();
        let mut out = Vec::new();
        for chunk in chunks {
            reader.push(chunk, |message| {
                assert!(message.end <= chunk.len());
                let text = |text: &str| text.to_owned();
                out.push((
                    text(message.kind),
                    text(message.name),
                    message.payload.to_vec(),
                ));
            })?;
        }
        assert!(!reader.is_inside());
        Ok(out)
    }

    #[test]
    fn however_it_is_cut() {
        let bytes = stream();
        let whole = read(&[&bytes]).expect("messages");
        assert_eq!(whole.len(), 4);
        assert_eq!(whole[1].2, br#"{"a":1}"#);
        assert_eq!(whole[3].0, "exception");
        assert_eq!(whole[3].1, "throttlingException");
        for size in 1..bytes.len() {
            let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
            assert_eq!(read(&chunks).expect("messages"), whole, "cut by {size}");
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let bytes = stream();
        let whole = read(&[&bytes]).expect("messages");
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            let mut reader = FrameReader::default();
            let mut seen = 0;
            let result = reader.push(&flipped, |message| {
                assert_eq!(message.payload, whole[seen].2);
                seen += 1;
            });
            assert!(result.is_err() || reader.is_inside(), "byte {at}");
        }
    }

    #[test]
    fn lengths_that_lie_are_refused_before_anything_is_kept() {
        for (total, headers) in [(u32::MAX, 0_u32), (15, 0), (16, 1), (100, 85), (1 << 25, 0)] {
            let mut bytes = Vec::new();
            bytes.extend_from_slice(&total.to_be_bytes());
            bytes.extend_from_slice(&headers.to_be_bytes());
            bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
            let mut reader = FrameReader::default();
            assert!(reader.push(&bytes, |_| {}).is_err(), "{total} {headers}");
        }
    }

    #[test]
    fn headers_of_every_type_are_skipped() {
        let mut headers = Vec::new();
        for (kind, value) in [
            (0, &b""[..]),
            (1, b""),
            (2, b"1"),
            (3, b"12"),
            (4, b"1234"),
            (5, b"12345678"),
            (6, b"\0\x02ab"),
            (8, b"12345678"),
            (9, b"1234567890123456"),
            (7, b"\0\x03abc"),
        ] {
            headers.extend_from_slice(b"\x01x");
            headers.push(kind);
            headers.extend_from_slice(value);
        }
        let mut rest = headers.as_slice();
        let mut count = 0;
        while let Some((name, _)) = header(&mut rest) {
            assert_eq!(name, "x");
            count += 1;
        }
        assert_eq!((count, rest.len()), (10, 0));
        assert!(header(&mut &b"\x01x\x0a"[..]).is_none());
    }
}
