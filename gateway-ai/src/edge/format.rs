use std::task::{Context, Poll};

use gateway_core::ErrorFormat;
use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use super::ingress;

/// Middleware that says in which dialect a request wants its errors.
///
/// It reads the path alone and goes **outside** everything that may refuse – API keys, rate limits,
/// body limits – so that an SDK raises the exception it would raise at its own provider. A format
/// that is already there stays.
///
/// ```
/// use gateway_ai::edge::AiFormatLayer;
/// use gateway_core::{Body, ErrorKind, GatewayError, Request, Responder, Response};
/// use tower::{Layer, ServiceExt};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let refuse = tower::service_fn(async |request: Request| {
///     Ok::<Response, GatewayError>(Responder::of(&request).refuse(ErrorKind::KeyInvalid))
/// });
/// let mut request = Request::new(Body::empty());
/// *request.uri_mut() = "/v1/messages".parse().unwrap();
///
/// let response = AiFormatLayer::new().layer(refuse).oneshot(request).await.unwrap();
/// let body = response.into_body();
/// let body: serde_json::Value = serde_json::from_slice(body.as_bytes().unwrap()).unwrap();
/// assert_eq!(body["error"]["type"], "authentication_error");
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct AiFormatLayer {
    _priv: (),
}

impl AiFormatLayer {
    /// The layer.
    #[must_use]
    pub const fn new() -> Self {
        Self { _priv: () }
    }
}

impl<S> Layer<S> for AiFormatLayer {
    type Service = AiFormat<S>;

    fn layer(&self, inner: S) -> AiFormat<S> {
        AiFormat { inner }
    }
}

/// Service of [`AiFormatLayer`].
#[derive(Clone, Copy, Debug)]
pub struct AiFormat<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for AiFormat<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        if request.extensions().get::<ErrorFormat>().is_none()
            && let Some(format) = ingress::error_format(request.uri().path(), request.headers())
        {
            request.extensions_mut().insert(format);
        }
        self.inner.call(request)
    }
}
