use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use gateway_core::{Body, BoxError, TunnelEnd, body::ObservedBody};
use http::{Response, StatusCode};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;

use super::{OnEnd, recorder::Recorder};

pin_project! {
    /// Response future of [`Observe`](super::Observe).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, H: OnEnd> {
        #[pin]
        inner: F,
        recorder: Option<Box<Recorder<H>>>,
    }
}

impl<F, H: OnEnd> ResponseFuture<F, H> {
    pub(super) const fn new(inner: F, recorder: Box<Recorder<H>>) -> Self {
        Self {
            inner,
            recorder: Some(recorder),
        }
    }
}

impl<F, B, E, H> Future for ResponseFuture<F, H>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    H: OnEnd,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        let Some(mut recorder) = this.recorder.take() else {
            return Poll::Ready(result.map(|response| response.map(Body::new)));
        };
        let response = match result {
            Ok(response) => response,
            Err(error) => {
                recorder.failed();
                return Poll::Ready(Err(error));
            }
        };
        recorder.head(&response);
        if let Some(end) = response.extensions().get::<TunnelEnd>() {
            end.on_end(move |bytes| recorder.tunnel(bytes));
            return Poll::Ready(Ok(response.map(Body::new)));
        }
        // An upgraded connection has no body to wrap: the record is closed with the head.
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            recorder.complete();
            return Poll::Ready(Ok(response.map(Body::new)));
        }
        // Erased first: a body that is one already is not boxed twice.
        Poll::Ready(Ok(response.map(|body| {
            Body::new(ObservedBody::new(Body::new(body), recorder))
        })))
    }
}

impl<F, H: OnEnd> fmt::Debug for ResponseFuture<F, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
