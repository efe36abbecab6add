use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use gateway_core::{Body, BoxError, ErrorKind, GatewayError, Response};
use http::StatusCode;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::{
    body::{Progress, TimedBody, poll_clock},
    clock::{Clock, Expired},
    service::Refuser,
};

pin_project! {
    /// Response future of [`Timeout`](super::Timeout).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Option<F>,
        #[pin]
        timer: Option<Sleep>,
        head: Clock,
        started: Instant,
        progress: Option<Arc<Progress>>,
        refuser: Option<Refuser>,
        body: Clock,
        tunnel: bool,
        refused: Option<Box<Response>>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn waiting(
        inner: F,
        head: Clock,
        started: Instant,
        progress: Option<Arc<Progress>>,
        refuser: Option<Refuser>,
    ) -> Self {
        Self {
            inner: Some(inner),
            timer: None,
            head,
            started,
            progress,
            refuser,
            body: Clock::default(),
            tunnel: false,
            refused: None,
        }
    }

    pub(super) const fn with_body(mut self, body: Clock, tunnel: bool) -> Self {
        self.body = body;
        self.tunnel = tunnel;
        self
    }

    pub(super) fn refused(response: Response) -> Self {
        Self {
            inner: None,
            timer: None,
            head: Clock::default(),
            started: Instant::now(),
            progress: None,
            refuser: None,
            body: Clock::default(),
            tunnel: false,
            refused: Some(Box::new(response)),
        }
    }
}

impl<F, ResBody, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<http::Response<ResBody>, E>>,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            let response = this.refused.take().expect("polled after completion");
            return Poll::Ready(Ok(*response));
        };
        if let Poll::Ready(answered) = inner.poll(cx) {
            let response = answered?.map(Body::new);
            return Poll::Ready(Ok(timed(response, *this.body, *this.tunnel)));
        }
        let Some(refuser) = this.refuser else {
            return Poll::Pending;
        };
        let since = match this.progress {
            Some(progress) => progress.last(),
            None => *this.started,
        };
        let expired = ready!(poll_clock(this.timer, this.head, Some(since), cx));
        let response = refuser.refuse(GatewayError::new(match expired {
            Expired::Deadline => ErrorKind::DeadlineExceeded,
            Expired::Patience => ErrorKind::UpstreamTimeout,
        }));
        // Cancels whatever is still under way.
        this.inner.set(None);
        Poll::Ready(Ok(response))
    }
}

/// A tunnel has no body to time: what follows a `101`, or a 2xx to `CONNECT`, is not HTTP.
fn timed(response: Response, clock: Clock, tunnel: bool) -> Response {
    let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS
        || (tunnel && response.status().is_success());
    if switches || clock.is_off() || response.body().as_bytes().is_some() {
        return response;
    }
    response.map(|body| Body::new(TimedBody::new(body, clock, ErrorKind::UpstreamTimeout)))
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
