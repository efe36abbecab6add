use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use super::Body;

/// A body of which hyper has read all there is so far.
///
/// One with a length that is there already becomes a single buffer: whoever would hold something
/// until its end, or time it, sees that there is nothing to wait for. Of any other nothing is lost.
/// Without a length it stays a stream, as which it is passed on.
///
/// Where a client waits to be told to send its body, this asks for it.
#[must_use]
pub fn arrived(mut incoming: Incoming) -> Body {
    if incoming.size_hint().exact().is_none() || incoming.is_end_stream() {
        return Body::new(incoming);
    }
    // Whoever reads on is woken for the rest.
    let mut noop = Context::from_waker(Waker::noop());
    match Pin::new(&mut incoming).poll_frame(&mut noop) {
        Poll::Ready(Some(Ok(frame))) if incoming.is_end_stream() => {
            frame.into_data().map_or_else(|_| Body::empty(), Body::from)
        }
        Poll::Ready(first @ Some(_)) => Body::new(Begun {
            first,
            rest: incoming,
        }),
        Poll::Ready(None) | Poll::Pending => Body::new(incoming),
    }
}

/// A body of which the first piece was taken out.
struct Begun<B: HttpBody> {
    first: Option<Result<Frame<Bytes>, B::Error>>,
    rest: B,
}

impl<B> HttpBody for Begun<B>
where
    B: HttpBody<Data = Bytes, Error: Unpin> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.as_ref().and_then(|first| first.as_ref().ok());
        let taken = first.and_then(Frame::data_ref).map_or(0, Bytes::len) as u64;
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + taken);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + taken);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::collect;

    #[tokio::test]
    async fn what_was_taken_out_comes_first_and_counts() {
        let first = Some(Ok(Frame::data(Bytes::from_static(b"one "))));
        let rest = Body::from("two");
        let body = Begun { first, rest };
        assert!(!body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(7));
        let (bytes, _) = collect(body, 10).await.unwrap().into_parts();
        assert_eq!(bytes, "one two");
    }
}
