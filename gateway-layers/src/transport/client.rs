use std::{
    collections::HashMap,
    fmt,
    future::{Future, ready},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use foldhash::fast::RandomState;
use futures_util::{TryFutureExt as _, future::Either};
use gateway_core::{Request, Response};
use http::{Method, Uri, header, uri};
use tower_service::Service;

use super::{
    BuildError, Error, Protocol,
    connect::Connector,
    error::Reason,
    origin::Origin,
    tls::{ClientPem, Tls, TlsOptions},
};

/// A pooled HTTP client. A clone is a reference count and shares the pool.
///
/// See the [module docs](crate::transport) for an example.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    connector: Connector,
    max_idle: usize,
    idle_timeout: Duration,
    origins: Mutex<Origins>,
}

/// By authority; those of `http`, of `https`, and of Unix sockets.
type Origins = [HashMap<uri::Authority, Origin, RandomState>; 3];

impl Client {
    /// A client with the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build().expect("the defaults are valid")
    }

    /// Configures a client.
    #[must_use]
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// The connections to the host of `uri`; `None` unless it is absolute, `http` or `https`, or that
    /// of a Unix socket ([`target`](super::target)).
    #[must_use]
    pub fn origin(&self, uri: &Uri) -> Option<Origin> {
        let authority = uri.authority()?;
        let kind = match uri.scheme()? {
            scheme if *scheme == uri::Scheme::HTTP => 0,
            scheme if *scheme == uri::Scheme::HTTPS => 1,
            _ => 2,
        };
        let mut origins = self
            .shared
            .origins
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let origins = &mut origins[kind];
        if let Some(origin) = origins.get(authority) {
            return Some(origin.clone());
        }
        if origins.len() >= SWEEP_AT {
            origins.retain(|_, origin| !origin.is_unused());
        }
        let Shared {
            connector,
            max_idle,
            idle_timeout,
            ..
        } = &*self.shared;
        let origin = Origin::new(connector.clone(), uri, *max_idle, *idle_timeout)?;
        origins.insert(authority.clone(), origin.clone());
        Some(origin)
    }

    /// Sends `request`, as calling the service does, without a box.
    ///
    /// # Errors
    ///
    /// Why there is no response head.
    ///
    /// # Cancellation
    ///
    /// Dropping the future cancels the request.
    pub fn send(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response, Error>> + Send + use<> {
        // What is upgraded begins with a `GET`; others are not searched for the field.
        let upgrade =
            request.method() == Method::GET && request.headers().contains_key(header::UPGRADE);
        match self.origin(request.uri()) {
            Some(origin) => {
                let sent = origin.send(request, upgrade);
                Either::Left(sent.map_err(|failed| failed.into_parts().0))
            }
            None => Either::Right(ready(Err(Error::bare(Reason::Target)))),
        }
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Service<Request> for Client {
    type Response = Response;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        ResponseFuture {
            inner: Box::pin(self.send(request)),
        }
    }
}

/// Response future of [`Client`]. Dropping it cancels the request.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture {
    inner: Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>,
}

impl Future for ResponseFuture {
    type Output = Result<Response, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.inner.as_mut().poll(cx)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// Builder of [`Client`].
#[derive(Clone, Debug)]
pub struct ClientBuilder {
    connect_timeout: Duration,
    idle_timeout: Duration,
    max_idle: usize,
    protocol: Protocol,
    tls: TlsOptions,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            idle_timeout: Duration::from_secs(60),
            max_idle: 1024,
            protocol: Protocol::Auto,
            tls: TlsOptions::default(),
        }
    }
}

impl ClientBuilder {
    /// How long name resolution, TCP and TLS may take together. Defaults to 3 s.
    #[must_use]
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a connection may stay unused. Defaults to 60 s; it is closed at most a quarter later.
    #[must_use]
    pub const fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// How many unused connections are kept per host. Defaults to 1024; 0 turns reuse off.
    #[must_use]
    pub const fn max_idle_per_host(mut self, max: usize) -> Self {
        self.max_idle = max;
        self
    }

    /// Which HTTP to speak. Defaults to [`Protocol::Auto`].
    #[must_use]
    pub const fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Trusts these certificate authorities, in PEM, instead of the public ones. Defaults to the
    /// public ones (webpki-roots).
    #[must_use]
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.ca_pem = Some(pem.into());
        self
    }

    /// The name sent as SNI and looked for in the certificate. Defaults to the host of the URI.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.tls.server_name = Some(name.into());
        self
    }

    /// Shows this certificate, chain and key in PEM, to servers that ask for one. Defaults to none.
    #[must_use]
    pub fn client_certificate_pem(
        mut self,
        chain: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.tls.client_pem = Some(ClientPem {
            chain: chain.into(),
            key: key.into(),
        });
        self
    }

    /// Whether to accept nothing older than TLS 1.3. Defaults to `false`: 1.2 will do.
    #[must_use]
    pub const fn tls13_only(mut self, only: bool) -> Self {
        self.tls.tls13_only = only;
        self
    }

    /// Whether to accept any certificate of anybody: then TLS hides the words and not to whom they
    /// are said. For a laboratory; [`ca_pem`](Self::ca_pem) is the way to trust a private authority.
    /// Defaults to `false`.
    #[must_use]
    pub const fn danger_accept_any_certificate(mut self, any: bool) -> Self {
        self.tls.any_certificate = any;
        self
    }

    /// Builds the client. Nothing is connected before the first request.
    ///
    /// # Errors
    ///
    /// The certificates cannot be read, or the server name is not a DNS name or IP address.
    pub fn build(self) -> Result<Client, BuildError> {
        let tls = Tls::new(&self.tls, self.protocol)?;
        Ok(Client {
            shared: Arc::new(Shared {
                connector: Connector::new(tls, self.protocol, self.connect_timeout),
                max_idle: self.max_idle,
                idle_timeout: self.idle_timeout,
                origins: Mutex::default(),
            }),
        })
    }
}

/// From here on, origins without connections are forgotten before a new one is added.
const SWEEP_AT: usize = 64;
