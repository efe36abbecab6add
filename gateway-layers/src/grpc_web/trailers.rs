//! Trailers as a last frame of the body. No I/O.

use bytes::{BufMut as _, Bytes, BytesMut};
use http::HeaderMap;

/// The frame that holds `trailers`: the flag, the length, and lines as HTTP/1 writes them.
pub(super) fn frame(trailers: &HeaderMap) -> Bytes {
    let lines = trailers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum::<usize>();
    let mut frame = BytesMut::with_capacity(5 + lines);
    frame.put_u8(TRAILERS);
    // hyper bounds the trailers it reads far below 4 GiB.
    frame.put_u32(u32::try_from(lines).unwrap_or(u32::MAX));
    for (name, value) in trailers {
        frame.put_slice(name.as_str().as_bytes());
        frame.put_slice(b": ");
        frame.put_slice(value.as_bytes());
        frame.put_slice(b"\r\n");
    }
    frame.freeze()
}

/// The most significant bit of a frame's flags.
const TRAILERS: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_after_flag_and_length() {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
        trailers.append("a", http::HeaderValue::from_static("1"));
        trailers.append("a", http::HeaderValue::from_static("2"));
        let frame = frame(&trailers);
        assert_eq!(frame[..5], [0x80, 0, 0, 0, 28]);
        assert_eq!(&frame[5..], b"grpc-status: 0\r\na: 1\r\na: 2\r\n");
    }
}
