use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use bytes::Bytes;
use gateway_core::{Body, BoxError, Reloadable, Response, service::ResponseFuture};
use http_body::Body as HttpBody;
use tower_service::Service;

/// The gateway as a service for any server: requests with any body of bytes.
///
/// It fits wherever a `tower::Service` does, for instance as the fallback of an axum router. The
/// checks of [`server::check`](crate::server::check) belong to the server that accepts the
/// connection, which is somebody else's here.
#[derive(Clone, Debug)]
pub struct Embedded {
    inner: Reloadable,
}

impl Embedded {
    pub(super) const fn new(inner: Reloadable) -> Self {
        Self { inner }
    }
}

impl<B> Service<http::Request<B>> for Embedded
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> ResponseFuture {
        self.inner.call(request.map(Body::new))
    }
}
