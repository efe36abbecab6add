use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll},
};

use gateway_core::Body;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioExecutor;
use pin_project_lite::pin_project;

use super::{
    origin,
    pool::{H1, Slot, Streams, ended},
    stream::Stream,
};

/// Runs an HTTP/1 connection whose request is still being sent, and gives it back to the pool when
/// the response is over.
///
/// A client may read nothing of a response before it has sent all of its request. So a request that
/// comes in pieces must go on while nobody asks for the response.
#[derive(Debug)]
pub(super) struct H1Driver {
    conn: Option<Box<http1::Connection<Stream, Body>>>,
    slot: Arc<Slot>,
    origin: Weak<origin::Inner>,
}

impl H1Driver {
    pub(super) const fn new(
        conn: Box<http1::Connection<Stream, Body>>,
        slot: Arc<Slot>,
        origin: Weak<origin::Inner>,
    ) -> Self {
        Self {
            conn: Some(conn),
            slot,
            origin,
        }
    }
}

impl Future for H1Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(conn) = &mut self.conn else {
            return Poll::Ready(());
        };
        if let Poll::Ready(result) = Pin::new(&mut **conn).poll(cx) {
            ended(result);
            return Poll::Ready(());
        }
        let Some(sender) = self.slot.release(cx) else {
            return Poll::Pending;
        };
        if let (Some(conn), Some(origin)) = (self.conn.take(), self.origin.upgrade()) {
            origin.put(H1::new(sender, conn));
        }
        Poll::Ready(())
    }
}

pin_project! {
    /// Runs one HTTP/2 connection, and notes what the peer allows.
    pub(super) struct H2Driver {
        #[pin]
        conn: http2::Connection<Stream, Body, TokioExecutor>,
        streams: Arc<Streams>,
    }
}

impl H2Driver {
    pub(super) const fn new(
        conn: http2::Connection<Stream, Body, TokioExecutor>,
        streams: Arc<Streams>,
    ) -> Self {
        Self { conn, streams }
    }
}

impl Future for H2Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        match this.conn.as_mut().poll(cx) {
            Poll::Ready(result) => {
                ended(result);
                Poll::Ready(())
            }
            Poll::Pending => {
                this.streams.noted_by(cx.waker());
                this.streams.set_max(this.conn.current_max_send_streams());
                let offered = this.conn.is_extended_connect_protocol_enabled();
                this.streams.set_extended_connect(offered);
                Poll::Pending
            }
        }
    }
}
