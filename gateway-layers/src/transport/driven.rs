//! Responses that run the connection they come from.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use gateway_core::{Body, Response, body};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use super::{origin::Inner, pool::H1};

/// Passes on a response, and puts its connection back into the pool when it is over.
pub(super) fn respond(
    response: http::Response<Incoming>,
    mut conn: H1,
    origin: &Arc<Inner>,
) -> Response {
    // Often all of a small response came with its head.
    if conn.is_free() {
        origin.put(conn);
        return response.map(body::arrived);
    }
    response.map(|incoming| {
        if incoming.is_end_stream() {
            return Body::empty();
        }
        Body::new(Driven {
            incoming,
            conn: Some(conn),
            origin: Arc::clone(origin),
        })
    })
}

/// A response body, and the connection it comes from. Dropped before its end it closes the
/// connection, which is how HTTP/1 cancels.
struct Driven {
    incoming: Incoming,
    conn: Option<H1>,
    origin: Arc<Inner>,
}

impl Driven {
    fn next(&mut self) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        // What comes out of the channel was put there by the connection, run by this very task.
        let mut noop = Context::from_waker(Waker::noop());
        let next = Pin::new(&mut self.incoming).poll_frame(&mut noop);
        let over = matches!(next, Poll::Ready(None)) || self.incoming.is_end_stream();
        if over
            && let Some(mut conn) = self.conn.take()
            && conn.is_free()
        {
            self.origin.put(conn);
        }
        next
    }
}

impl HttpBody for Driven {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if let Some(conn) = &self.conn {
            conn.be_quiet();
        }
        if let Poll::Ready(frame) = self.next() {
            return Poll::Ready(frame);
        }
        if let Some(conn) = &mut self.conn
            && conn.run().is_ready()
        {
            // What it has read is in the channel, and that it is gone is how the channel ends.
            self.conn = None;
        }
        let next = self.next();
        if next.is_pending()
            && let Some(conn) = &self.conn
        {
            conn.listen(cx);
        }
        next
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
