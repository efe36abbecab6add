use std::{
    future::Future as _,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf as _, Bytes};
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use tokio::time::Sleep;

use super::{connection::LINGER_BYTES, state::State};

/// The connection's IO: gives what was read while the protocol was found out, tells the connection's
/// state what moves, writes interim answers between hyper's own writes, and ends a connection so that
/// its last answer arrives.
#[derive(Debug)]
pub(super) struct Watched<T> {
    inner: T,
    read_before: Bytes,
    state: Arc<State>,
    linger: Linger,
    /// What is written of an interim answer has to be written to its end.
    interim: Bytes,
    /// Whether hyper may hold a part of an answer.
    dirty: bool,
}

/// What is left to do after the last write.
#[derive(Debug)]
enum Linger {
    /// Shut the writing side down.
    Shutdown,
    /// Read what the client is still sending: closing on unread bytes resets the connection, and
    /// with it an answer – 413, 431 – that the client has not read yet.
    Read {
        discarded: u64,
        until: Option<Pin<Box<Sleep>>>,
    },
}

const TIMED_OUT: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// How long a client that is still sending is listened to.
const LINGER: Duration = Duration::from_secs(1);

impl<T> Watched<T> {
    pub(super) const fn new(inner: T, read_before: Bytes, state: Arc<State>) -> Self {
        Self {
            inner,
            read_before,
            state,
            linger: Linger::Shutdown,
            interim: Bytes::new(),
            dirty: false,
        }
    }
}

impl<T: Read + Write + Unpin> Read for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.state.is_timed_out() {
            return self.poll_timed_out(cx);
        }
        if !self.read_before.is_empty() {
            let take = self.read_before.len().min(buf.remaining());
            buf.put_slice(&self.read_before[..take]);
            self.read_before.advance(take);
            if self.read_before.is_empty() {
                // An empty `Bytes` would keep its buffer for the connection's life.
                self.read_before = Bytes::new();
            }
            return Poll::Ready(Ok(()));
        }
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if polled.is_ready() {
            self.state.on_read();
        }
        polled
    }
}

impl<T: Write + Unpin> Watched<T> {
    /// Tells a client whose head never ended why nothing more is read of it, as hyper does not, and
    /// has hyper take it for gone. A client that has not taken the answer before gets no other.
    fn poll_timed_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.dirty {
            self.dirty = true;
            // So few bytes fit into the socket of a client that has taken everything else.
            let written = Pin::new(&mut self.inner).poll_write(cx, TIMED_OUT);
            if matches!(written, Poll::Ready(Ok(_))) {
                ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: Read + Unpin> Watched<T> {
    /// Reads until the client closes, sends nothing, or has been listened to for long enough.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Linger::Read { discarded, until } = &mut self.linger else {
            return Poll::Ready(());
        };
        loop {
            let mut space = [0; 4096];
            let mut buf = ReadBuf::new(&mut space);
            match Pin::new(&mut self.inner).poll_read(cx, buf.unfilled()) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    *discarded += buf.filled().len() as u64;
                    if *discarded > LINGER_BYTES {
                        return Poll::Ready(());
                    }
                    until.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
                }
                Poll::Ready(_) => return Poll::Ready(()),
                // A client that was not sending has nothing to be read.
                Poll::Pending => {
                    return match until {
                        Some(until) => until.as_mut().poll(cx),
                        None => Poll::Ready(()),
                    };
                }
            }
        }
    }
}

impl<T: Write + Unpin> Watched<T> {
    /// Writes interim answers where hyper is between two writes of its own.
    fn poll_interim(&mut self, cx: &mut Context<'_>, flushed: bool) -> Poll<io::Result<()>> {
        let Some(interims) = self.state.interims() else {
            return Poll::Ready(Ok(()));
        };
        let next = if flushed {
            interims.flushed()
        } else {
            interims.before_write()
        };
        if !next.is_empty() {
            self.interim = [&self.interim[..], &next].concat().into();
        }
        if self.interim.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while !self.interim.is_empty() {
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.interim))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.interim.advance(written);
        }
        Pin::new(&mut self.inner).poll_flush(cx)
    }
}

impl<T: Read + Write + Unpin> Write for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_interim(cx, false))?;
        self.dirty = true;
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        if written.is_ready() {
            self.state.on_write();
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_interim(cx, false))?;
        self.dirty = true;
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        if written.is_ready() {
            self.state.on_write();
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        ready!(self.poll_interim(cx, true))?;
        self.dirty = false;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.as_mut().get_mut();
        if matches!(this.linger, Linger::Shutdown) {
            ready!(Pin::new(&mut this.inner).poll_shutdown(cx))?;
            this.linger = Linger::Read {
                discarded: 0,
                until: None,
            };
        }
        this.poll_linger(cx).map(Ok)
    }
}
