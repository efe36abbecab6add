use std::{
    any::Any,
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use gateway_core::{TunnelBytes, TunnelEnd};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    sync::watch,
};
use tokio_util::io::InspectReader;

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

    /// Carries bytes between the two sides once both have left HTTP. `held` is kept to the end, of
    /// which the observer is told by what is returned.
    pub(crate) fn spawn<U>(
        &self,
        client: OnUpgrade,
        upstream: impl Future<Output = hyper::Result<U>> + Send + 'static,
        held: impl Send + 'static,
    ) -> TunnelEnd
    where
        U: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.run(held, |moved| async move {
            carry(client, upstream, &moved).await
        })
    }

    /// Runs what happens on an upgraded connection until it is over, is closed, or nothing has moved
    /// for too long.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one task per request there is: `Tunnels` counts it and ends it"
    )]
    pub(super) fn run<F>(
        &self,
        held: impl Send + 'static,
        work: impl FnOnce(Arc<Moved>) -> F,
    ) -> TunnelEnd
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let mut closing = self.close.subscribe();
        let idle = self.idle;
        let end = TunnelEnd::new();
        let ending = end.clone();
        let moved = Arc::new(Moved::default());
        let work = work(Arc::clone(&moved));
        tokio::spawn(async move {
            let _held = held;
            let over = tokio::select! {
                over = work => over,
                () = silence(&moved, idle) => Err(io::ErrorKind::TimedOut.into()),
                () = told(&mut closing) => Ok(()),
            };
            if let Err(error) = over {
                tracing::debug!(%error, "tunnel ended");
            }
            ending.end(moved.bytes());
        });
        end
    }
}

impl Default for Tunnels {
    fn default() -> Self {
        Self::new()
    }
}

async fn carry<U>(
    client: OnUpgrade,
    upstream: impl Future<Output = hyper::Result<U>>,
    moved: &Moved,
) -> io::Result<()>
where
    U: AsyncRead + AsyncWrite + Unpin,
{
    let both = async { tokio::try_join!(client, upstream) };
    let (client, upstream) = tokio::time::timeout(UPGRADE_WITHIN, both)
        .await?
        .map_err(io::Error::other)?;
    let mut client = InspectReader::new(TokioIo::new(client), count(&moved.received));
    let mut upstream = InspectReader::new(upstream, count(&moved.sent));
    copy_bidirectional(&mut client, &mut upstream)
        .await
        .map(|_| ())
}

fn count(bytes: &AtomicU64) -> impl FnMut(&[u8]) {
    |read| {
        bytes.fetch_add(read.len() as u64, Ordering::Relaxed);
    }
}

/// Resolves when all tunnels are to close. Where nobody is left who could say so, as after a proxy was
/// replaced by another, a tunnel stays open for as long as its two ends want it.
async fn told(closing: &mut watch::Receiver<bool>) {
    if closing.wait_for(|close| *close).await.is_err() {
        std::future::pending().await
    }
}

/// Resolves when nothing has moved for `idle`.
async fn silence(moved: &Moved, idle: Duration) {
    let mut before = moved.bytes();
    loop {
        tokio::time::sleep(idle).await;
        let now = moved.bytes();
        if now == before {
            return;
        }
        before = now;
    }
}

/// Bytes that were read of either side.
#[derive(Default)]
pub(super) struct Moved {
    pub(super) received: AtomicU64,
    pub(super) sent: AtomicU64,
}

impl Moved {
    fn bytes(&self) -> TunnelBytes {
        TunnelBytes {
            received: self.received.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
        }
    }
}

/// Something that lives as long as the tunnel a request turns into: a request extension, since the
/// response that opens a tunnel has no body to keep it in.
#[derive(Clone)]
pub(crate) struct Hold {
    _held: Arc<dyn Any + Send + Sync>,
}

impl Hold {
    /// Holds `held`, beside what layers outside have put there.
    #[cfg(any(feature = "balance", feature = "concurrency"))]
    pub(crate) fn add(extensions: &mut http::Extensions, held: impl Any + Send + Sync) {
        let outer = extensions.remove::<Self>();
        extensions.insert(Self {
            _held: Arc::new((outer, held)),
        });
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").finish_non_exhaustive()
    }
}

/// Something a server wants to live as long as the tunnel a request turns into, such as its place
/// among the requests under way: a request extension.
///
/// An HTTP/2 connection may otherwise look idle to its server while all it has is tunnels.
#[derive(Clone)]
pub struct WhileOpen {
    _held: Arc<dyn Any + Send + Sync>,
}

impl WhileOpen {
    /// Keeps `held` until the tunnel has ended, or the request was answered without one.
    pub fn new(held: impl Any + Send + Sync) -> Self {
        Self {
            _held: Arc::new(held),
        }
    }
}

impl fmt::Debug for WhileOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WhileOpen").finish_non_exhaustive()
    }
}

/// Both sides have sent their heads by then; only a peer that stalls on purpose takes longer.
pub(super) const UPGRADE_WITHIN: Duration = Duration::from_secs(10);
