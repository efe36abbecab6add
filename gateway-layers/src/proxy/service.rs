use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use gateway_core::{
    Body, BoxError, ErrorFormat, ErrorKind, GatewayError, Outcome, Request, Responder, Response,
    Upstream, service::Unsent, turn,
};
use http::{HeaderName, HeaderValue, Method, StatusCode, Version, header};
use http_body::Body as HttpBody;
use hyper_util::rt::TokioIo;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_service::Service;

use super::{
    BuildError, ProxyBuilder, Tunnels,
    builder::Host,
    forwarded::{Forwarding, ViaLines},
    hop, informational,
    path::PathRule,
    request::{Extended, Undo, Upgrade},
};
use crate::transport::{Failed, OpenStream, Origin, target};

/// A service that forwards requests to one endpoint.
///
/// See the [module docs](crate::proxy) for an example.
#[derive(Clone)]
pub struct Proxy {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    /// Who answers.
    pub(super) upstream: Upstream,
    /// Whether the name was chosen, and may be shown to clients; an address may not.
    pub(super) named: bool,
    pub(super) origin: Origin,
    pub(super) path: PathRule,
    pub(super) host: Host,
    pub(super) forwarding: Forwarding,
    pub(super) rfc7239: bool,
    pub(super) via: Option<ViaLines>,
    pub(super) protect: Vec<HeaderName>,
    pub(super) tunnels: Tunnels,
    pub(super) interim: bool,
}

impl Proxy {
    /// Forwards to the endpoint at `url`, for instance `http://127.0.0.1:9001` or
    /// `unix:/run/app.sock`, with the defaults.
    ///
    /// # Errors
    ///
    /// `url` is not an absolute `http` or `https` URL, or has a query.
    pub fn new(url: &str) -> Result<Self, BuildError> {
        Self::builder(url)?.build()
    }

    /// Configures a proxy to the endpoint at `url`.
    ///
    /// # Errors
    ///
    /// `url` cannot be read.
    pub fn builder(url: &str) -> Result<ProxyBuilder, BuildError> {
        let uri = target(url).ok_or(BuildError("an endpoint is an absolute http or https URL"))?;
        Ok(ProxyBuilder::new(uri))
    }

    pub(super) fn from_shared(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The endpoint, `scheme://host:port`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.shared.upstream.endpoint()
    }

    /// The upgraded connections of this proxy.
    #[must_use]
    pub fn tunnels(&self) -> &Tunnels {
        &self.shared.tunnels
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("name", &self.shared.upstream.name())
            .field("endpoint", &self.endpoint())
            .finish_non_exhaustive()
    }
}

impl<B> Service<http::Request<B>> for Proxy
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
        let mut request = request.map(Body::new);
        let shared = Arc::clone(&self.shared);
        let mut trip = Trip::begin(&request);
        if request.method() == Method::CONNECT {
            trip.undo.extensions = std::mem::take(request.extensions_mut());
            return ResponseFuture::ready(trip.refuse_connect());
        }
        let upgrade = shared.prepare(&mut request, &mut trip.undo);
        if shared.interim
            && let Some(interim) = trip.undo.extensions.remove()
        {
            informational::pass_on(interim, &mut request);
        }
        if upgrade.as_ref().is_some_and(|up| up.extended.is_some()) {
            return ResponseFuture::sent(Forward {
                sent: Box::pin(shared.origin.clone().send_extended(request)),
                rest: Some((trip, upgrade)),
                shared,
            });
        }
        ResponseFuture::sent(Forward {
            sent: shared.origin.send(request, upgrade.is_some()),
            rest: Some((trip, upgrade)),
            shared,
        })
    }
}

pin_project! {
    /// Not an `async` block, which would be twice as large: see `transport::sending`.
    struct Forward<F> {
        #[pin]
        sent: F,
        shared: Arc<Shared>,
        rest: Option<(Trip, Option<Box<Upgrade>>)>,
    }
}

impl<F: Future<Output = Result<Response, Failed>>> Future for Forward<F> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let this = self.project();
        let sent = ready!(this.sent.poll(cx));
        let (trip, upgrade) = this.rest.take().expect("polled after completion");
        Poll::Ready(match sent {
            Ok(response) => this.shared.answer(response, trip, upgrade),
            Err(failed) => this.shared.fail(failed, trip, upgrade),
        })
    }
}

/// What is kept while a request is under way.
struct Trip {
    format: ErrorFormat,
    head: bool,
    undo: Undo,
    started: Instant,
}

impl Trip {
    fn begin(request: &Request) -> Self {
        Self {
            format: ErrorFormat::of(request.headers(), request.extensions()),
            head: *request.method() == Method::HEAD,
            undo: Undo::default(),
            started: turn::now(),
        }
    }

    fn refuse(&self, error: GatewayError) -> Response {
        let extensions = &self.undo.extensions;
        Outcome::record(extensions, |record| record.error = Some(error.clone()));
        Responder::in_format(self.format, extensions)
            .head(self.head)
            .refuse(error.layer("proxy"))
    }

    /// `CONNECT` makes a forward proxy of whatever answers it. The extended one (RFC 8441) is a
    /// `CONNECT` too.
    fn refuse_connect(&self) -> Response {
        let error = GatewayError::new(ErrorKind::NotImplemented);
        self.refuse(error.detail("CONNECT is not served here"))
    }
}

