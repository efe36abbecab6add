use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use http_body::Body as _;
use hyper::body::Incoming;

use super::{Body, Prefixed};

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
        Poll::Ready(Some(first)) => Body::new(Prefixed::new([first], incoming)),
        Poll::Ready(None) | Poll::Pending => Body::new(incoming),
    }
}
