use std::{
    any::Any,
    fmt, io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional},
    sync::watch,
};

/// Upgraded connections: how many there are, how long one may be silent, and their end.
///
/// An upgraded connection has left HTTP: no layer sees it, no response body ends with it. Each is
/// one task, and this is what knows them all. Clones share it.
#[derive(Clone, Debug)]
pub struct Tunnels {
    close: watch::Sender<bool>,
    idle: Duration,
}

impl Tunnels {
    /// A tracker. A tunnel that is silent in both directions is closed after ten minutes.
    #[must_use]
    pub fn new() -> Self {
        Self {
            close: watch::Sender::new(false),
            idle: Duration::from_secs(600),
        }
    }

    /// How long a tunnel may be silent; it is closed between once and twice this time. Defaults to
    /// ten minutes.
    #[must_use]
    pub const fn idle_timeout(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// How many tunnels are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.close.receiver_count()
    }

    /// Closes all tunnels, and those that are opened later as well.
    pub fn close(&self) {
        self.close.send_replace(true);
    }

    /// Resolves when no tunnel is open. For draining: wait for this as long as you care to, then
    /// [`close`](Self::close) what is left.
    pub async fn closed(&self) {
        self.close.closed().await;
    }

    /// Carries bytes between the two sides once both have left HTTP. `held` is kept to the end.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one task per request there is: `Tunnels` counts it and ends it"
    )]
    pub(super) fn spawn(&self, client: OnUpgrade, upstream: OnUpgrade, held: impl Send + 'static) {
        let closing = self.close.subscribe();
        let idle = self.idle;
        tokio::spawn(async move {
            let _held = held;
            if let Err(error) = carry(client, upstream, closing, idle).await {
                tracing::debug!(%error, "tunnel ended");
            }
        });
    }
}

impl Default for Tunnels {
    fn default() -> Self {
        Self::new()
    }
}

async fn carry(
    client: OnUpgrade,
    upstream: OnUpgrade,
    mut closing: watch::Receiver<bool>,
    idle: Duration,
) -> io::Result<()> {
    let both = async { tokio::try_join!(client, upstream) };
    let (client, upstream) = tokio::time::timeout(UPGRADE_WITHIN, both)
        .await?
        .map_err(io::Error::other)?;
    let moved = Arc::new(AtomicU64::new(0));
    let mut client = Counted::new(TokioIo::new(client), &moved);
    let mut upstream = Counted::new(TokioIo::new(upstream), &moved);
    tokio::select! {
        copied = copy_bidirectional(&mut client, &mut upstream) => copied.map(|_| ()),
        () = silence(&moved, idle) => Err(io::ErrorKind::TimedOut.into()),
        _ = closing.wait_for(|close| *close) => Ok(()),
    }
}

/// Resolves when nothing has moved for `idle`.
async fn silence(moved: &AtomicU64, idle: Duration) {
    let mut before = moved.load(Ordering::Relaxed);
    loop {
        tokio::time::sleep(idle).await;
        let now = moved.load(Ordering::Relaxed);
        if now == before {
            return;
        }
        before = now;
    }
}

/// Counts reads that brought something.
struct Counted<T> {
    io: T,
    moved: Arc<AtomicU64>,
}

impl<T> Counted<T> {
    fn new(io: T, moved: &Arc<AtomicU64>) -> Self {
        Self {
            io,
            moved: Arc::clone(moved),
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Counted<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        if polled.is_ready() {
            self.moved.fetch_add(1, Ordering::Relaxed);
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Counted<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Something that lives as long as the tunnel a request turns into: a request extension, since the
/// response that opens a tunnel has no body to keep it in.
#[derive(Clone)]
pub(crate) struct Hold {
    _held: Arc<dyn Any + Send + Sync>,
}

impl Hold {
    #[cfg(feature = "balance")]
    pub(crate) fn new(held: impl Any + Send + Sync) -> Self {
        Self {
            _held: Arc::new(held),
        }
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").finish_non_exhaustive()
    }
}

/// Both sides have sent their heads by then; only a peer that stalls on purpose takes longer.
const UPGRADE_WITHIN: Duration = Duration::from_secs(10);
