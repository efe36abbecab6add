use std::{
    io::{self, IoSlice},
    mem,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{drain::Drain, queue};

/// A socket whose writes may wait until the thread has nothing left to run.
///
/// What is written counts as flushed: it will be written in a moment, by whoever runs the thread. If the
/// socket does not take it then, the connection is not ready for more until it has. More than 16 KiB
/// at once are not copied, but written.
///
/// Dropped, it writes what it has and the socket takes.
#[derive(Debug)]
pub struct Batched<S: AsyncWrite + Unpin> {
    shared: Arc<Shared<S>>,
}

#[derive(Debug)]
pub(super) struct Shared<S> {
    inner: Mutex<Inner<S>>,
    /// Whether the socket did not take what was written, or failed: seldom, and asked often.
    unsettled: AtomicBool,
}

#[derive(Debug)]
pub(super) struct Inner<S> {
    io: S,
    held: Vec<u8>,
    /// Bytes of `held` that are written.
    written: usize,
    /// Whether a thread will flush it.
    queued: bool,
    /// What is written to the socket now, if that has not taken all of it.
    pub(super) draining: Draining,
    failed: Option<io::Error>,
    /// Who writes, or waits for what is held to be written.
    waiting: Option<Waker>,
}

/// Whether a task waits for a socket that has not taken all.
#[derive(Debug)]
pub(super) enum Draining {
    No,
    /// The task, once it was polled.
    Task(Option<Waker>),
    /// There is nobody left to write for.
    Dropped,
}

impl<S: AsyncWrite + Unpin> Batched<S> {
    /// Wraps a connection.
    pub fn new(io: S) -> Self {
        Self {
            shared: Arc::new(Shared {
                inner: Mutex::new(Inner {
                    io,
                    held: Vec::new(),
                    written: 0,
                    queued: false,
                    draining: Draining::No,
                    failed: None,
                    waiting: None,
                }),
                unsettled: AtomicBool::new(false),
            }),
        }
    }
}

impl<S> Shared<S> {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of a change to `inner`.
    pub(super) fn note(&self, inner: &Inner<S>) {
        let unsettled = inner.failed.is_some() || !matches!(inner.draining, Draining::No);
        self.unsettled.store(unsettled, Ordering::Release);
    }
}

impl<S: AsyncWrite + Unpin> Inner<S> {
    /// Writes what is held.
    pub(super) fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.held.len() {
            let rest = &self.held[self.written..];
            match ready!(Pin::new(&mut self.io).poll_write(cx, rest)) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(written) => self.written += written,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        self.let_go();
        Poll::Ready(Ok(()))
    }

    /// There is nothing to be written any more, or it cannot be.
    pub(super) fn settle(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.failed = Some(error);
            self.let_go();
        }
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
    }

    fn let_go(&mut self) {
        self.written = 0;
        if self.held.capacity() > 0 {
            queue::put_back(mem::take(&mut self.held));
        }
    }

    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Err(error));
        }
        let polled = match self.draining {
            Draining::No => self.poll_held(cx),
            // One task at a time waits for a socket.
            _ => Poll::Pending,
        };
        if polled.is_pending() {
            self.waiting = Some(cx.waker().clone());
        }
        polled
    }
}

impl<S> queue::Held for Shared<S>
where
    S: AsyncWrite + Unpin + Send + 'static,
{
    fn flush(self: Arc<Self>) {
        let mut inner = self.lock();
        inner.queued = false;
        if !matches!(inner.draining, Draining::No) {
            return;
        }
        let mut nobody = Context::from_waker(Waker::noop());
        match inner.poll_held(&mut nobody) {
            Poll::Ready(Ok(())) => inner.settle(Ok(())),
            Poll::Ready(Err(error)) => {
                inner.settle(Err(error));
                self.note(&inner);
            }
            Poll::Pending => {
                inner.draining = Draining::Task(None);
                self.note(&inner);
                drop(inner);
                Drain::spawn(self);
            }
        }
    }
}

impl<S> Batched<S>
where
    S: AsyncWrite + Unpin + Send + 'static,
{
    fn poll_hold(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut inner = self.shared.lock();
        let len = bufs.iter().map(|buf| buf.len()).sum();
        let fits = inner.held.len() + len <= HOLD && queue::is_on();
        if !fits || inner.failed.is_some() || !matches!(inner.draining, Draining::No) {
            let rest = inner.poll_rest(cx);
            self.shared.note(&inner);
            ready!(rest)?;
            return Pin::new(&mut inner.io).poll_write_vectored(cx, bufs);
        }
        if inner.held.capacity() == 0 {
            inner.held = queue::buffer();
        }
        for buf in bufs {
            inner.held.extend_from_slice(buf);
        }
        if !mem::replace(&mut inner.queued, true) {
            drop(inner);
            queue::add(Arc::clone(&self.shared) as Arc<dyn queue::Held>);
        }
        Poll::Ready(Ok(len))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Batched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.shared.lock().io).poll_read(cx, buf)
    }
}

impl<S> AsyncWrite for Batched<S>
where
    S: AsyncWrite + Unpin + Send + 'static,
{
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_hold(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_hold(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// What is held is with a thread that writes it, and a socket itself holds nothing back.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.shared.unsettled.load(Ordering::Acquire) {
            return Poll::Ready(Ok(()));
        }
        let mut inner = self.shared.lock();
        let rest = inner.poll_rest(cx);
        self.shared.note(&inner);
        rest
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.shared.lock();
        ready!(inner.poll_rest(cx))?;
        Pin::new(&mut inner.io).poll_shutdown(cx)
    }
}

impl<S: AsyncWrite + Unpin> Drop for Batched<S> {
    fn drop(&mut self) {
        let mut inner = self.shared.lock();
        match mem::replace(&mut inner.draining, Draining::Dropped) {
            Draining::No => {
                // There is nobody left to be told.
                _ = inner.poll_held(&mut Context::from_waker(Waker::noop()));
            }
            Draining::Task(Some(task)) => task.wake(),
            Draining::Task(None) | Draining::Dropped => {}
        }
    }
}

/// Bytes that are copied rather than written at once.
const HOLD: usize = 16 << 10;
