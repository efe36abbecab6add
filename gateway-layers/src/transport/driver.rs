use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll},
};

use gateway_core::Body;
use hyper::client::conn::http2;
use hyper_util::rt::TokioExecutor;
use pin_project_lite::pin_project;

use super::{
    origin,
    pool::{H1, Slot, Streams},
    stream::Stream,
};

pin_project! {
    /// Runs one HTTP/1 connection, and gives its sender back to the pool when a response is over.
    ///
    /// `C` is hyper's upgradeable connection, which has no public name.
    pub(super) struct H1Driver<C> {
        #[pin]
        conn: C,
        slot: Arc<Slot>,
        origin: Weak<origin::Inner>,
    }
}

impl<C> H1Driver<C> {
    pub(super) const fn new(conn: C, slot: Arc<Slot>, origin: Weak<origin::Inner>) -> Self {
        Self { conn, slot, origin }
    }
}

impl<C: Future<Output = hyper::Result<()>>> Future for H1Driver<C> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        match this.conn.poll(cx) {
            Poll::Ready(ended) => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "upstream connection ended");
                }
                Poll::Ready(())
            }
            Poll::Pending => {
                if let Some(sender) = this.slot.release()
                    && let Some(origin) = this.origin.upgrade()
                {
                    origin.put(H1 {
                        sender,
                        slot: Arc::clone(this.slot),
                    });
                }
                Poll::Pending
            }
        }
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
            Poll::Ready(ended) => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "upstream connection ended");
                }
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
