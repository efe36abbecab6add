use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

/// What was read of a body, then the rest of it.
#[derive(Debug)]
pub(crate) struct Prefixed<I, B> {
    read: I,
    /// How many bytes are left of what was read.
    left: u64,
    rest: B,
}

impl<I, B> Prefixed<I, B> {
    pub(crate) fn new<R>(read: R, rest: B) -> Self
    where
        R: AsRef<[Bytes]> + IntoIterator<IntoIter = I>,
    {
        Self {
            left: read.as_ref().iter().map(|data| data.len() as u64).sum(),
            read: read.into_iter(),
            rest,
        }
    }
}

impl<I, B> HttpBody for Prefixed<I, B>
where
    I: ExactSizeIterator<Item = Bytes> + Unpin,
    B: HttpBody<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Some(data) = self.read.next() {
            self.left -= data.len() as u64;
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        Pin::new(&mut self.rest).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.read.len() == 0 && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(self.left));
        }
        hint.set_lower(rest.lower().saturating_add(self.left));
        hint
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::Body;

    use super::*;

    #[tokio::test]
    async fn the_length_is_what_is_left() {
        let read = [Bytes::from_static(b"ab"), Bytes::from_static(b"c")];
        let mut body = Prefixed::new(read, Body::from("defg"));
        for (left, data) in [(7, "ab"), (5, "c"), (4, "defg")] {
            assert_eq!(body.size_hint().exact(), Some(left));
            assert!(!body.is_end_stream());
            let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
            let frame = frame.expect("a frame").expect("no error");
            assert_eq!(frame.into_data().expect("data"), data);
        }
        assert!(body.is_end_stream());
    }
}
