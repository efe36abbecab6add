//! Whether a body that is labelled as JSON is JSON.

use std::pin::Pin;

use bytes::Bytes;
use gateway_core::{Body, BoxError, body::Prefixed};
use http_body::{Body as _, Frame};

use crate::json::BYTE_ORDER_MARK;

/// Reads `body` up to its first byte that is neither white space nor of a byte order mark and gives it back whole, and that byte:
/// `{` or `[` begin a JSON text. Servers exist that label a stream of events as JSON, and others that
/// answer a request for a stream with a JSON error; the label tells them apart for nobody.
pub(super) async fn first(mut body: Body) -> Result<(Option<u8>, Body), BoxError> {
    let mut read = Vec::new();
    loop {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let Some(frame) = frame else {
            return Ok((None, Body::new(again(read, body))));
        };
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        let first = data
            .iter()
            .copied()
            .find(|byte| !byte.is_ascii_whitespace() && !BYTE_ORDER_MARK.contains(byte));
        read.push(data);
        match first {
            Some(_) => return Ok((first, Body::new(again(read, body)))),
            None if read.len() > BLANK_FRAMES => return Err("the body is blank".into()),
            None => {}
        }
    }
}

fn again(read: Vec<Bytes>, rest: Body) -> Prefixed<Body> {
    Prefixed::new(read.into_iter().map(|data| Ok(Frame::data(data))), rest)
}

/// More frames of nothing than this are an attack, not an answer.
const BLANK_FRAMES: usize = 64;

#[cfg(test)]
mod tests {
    use gateway_core::{body::collect, testing::frames};

    use super::*;

    #[tokio::test]
    async fn looks_past_white_space_and_gives_everything_back() {
        for (parts, expected) in [
            (&[" \n", "{\"a\"", ":1}"][..], Some(b'{')),
            (&["\r\n", "data: {}\n\n"][..], Some(b'd')),
            (&["event: x\n"][..], Some(b'e')),
            (&["[1]"][..], Some(b'[')),
            (&["\u{feff}", " {}"][..], Some(b'{')),
            (&["\u{feff}data: {}\n\n"][..], Some(b'd')),
            (&[][..], None),
        ] {
            let (byte, body) = first(frames(parts, None)).await.unwrap();
            assert_eq!(byte, expected, "{parts:?}");
            let read = collect(body, 100).await.unwrap();
            assert_eq!(read.bytes(), parts.concat().as_bytes());
        }
    }
}
