//! The binary framing `application/vnd.amazon.eventstream`.

use bytes::BufMut as _;
use bytes::Bytes;
use bytes::BytesMut;
use serde_json::Value;

/// One message: total length, header length, CRC of these, headers, payload, CRC of all before.
pub(super) fn frame(headers: &[(&str, &str)], payload: &Value) -> Bytes {
    let mut head = BytesMut::new();
    for (name, value) in headers {
        head.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
        head.put_slice(name.as_bytes());
        head.put_u8(STRING);
        head.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        head.put_slice(value.as_bytes());
    }
    let payload = payload.to_string();
    let total = PRELUDE + head.len() + payload.len() + CRC;
    let mut frame = BytesMut::with_capacity(total);
    frame.put_u32(u32::try_from(total).unwrap_or(u32::MAX));
    frame.put_u32(u32::try_from(head.len()).unwrap_or(u32::MAX));
    frame.put_u32(crc32fast::hash(&frame));
    frame.put_slice(&head);
    frame.put_slice(payload.as_bytes());
    frame.put_u32(crc32fast::hash(&frame));
    frame.freeze()
}

/// An event of a converse stream.
pub(super) fn event(kind: &str, payload: &Value) -> Bytes {
    let headers = [
        (":event-type", kind),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ];
    frame(&headers, payload)
}

/// An exception in the middle of a stream.
pub(super) fn exception(kind: &str, payload: &Value) -> Bytes {
    let headers = [
        (":exception-type", kind),
        (":content-type", "application/json"),
        (":message-type", "exception"),
    ];
    frame(&headers, payload)
}

const PRELUDE: usize = 12;
const CRC: usize = 4;
/// The header value type of a string.
const STRING: u8 = 7;
