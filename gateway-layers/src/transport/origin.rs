use std::{
    future::poll_fn,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, Weak},
    time::Duration,
};

use gateway_core::{Request, Response};
use http::{HeaderValue, Uri, uri};
use hyper::body::Incoming;
use tokio::task::unconstrained;

use super::{
    Protocol,
    connect::{Connector, Fresh},
    driver::H1Driver,
    error::{Error, Failed, Reason},
    form,
    handshake::{self, spawn},
    pool::{H1, H2, Pool, Reaper, Slot, ended},
    sending::{Exchange, Refused, Sending, unwritten},
    unix,
};

/// One scheme, host and port, with its connections: a [`Client`](super::Client) that need not
/// look up where a request goes. A clone is a reference count.
#[derive(Clone, Debug)]
pub struct Origin {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    connector: Connector,
    uri: Uri,
    /// Where to connect to instead of the host.
    socket: Option<Box<Path>>,
    host: HeaderValue,
    pool: Pool,
    idle_timeout: Duration,
    /// Held while a multiplexed connection is being made, so that a burst makes one and not many.
    connecting: tokio::sync::Mutex<()>,
}

pub(super) enum Conn {
    H1(H1),
    H2(H2),
}

impl Origin {
    /// `None` unless `uri` is absolute, `http` or `https`, or the target of a Unix socket.
    pub(super) fn new(
        connector: Connector,
        uri: &Uri,
        max_idle: usize,
        idle_timeout: Duration,
    ) -> Option<Self> {
        let inner = Inner::new(connector, uri, max_idle, idle_timeout)?;
        Some(Self {
            inner: Arc::new(inner),
        })
    }

    /// The value of `Host` for requests to this origin.
    #[must_use]
    pub fn host(&self) -> &HeaderValue {
        &self.inner.host
    }

    /// Whether a request to this origin may be answered with `101`: it may not if the client speaks
    /// HTTP/2 only.
    #[must_use]
    pub fn can_upgrade(&self) -> bool {
        self.inner.connector.protocol() != Protocol::Http2
    }

    /// How many connections are open and idle.
    #[must_use]
    pub fn idle_connections(&self) -> usize {
        self.inner.pool.idle()
    }

    /// Sends `request`: its path and query to this origin, its `Host` header as it is or, if it has
    /// none, this origin's. With `upgrade` it goes over HTTP/1.1, so that it can be answered with
    /// `101`.
    ///
    /// # Errors
    ///
    /// [`Failed`], with the request if it may be sent again.
    ///
    /// # Cancellation
    ///
    /// Dropping the future cancels the request.
    pub fn send(
        &self,
        request: Request,
        upgrade: bool,
    ) -> impl Future<Output = Result<Response, Failed>> + Send + use<> {
        self.inner.send(request, upgrade)
    }

    pub(super) fn is_unused(&self) -> bool {
        Arc::strong_count(&self.inner) == 1 && self.inner.pool.is_empty()
    }
}

impl Inner {
    fn new(
        connector: Connector,
        uri: &Uri,
        max_idle: usize,
        idle_timeout: Duration,
    ) -> Option<Self> {
        let socket = unix::socket(uri).map(PathBuf::into_boxed_path);
        let (scheme, authority) = match &socket {
            // What listens on a socket is this machine, and nobody has given it a name.
            Some(_) => (uri::Scheme::HTTP, uri::Authority::from_static("localhost")),
            None => (
                uri.scheme()?.clone(),
                form::without_userinfo(uri.authority()?)?,
            ),
        };
        if scheme != uri::Scheme::HTTP && scheme != uri::Scheme::HTTPS {
            return None;
        }
        let host = HeaderValue::from_str(authority.as_str()).ok()?;
        let mut parts = uri::Parts::default();
        parts.scheme = Some(scheme);
        parts.authority = Some(authority);
        parts.path_and_query = Some(uri::PathAndQuery::from_static("/"));
        Some(Self {
            connector,
            uri: Uri::from_parts(parts).ok()?,
            socket,
            host,
            pool: Pool::new(max_idle),
            idle_timeout,
            connecting: tokio::sync::Mutex::new(()),
        })
    }

    /// Hands the request to a pooled connection at once, so that the future need not hold it.
    fn send(
        self: &Arc<Self>,
        request: Request,
        upgrade: bool,
    ) -> impl Future<Output = Result<Response, Failed>> + Send + use<> {
        match self.pooled(upgrade) {
            Some(conn) => {
                let exchange = self.hand_over(conn, request, upgrade);
                Sending::pooled(exchange, Arc::clone(self), upgrade)
            }
            None => {
                let slow = Arc::clone(self).send_slowly(request, upgrade);
                Sending::slow(Box::pin(slow), Arc::clone(self), upgrade)
            }
        }
    }

