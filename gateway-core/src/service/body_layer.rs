use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{Body, BoxError};

/// Makes a service answer with [`Body`], whatever body it answers with now.
///
/// Needed only where the inner body is not `From<Bytes>` and a layer that refuses is put on top.
#[derive(Clone, Copy, Debug, Default)]
pub struct BodyLayer {
    _priv: (),
}

impl BodyLayer {
    /// The layer.
    #[must_use]
    pub const fn new() -> Self {
        Self { _priv: () }
    }
}

impl<S> Layer<S> for BodyLayer {
    type Service = BodyService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        BodyService { inner }
    }
}

/// A service that answers with [`Body`], from [`BodyLayer`].
#[derive(Clone, Copy, Debug)]
pub struct BodyService<S> {
    inner: S,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for BodyService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BodyFuture<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        BodyFuture {
            inner: self.inner.call(request),
            _body: PhantomData,
        }
    }
}

pin_project! {
    /// Response future of [`BodyService`].
    #[must_use = "futures do nothing unless polled"]
    pub struct BodyFuture<F, B> {
        #[pin]
        inner: F,
        _body: PhantomData<fn(B)>,
    }
}

impl<F, B, E> Future for BodyFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(self.project().inner.poll(cx));
        Poll::Ready(response.map(|response| response.map(Body::new)))
    }
}

impl<F, B> fmt::Debug for BodyFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyFuture").finish_non_exhaustive()
    }
}
