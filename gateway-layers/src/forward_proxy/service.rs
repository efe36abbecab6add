use std::{
    convert::Infallible,
    fmt,
    future::Future,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{
    Body, BoxError, ErrorKind, GatewayError, Outcome, Request, Responder, Response, Upstream,
};
use http::{Method, uri};
use http_body::Body as HttpBody;
use hyper::upgrade::OnUpgrade;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

use super::{
    ForwardProxyBuilder, address::Addresses, auth::Users, forward, policy::Policy,
    resolve::Resolver,
};
use crate::proxy::{Tunnels, ViaLines, WhileOpen};

/// A service that is a forward proxy.
///
/// See the [module docs](crate::forward_proxy) for an example.
#[derive(Clone)]
pub struct ForwardProxy {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) users: Users,
    pub(super) policy: Policy,
    pub(super) addresses: Arc<Addresses>,
    pub(super) connector: HttpConnector<Resolver>,
    pub(super) client: forward::Client,
    pub(super) connect_timeout: Duration,
    pub(super) tunnels: Tunnels,
    pub(super) via: ViaLines,
}

impl ForwardProxy {
    /// Configures a forward proxy.
    #[must_use]
    pub fn builder() -> ForwardProxyBuilder {
        ForwardProxyBuilder::new()
    }

    pub(super) fn from_shared(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Whether `host`, without brackets, may be asked for on `port`. The addresses of a name are
    /// looked at when they are known.
    #[must_use]
    pub fn admits(&self, host: &str, port: u16) -> bool {
        self.shared.admits(host, port)
    }

    /// The tunnels that are open.
    #[must_use]
    pub fn tunnels(&self) -> &Tunnels {
        &self.shared.tunnels
    }
}

impl fmt::Debug for ForwardProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardProxy")
            .field("users", &self.shared.users)
            .field("policy", &self.shared.policy)
            .field("addresses", &self.shared.addresses)
            .field("connect", &self.shared.connect_timeout)
            .field("tunnels", &self.shared.tunnels)
            .field("via", &self.shared.via)
            .finish_non_exhaustive()
    }
}

impl<B> Service<http::Request<B>> for ForwardProxy
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> ResponseFuture {
        let shared = Arc::clone(&self.shared);
        let request = request.map(Body::new);
        ResponseFuture {
            inner: Box::pin(async move { shared.serve(request).await }),
        }
    }
}

impl Shared {
    async fn serve(&self, request: Request) -> Response {
        let responder = Responder::of(&request);
        let outcome = request.extensions().get::<Outcome>().cloned();
        match self.answer(request, outcome.as_ref()).await {
            Ok(response) => response,
            Err(error) => {
                let error = error.layer("forward_proxy");
                if let Some(outcome) = outcome {
                    outcome.update(|record| record.error = Some(error.clone()));
                }
                responder.refuse(error)
            }
        }
    }

    async fn answer(
        &self,
        request: Request,
        outcome: Option<&Outcome>,
    ) -> Result<Response, GatewayError> {
        let identity = self.users.admit(request.headers())?;
        if let (Some(identity), Some(outcome)) = (identity, outcome) {
            outcome.update(|record| record.identity = Some(identity.clone()));
        }
        let target = Target::of(&request)?;
        if !self.admits(target.host(), target.port) {
            return Err(GatewayError::new(ErrorKind::Blocked));
        }
        let mut response = if *request.method() == Method::CONNECT {
            self.connect(request, &target).await?
        } else {
            forward::forward(&self.client, request, &self.via).await?
        };
        let endpoint = format!("{}:{}", target.authority.host(), target.port);
        let upstream = Upstream::new(NAME.into(), endpoint.into());
        response.extensions_mut().insert(upstream);
        Ok(response)
    }

    /// An address is not resolved, so that the resolver does not see it.
    fn admits(&self, host: &str, port: u16) -> bool {
        let ip = host.parse::<IpAddr>();
        self.policy.admits(host, port) && ip.map_or(true, |ip| self.addresses.admits(ip))
    }

    async fn connect(
        &self,
        mut request: Request,
        target: &Target,
    ) -> Result<Response, GatewayError> {
        let extensions = request.extensions_mut();
        let client = extensions.remove::<OnUpgrade>().ok_or_else(|| {
            GatewayError::new(ErrorKind::NotImplemented).detail("this server carries no tunnels")
        })?;
        let held = extensions.remove::<WhileOpen>();
        let mut connector = self.connector.clone();
        let connecting = connector.call(target.uri()?);
        let connected = tokio::time::timeout(self.connect_timeout, connecting).await;
        let stream = connected
            .map_err(|_| {
                GatewayError::new(ErrorKind::UpstreamConnect).source("connection timed out")
            })?
            .map_err(forward::failed)?
            .into_inner();
        let end = self.tunnels.spawn(client, async { Ok(stream) }, held);
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(end);
        Ok(response)
    }
}

/// Where the client wants to go.
struct Target {
    authority: uri::Authority,
    port: u16,
}

impl Target {
    fn of(request: &Request) -> Result<Self, GatewayError> {
        let bad = |detail: &'static str| GatewayError::new(ErrorKind::BadRequest).detail(detail);
        let uri = request.uri();
        let authority = uri.authority().cloned().ok_or_else(|| {
            bad("this is a forward proxy: ask for a whole URL, or with CONNECT for a host and port")
        })?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(bad("the target's authority is not a host"));
        }
        let port = if *request.method() == Method::CONNECT {
            authority.port_u16()
        } else if uri.scheme() == Some(&uri::Scheme::HTTP) {
            Some(authority.port_u16().unwrap_or(80))
        } else {
            return Err(bad(
                "only http URLs are forwarded: CONNECT carries the others",
            ));
        };
        let port = port.ok_or_else(|| bad("CONNECT names a port"))?;
        Ok(Self { authority, port })
    }

    /// Without the brackets of an IPv6 address.
    fn host(&self) -> &str {
        let host = self.authority.host();
        let inside = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        inside.unwrap_or(host)
    }

    fn uri(&self) -> Result<uri::Uri, GatewayError> {
        let built = uri::Uri::builder()
            .scheme(uri::Scheme::HTTP)
            .authority(self.authority.clone())
            .path_and_query("/")
            .build();
        built.map_err(|_| GatewayError::new(ErrorKind::BadRequest))
    }
}

/// Response future of [`ForwardProxy`]. Dropping it cancels the request.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture {
    inner: Pin<Box<dyn Future<Output = Response> + Send>>,
}

impl Future for ResponseFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.inner.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// Of the upstream in logs and metrics: hosts are the client's choice and no label.
const NAME: &str = "forward_proxy";