impl Shared {
    fn answer(
        &self,
        mut response: Response,
        trip: Trip,
        upgrade: Option<Box<Upgrade>>,
    ) -> Response {
        *response.version_mut() = Version::HTTP_11;
        if let Some(upgrade) = &upgrade
            && let Some(extended) = &upgrade.extended
            && response.status() == StatusCode::OK
        {
            switch(&mut response, upgrade, extended);
        }
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return match upgrade {
                Some(upgrade) if switches_as_asked(&response, &upgrade) => {
                    self.stamp(&mut response, trip);
                    self.open_tunnel(response, *upgrade)
                }
                _ => self.refuse_switch(&trip),
            };
        }
        self.stamp(&mut response, trip);
        hop::strip(response.headers_mut(), |_| false);
        response
    }

    /// The tunnel is opened only now that the upstream has agreed. Until then the client's bytes
    /// stay in its connection, and if the upstream refuses they are its next request.
    fn open_tunnel(&self, mut response: Response, upgrade: Upgrade) -> Response {
        let upstream = hyper::upgrade::on(&mut response);
        let upstream = async { upstream.await.map(TokioIo::new) };
        let stream = response.extensions_mut().remove::<OpenStream>();
        let held = (upgrade.hold, upgrade.while_open, stream);
        let end = self.tunnels.spawn(upgrade.client, upstream, held);
        response.extensions_mut().insert(end);
        response.map(|_| Body::empty())
    }

    fn refuse_switch(&self, trip: &Trip) -> Response {
        let error = GatewayError::new(ErrorKind::UpstreamProtocol)
            .source("the upstream switched to a protocol nobody asked for");
        let mut response = trip.refuse(self.error(error));
        response.extensions_mut().insert(self.told(trip));
        response
    }

    fn fail(&self, failed: Failed, trip: Trip, upgrade: Option<Box<Upgrade>>) -> Response {
        let (error, request) = failed.into_parts();
        tracing::debug!(upstream = self.upstream.name(), %error, "upstream failed");
        let mut response = trip.refuse(self.error(error.into()));
        response.extensions_mut().insert(self.told(&trip));
        if let Some(mut request) = request {
            trip.undo.restore(&mut request, upgrade);
            response.extensions_mut().insert(Unsent::new(request));
        }
        response
    }

    fn error(&self, error: GatewayError) -> GatewayError {
        if self.named {
            error.detail(format!("upstream `{}`", self.upstream.name()))
        } else {
            error
        }
    }

    /// Leaves in the response who answered and how long it took. What was known of the request has been
    /// told by now, and its map of extensions is one that the answer need not make.
    fn stamp(&self, response: &mut Response, trip: Trip) {
        let upstream = self.told(&trip);
        let mut extensions = trip.undo.extensions;
        extensions.clear();
        extensions.insert(upstream);
        extensions.extend(std::mem::take(response.extensions_mut()));
        *response.extensions_mut() = extensions;
    }

    /// Who answered, which the outcome is told as well.
    fn told(&self, trip: &Trip) -> Upstream {
        let upstream = self.upstream.clone();
        let upstream =
            upstream.with_first_byte(turn::now().saturating_duration_since(trip.started));
        Outcome::record(&trip.undo.extensions, |record| {
            record.upstream = Some(upstream.clone());
        });
        upstream
    }
}

/// HTTP/2 says with a 200 what HTTP/1.1 says with a `101` and the handshake's answer.
fn switch(response: &mut Response, upgrade: &Upgrade, extended: &Extended) {
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, upgrade.protocol.clone());
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, extended.accept.clone());
}

/// RFC 9110 §7.8: a server must not switch to a protocol that was not offered.
fn switches_as_asked(response: &Response, upgrade: &Upgrade) -> bool {
    let mut chosen = response.headers().get_all(header::UPGRADE).iter();
    let chosen = chosen.by_ref().flat_map(hop::tokens).next();
    chosen.is_some_and(|chosen| {
        hop::tokens(&upgrade.protocol).any(|asked| asked.eq_ignore_ascii_case(chosen))
    })
}

/// Response future of [`Proxy`]. Dropping it cancels the request.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture {
    inner: Inner,
}

enum Inner {
    Sent(Pin<Box<dyn Future<Output = Response> + Send>>),
    Refused(Option<Box<Response>>),
}

impl ResponseFuture {
    fn sent(future: impl Future<Output = Response> + Send + 'static) -> Self {
        Self {
            inner: Inner::Sent(Box::pin(future)),
        }
    }

    fn ready(response: Response) -> Self {
        Self {
            inner: Inner::Refused(Some(Box::new(response))),
        }
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.inner {
            Inner::Sent(future) => future.as_mut().poll(cx).map(Ok),
            Inner::Refused(response) => {
                Poll::Ready(Ok(*response.take().expect("polled after completion")))
            }
        }
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Allocators are quick up to 1 KiB, and what is moved into the box is copied.
    #[test]
    fn the_future_is_small() {
        let proxy = Proxy::new("http://127.0.0.1:9").unwrap();
        let mut request = gateway_core::Request::new(Body::empty());
        let mut trip = Trip::begin(&request);
        let upgrade = proxy.shared.prepare(&mut request, &mut trip.undo);
        let future = Forward {
            sent: proxy.shared.origin.send(request, false),
            rest: Some((trip, upgrade)),
            shared: Arc::clone(&proxy.shared),
        };
        let size = size_of_val(&future);
        assert!(size <= 1024, "{size} bytes");
    }
}
