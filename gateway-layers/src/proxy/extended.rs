use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use gateway_core::{ErrorKind, GatewayError, RejectBody, Responder};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::ext::Protocol;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::websocket;

/// Middleware that turns a WebSocket over HTTP/2 into the request an HTTP/1.1 client would have sent.
///
/// Over HTTP/2 a WebSocket is opened by an extended `CONNECT` (RFC 8441). Put it outermost, beside
/// [`HopByHopLayer`](super::HopByHopLayer): behind it a WebSocket is a `GET` that asks for an upgrade,
/// whatever it came over, and routes, authentication and rate limits treat both alike. The answer
/// `101` becomes the 200 that HTTP/2 asks for, and a 200, which would mean an open WebSocket to the
/// client, becomes a 501. Other protocols than `websocket` are refused with 501.
///
/// The server must offer it: hyper's `enable_connect_protocol`.
///
/// ```
/// use gateway_layers::proxy::{ExtendedConnectLayer, HopByHopLayer, Proxy};
/// use tower::ServiceBuilder;
///
/// let service = ServiceBuilder::new()
///     .layer(ExtendedConnectLayer::new())
///     .layer(HopByHopLayer::new())
///     .service(Proxy::new("http://127.0.0.1:9001")?);
/// # Ok::<(), gateway_layers::proxy::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ExtendedConnectLayer {
    _priv: (),
}

impl ExtendedConnectLayer {
    /// The layer.
    #[must_use]
    pub const fn new() -> Self {
        Self { _priv: () }
    }
}

impl<S> Layer<S> for ExtendedConnectLayer {
    type Service = ExtendedConnect<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ExtendedConnect { inner }
    }
}

/// The service of [`ExtendedConnectLayer`].
#[derive(Clone, Debug)]
pub struct ExtendedConnect<S> {
    inner: S,
}

impl<S, B, ResBody> Service<Request<B>> for ExtendedConnect<S>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
    ResBody: RejectBody,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ExtendedFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if request.method() != Method::CONNECT {
            return ExtendedFuture::calling(self.inner.call(request), None);
        }
        let Some(protocol) = request.extensions_mut().remove::<Protocol>() else {
            return ExtendedFuture::calling(self.inner.call(request), None);
        };
        let responder = Responder::of(&request);
        if protocol.as_str() != WEBSOCKET {
            let detail = "of extended CONNECT only `websocket` is served";
            return ExtendedFuture::refused(refuse(&responder, detail));
        }
        let key = websocket::new_key();
        let asked = Box::new(Asked {
            accept: websocket::accept(&key),
            responder,
        });
        *request.method_mut() = Method::GET;
        let headers = request.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static(WEBSOCKET));
        headers.insert(header::SEC_WEBSOCKET_KEY, key);
        ExtendedFuture::calling(self.inner.call(request), Some(asked))
    }
}

fn refuse<B: RejectBody>(responder: &Responder, detail: &'static str) -> Response<B> {
    let error = GatewayError::new(ErrorKind::NotImplemented).detail(detail);
    responder.refuse(error.layer("proxy"))
}

/// What is kept of an extended `CONNECT`.
struct Asked {
    accept: HeaderValue,
    responder: Responder,
}

impl Asked {
    fn answer<B: RejectBody>(&self, mut response: Response<B>) -> Response<B> {
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return if response.status().is_success() {
                refuse(&self.responder, "what answers here is not a WebSocket")
            } else {
                response
            };
        }
        if response.headers().get(header::SEC_WEBSOCKET_ACCEPT) != Some(&self.accept) {
            let error = GatewayError::new(ErrorKind::UpstreamProtocol)
                .source("the answer is not one to this handshake");
            return self.responder.refuse(error.layer("proxy"));
        }
        *response.status_mut() = StatusCode::OK;
        for name in HANDSHAKE {
            response.headers_mut().remove(name);
        }
        response
    }
}

pin_project! {
    /// Response future of [`ExtendedConnect`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ExtendedFuture<F, B> {
        #[pin]
        inner: Option<F>,
        asked: Option<Box<Asked>>,
        refused: Option<Box<Response<B>>>,
    }
}

impl<F, B> ExtendedFuture<F, B> {
    const fn calling(inner: F, asked: Option<Box<Asked>>) -> Self {
        Self {
            inner: Some(inner),
            asked,
            refused: None,
        }
    }

    fn refused(response: Response<B>) -> Self {
        Self {
            inner: None,
            asked: None,
            refused: Some(Box::new(response)),
        }
    }
}

impl<F, B, E> Future for ExtendedFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: RejectBody,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            let refused = this.refused.take().expect("polled after completion");
            return Poll::Ready(Ok(*refused));
        };
        let response = ready!(inner.poll(cx))?;
        Poll::Ready(Ok(match this.asked.take() {
            Some(asked) => asked.answer(response),
            None => response,
        }))
    }
}

impl<F, B> fmt::Debug for ExtendedFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtendedFuture").finish_non_exhaustive()
    }
}

pub(super) const WEBSOCKET: &str = "websocket";
/// Fields of the HTTP/1.1 handshake.
const HANDSHAKE: [HeaderName; 3] = [
    header::CONNECTION,
    header::UPGRADE,
    header::SEC_WEBSOCKET_ACCEPT,
];

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use gateway_core::Body;
    use tower::{ServiceExt as _, service_fn};

    use super::*;

    gateway_core::contract!(contract, ExtendedConnectLayer::new(), clones = 0);

    async fn connect(protocol: &'static str, status: u16, accepts: bool) -> Response<Body> {
        let inner = service_fn(move |request: Request<Body>| async move {
            assert_eq!(request.method(), Method::GET);
            assert_eq!(request.headers()["upgrade"], "websocket");
            assert!(request.extensions().get::<Protocol>().is_none());
            let key = &request.headers()["sec-websocket-key"];
            let accept = if accepts {
                websocket::accept(key)
            } else {
                key.clone()
            };
            let response = Response::builder()
                .status(status)
                .header("connection", "upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-protocol", "chat")
                .header("sec-websocket-accept", accept);
            Ok::<_, Infallible>(response.body(Body::empty()).unwrap())
        });
        let mut request = Request::connect("https://h/ws")
            .body(Body::empty())
            .unwrap();
        request
            .extensions_mut()
            .insert(Protocol::from_static(protocol));
        let service = ExtendedConnectLayer::new().layer(inner);
        service.oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_switch_is_a_200_without_the_handshake() {
        let response = connect("websocket", 101, true).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers().len(), 1);
        assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
    }

    #[tokio::test]
    async fn what_is_no_websocket_is_refused() {
        assert_eq!(connect("websocket", 200, true).await.status(), 501);
        assert_eq!(connect("websocket", 101, false).await.status(), 502);
        assert_eq!(connect("connect-udp", 101, true).await.status(), 501);
        assert_eq!(connect("websocket", 403, true).await.status(), 403);
    }
}
