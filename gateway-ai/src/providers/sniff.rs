//! Whether a body that is labelled as JSON is JSON.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use gateway_core::{Body, BoxError};
use http_body::{Body as HttpBody, Frame, SizeHint};

/// Reads `body` up to its first byte that is not white space and gives it back whole, and that byte:
/// `{` or `[` begin a JSON text. Servers exist that label a stream of events as JSON, and others that
/// answer a request for a stream with a JSON error; the label tells them apart for nobody.
pub(super) async fn first(mut body: Body) -> Result<(Option<u8>, Body), BoxError> {
    let mut read = Vec::new();
    loop {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let Some(frame) = frame else {
            return Ok((
                None,
                Body::new(Prefixed {
                    read,
                    at: 0,
                    rest: body,
                }),
            ));
        };
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        let first = data
            .iter()
            .copied()
            .find(|byte| !byte.is_ascii_whitespace());
        read.push(data);
        match first {
            Some(_) => {
                return Ok((
                    first,
                    Body::new(Prefixed {
                        read,
                        at: 0,
                        rest: body,
                    }),
                ));
            }
            None if read.len() > BLANK_FRAMES => return Err("the body is blank".into()),
            None => {}
        }
    }
}

/// More frames of nothing than this are an attack, not an answer.
const BLANK_FRAMES: usize = 64;

/// What was read, then the rest.
#[derive(Debug)]
struct Prefixed {
    read: Vec<Bytes>,
    at: usize,
    rest: Body,
}

impl HttpBody for Prefixed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let at = self.at;
        if let Some(data) = self.read.get_mut(at).map(std::mem::take) {
            self.at += 1;
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        Pin::new(&mut self.rest).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.at >= self.read.len() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let left: u64 = self.read.iter().map(|data| data.len() as u64).sum();
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + left);
        }
        hint.set_lower(rest.lower() + left);
        hint
    }
}

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
            (&[][..], None),
        ] {
            let (byte, body) = first(frames(parts, None)).await.unwrap();
            assert_eq!(byte, expected, "{parts:?}");
            let read = collect(body, 100).await.unwrap();
            assert_eq!(read.bytes(), parts.concat().as_bytes());
        }
    }
}
