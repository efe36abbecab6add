use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use gateway_core::{Body, BoxError};
use http::{Response, header};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;

use super::{
    content::{self, Encoding},
    response::ResponseBody,
};

pin_project! {
    /// Response future of [`GrpcWeb`](super::GrpcWeb).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        encoding: Option<Encoding>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(inner: F, encoding: Option<Encoding>) -> Self {
        Self { inner, encoding }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        Poll::Ready(Ok(match this.encoding.take() {
            Some(encoding) => answer(response, encoding),
            None => response.map(Body::new),
        }))
    }
}

fn answer<B>(mut response: Response<B>, encoding: Encoding) -> Response<Body>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let kind = response.headers().get(header::CONTENT_TYPE);
    let Some(kind) = kind
        .and_then(content::read_grpc)
        .map(|rest| content::to_web(encoding, rest))
    else {
        return response.map(Body::new);
    };
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    // Trailers-only: the status is in the head, and there is no body to put it into.
    if response.body().is_end_stream() {
        return response.map(Body::new);
    }
    for name in [header::CONTENT_LENGTH, header::TRAILER] {
        response.headers_mut().remove(name);
    }
    response.map(|body| Body::new(ResponseBody::new(body, encoding)))
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
