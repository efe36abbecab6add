//! Request bodies that came with their heads.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use gateway_core::{Body, Request};
use http::{Version, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

/// The request with its body in memory, if all of it is there: nothing of it has to be waited for,
/// and a proxy need not read on beside the answer.
///
/// Where the client waits to be asked for the body, it is not asked yet.
pub(super) fn arrived(request: http::Request<Incoming>) -> Request {
    let may_ask = request.version() < Version::HTTP_2
        && !request.body().is_end_stream()
        && request.body().size_hint().exact().is_some()
        && !request.headers().contains_key(header::EXPECT);
    request.map(|body| {
        if may_ask {
            begun(body)
        } else {
            Body::new(body)
        }
    })
}

fn begun(mut rest: Incoming) -> Body {
    // hyper has put there what it has read behind the head. Whoever reads on is woken for the rest.
    let mut noop = Context::from_waker(Waker::noop());
    match Pin::new(&mut rest).poll_frame(&mut noop) {
        Poll::Ready(Some(Ok(frame))) if rest.is_end_stream() => {
            frame.into_data().map_or_else(|_| Body::empty(), Body::from)
        }
        Poll::Ready(first @ Some(_)) => Body::new(Begun { first, rest }),
        Poll::Ready(None) | Poll::Pending => Body::new(rest),
    }
}

/// A body of which the first piece was taken out.
struct Begun {
    first: Option<Result<Frame<Bytes>, hyper::Error>>,
    rest: Incoming,
}

impl HttpBody for Begun {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
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
