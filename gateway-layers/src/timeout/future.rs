use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use gateway_core::{Body, BoxError, ErrorKind, GatewayError, Response, turn::Alarm};
use http::StatusCode;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tokio::time::Instant;

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
        alarm: Alarm,
        wait: Wait,
        refused: Option<Box<Response>>,
    }
}

/// What a request may wait for, and how.
#[derive(Debug)]
pub(super) struct Wait {
    pub(super) started: Instant,
    pub(super) head: Clock,
    pub(super) body: Clock,
    pub(super) progress: Option<Arc<Progress>>,
    /// None where the head may take any time.
    pub(super) refuser: Option<Refuser>,
    /// A 2xx opens a tunnel.
    pub(super) tunnel: bool,
}

impl<F> ResponseFuture<F> {
    pub(super) const fn waiting(inner: F, wait: Wait) -> Self {
        Self {
            inner: Some(inner),
            alarm: Alarm::new(),
            wait,
            refused: None,
        }
    }

    pub(super) fn refused(response: Response, now: Instant) -> Self {
        Self {
            inner: None,
            alarm: Alarm::new(),
            wait: Wait {
                started: now,
                head: Clock::default(),
                body: Clock::default(),
                progress: None,
                refuser: None,
                tunnel: false,
            },
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
            return Poll::Ready(Ok(timed(response, this.wait.body, this.wait.tunnel)));
        }
        let Some(refuser) = &this.wait.refuser else {
            return Poll::Pending;
        };
        let since = match &this.wait.progress {
            Some(progress) => progress.last(),
            None => this.wait.started,
        };
        let expired = ready!(poll_clock(this.alarm, &this.wait.head, Some(since), cx));
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