    /// Goes on until the request is written or a fresh connection fails.
    ///
    /// A pooled connection may turn out to have been closed by the peer. Then nothing was written,
    /// hyper gives the request back, and it goes to the next one, at last to a fresh one.
    pub(super) async fn send_slowly(
        self: Arc<Self>,
        mut request: Request,
        upgrade: bool,
    ) -> Result<Response, Failed> {
        let mut tries = 0;
        loop {
            let pooled = if tries < MAX_POOLED {
                self.pooled(upgrade)
            } else {
                None
            };
            let reused = pooled.is_some();
            let conn = match pooled {
                Some(conn) => conn,
                None => match self.connect_in_time(upgrade).await {
                    Ok(conn) => conn,
                    Err(error) => return Err(Failed::unsent(error, request)),
                },
            };
            let mut exchange = pin!(self.hand_over(conn, request, upgrade));
            let refused = match poll_fn(|cx| exchange.as_mut().poll(&self, cx)).await {
                Ok(response) => return Ok(response),
                Err(refused) => refused,
            };
            match unwritten(refused)? {
                (unsent, _) if reused => {
                    // Where one was closed others may be: a peer that restarts closes all.
                    self.pool.sweep();
                    request = unsent;
                }
                (unsent, error) => return Err(Failed::unsent(error, unsent)),
            }
            tries += 1;
        }
    }

    fn hand_over(
        self: &Arc<Self>,
        conn: Conn,
        mut request: Request,
        upgrade: bool,
    ) -> Exchange<
        impl Future<Output = Result<http::Response<Incoming>, Refused>> + Send + use<>,
        impl Future<Output = Result<http::Response<Incoming>, Refused>> + Send + use<>,
    > {
        match conn {
            Conn::H1(conn) => {
                form::to_origin(&mut request, &self.host);
                self.hand_over_h1(conn, request, upgrade)
            }
            Conn::H2(mut conn) => {
                form::to_absolute(&mut request, &self.uri);
                Exchange::H2 {
                    sent: conn.sender.try_send_request(request),
                    stream: Some(conn.streams.open()),
                    conn,
                }
            }
        }
    }

    fn hand_over_h1<F2>(
        self: &Arc<Self>,
        mut conn: H1,
        request: Request,
        upgrade: bool,
    ) -> Exchange<
        impl Future<Output = Result<http::Response<Incoming>, Refused>> + Send + use<F2>,
        F2,
    > {
        let in_memory = request.body().as_bytes().is_some();
        let sent = conn.sender.try_send_request(request);
        if in_memory && !upgrade {
            return Exchange::H1 {
                sent: unconstrained(sent),
                conn: Some(conn),
            };
        }
        let H1 { sender, conn, .. } = conn;
        let slot = if upgrade {
            let conn = conn.with_upgrades();
            spawn(async { ended(conn.await) });
            None
        } else {
            let slot = Arc::<Slot>::default();
            spawn(H1Driver::new(conn, Arc::clone(&slot), Arc::downgrade(self)));
            Some(slot)
        };
        Exchange::Task {
            sent,
            sender: Some(sender),
            slot,
        }
    }

    pub(super) async fn connect_in_time(self: &Arc<Self>, upgrade: bool) -> Result<Conn, Error> {
        let timeout = self.connector.timeout();
        tokio::time::timeout(timeout, self.connect(upgrade))
            .await
            .unwrap_or_else(|_| Err(Error::bare(Reason::ConnectTimeout)))
    }

    pub(super) fn pooled(&self, upgrade: bool) -> Option<Conn> {
        if self.connector.protocol() != Protocol::Http1
            && !upgrade
            && let Some(conn) = self.pool.take_h2(true)
        {
            return Some(Conn::H2(conn));
        }
        self.pool.take().map(Conn::H1)
    }

    async fn connect(self: &Arc<Self>, upgrade: bool) -> Result<Conn, Error> {
        let multiplexes = self.connector.protocol() == Protocol::Http2 || self.pool.has_h2();
        let _one_at_a_time = if multiplexes && !upgrade {
            let guard = self.connecting.lock().await;
            if let Some(conn) = self.pooled(upgrade) {
                return Ok(conn);
            }
            Some(guard)
        } else {
            None
        };
        match self
            .connector
            .connect(&self.uri, self.socket.as_deref(), upgrade)
            .await?
        {
            Fresh::Http1(stream) => handshake::http1(stream).await.map(Conn::H1),
            Fresh::Http2(stream) => {
                let conn = handshake::http2(stream).await?;
                self.pool.put_h2(conn.clone());
                Ok(Conn::H2(conn))
            }
        }
    }

    #[cfg(feature = "proxy")]
    pub(super) const fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(super) fn forget(&self, conn: &H2) {
        self.pool.forget_h2(conn);
    }

    pub(super) fn put(self: &Arc<Self>, conn: H1) {
        if self.pool.put(conn) == Reaper::Start {
            spawn(reap(Arc::downgrade(self), self.idle_timeout));
        }
    }
}

/// Ends when nothing is idle, or when the origin is gone.
async fn reap(origin: Weak<Inner>, idle_timeout: Duration) {
    loop {
        tokio::time::sleep(idle_timeout / TICKS).await;
        let Some(origin) = origin.upgrade() else {
            return;
        };
        if !origin.pool.reap(TICKS) {
            return;
        }
    }
}

/// After so many pooled connections that turned out dead a fresh one is made: each costs nothing, but
/// a peer that closes whatever it accepts must not keep a request going round.
const MAX_POOLED: usize = 8;
/// How finely idle time is measured.
const TICKS: u32 = 4;
