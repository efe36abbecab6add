use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{HeaderValue, Response, header::STRICT_TRANSPORT_SECURITY};
use pin_project_lite::pin_project;

pin_project! {
    /// Response future of [`Hsts`](super::Hsts).
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        value: Option<Arc<HeaderValue>>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(inner: F, value: Option<Arc<HeaderValue>>) -> Self {
        Self { inner, value }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut answered = ready!(this.inner.poll(cx));
        if let (Ok(response), Some(value)) = (&mut answered, this.value) {
            // RFC 6797 §7.1: one field and no more; whoever ends TLS knows best.
            response
                .headers_mut()
                .insert(STRICT_TRANSPORT_SECURITY, HeaderValue::clone(value));
        }
        Poll::Ready(answered)
    }
}
