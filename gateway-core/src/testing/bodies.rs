use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::{Body, BoxError};

/// A body of scripted frames, each given after one `Pending`, so that nothing passes by luck.
///
/// Its `size_hint` is exact and its `is_end_stream` is true exactly when no frame remains: the
/// reference that a wrapper is compared with.
#[derive(Debug)]
pub struct Frames {
    frames: VecDeque<Result<Frame<Bytes>, BoxError>>,
    yielded: bool,
}

/// A body that gives `parts` as data frames and then, if there are any, `trailers`.
#[must_use]
pub fn frames(parts: &[&'static str], trailers: Option<HeaderMap>) -> Body {
    let data = parts
        .iter()
        .map(|part| Ok(Frame::data(Bytes::from_static(part.as_bytes()))));
    let trailers = trailers.map(|trailers| Ok(Frame::trailers(trailers)));
    Body::new(Frames {
        frames: data.chain(trailers).collect(),
        yielded: false,
    })
}

/// A body that gives `parts` and then fails.
#[must_use]
pub fn failing(parts: &[&'static str]) -> Body {
    let data = parts
        .iter()
        .map(|part| Ok(Frame::data(Bytes::from_static(part.as_bytes()))));
    let error = std::iter::once(Err(BoxError::from("the scripted body fails here")));
    Body::new(Frames {
        frames: data.chain(error).collect(),
        yielded: false,
    })
}

/// Trailers with one field, `x-trailer: kept`.
#[must_use]
pub fn trailers() -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-trailer", HeaderValue::from_static("kept"));
    trailers
}

impl HttpBody for Frames {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.yielded = !self.yielded;
        if self.yielded && !self.frames.is_empty() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.frames.pop_front())
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.frames.iter().flatten().filter_map(Frame::data_ref);
        SizeHint::with_exact(left.map(|data| data.len() as u64).sum())
    }
}
