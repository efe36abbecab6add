use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{Body, BoxError, ErrorKind, GatewayError, Responder};
use http::{Response, StatusCode};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::body::TimedBody;

/// What was decided when the request came.
pub(super) struct Plan {
    pub(super) responder: Responder,
    pub(super) head: Option<Limit>,
    pub(super) idle: Option<Duration>,
    pub(super) total: Option<Instant>,
    pub(super) connect: bool,
}

/// When the head must be there, and which clock says so.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    at: Instant,
    kind: ErrorKind,
}

impl Limit {
    pub(super) fn earlier(first_byte: Option<Instant>, total: Option<Instant>) -> Option<Self> {
        match (first_byte, total) {
            (Some(first), Some(total)) if total <= first => Some(Self::total(total)),
            (Some(at), _) => Some(Self {
                at,
                kind: ErrorKind::UpstreamTimeout,
            }),
            (None, total) => total.map(Self::total),
        }
    }

    const fn total(at: Instant) -> Self {
        Self {
            at,
            kind: ErrorKind::DeadlineExceeded,
        }
    }
}

pin_project! {
    /// Response future of [`Timeout`](super::Timeout).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Inner<F>,
    }
}

pin_project! {
    #[project = InnerProj]
    #[project_replace = InnerOwned]
    enum Inner<F> {
        Unlimited { #[pin] future: F, plan: Option<Plan> },
        Limited { #[pin] future: F, #[pin] clock: Sleep, limit: Limit, plan: Option<Plan> },
        Refused { response: Option<Response<Body>> },
        Done,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn waiting(future: F, plan: Plan) -> Self {
        let inner = match plan.head {
            None => Inner::Unlimited {
                future,
                plan: Some(plan),
            },
            Some(limit) => {
                let clock = tokio::time::sleep_until(limit.at);
                Inner::Limited {
                    future,
                    clock,
                    limit,
                    plan: Some(plan),
                }
            }
        };
        Self { inner }
    }

    pub(super) const fn refused(response: Response<Body>) -> Self {
        Self {
            inner: Inner::Refused {
                response: Some(response),
            },
        }
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
        let mut inner = self.project().inner;
        let (answer, plan) = match inner.as_mut().project() {
            InnerProj::Refused { response } => {
                return Poll::Ready(Ok(response.take().expect("polled after completion")));
            }
            InnerProj::Done => unreachable!("polled after completion"),
            InnerProj::Unlimited { future, plan } => match future.poll(cx) {
                Poll::Ready(answer) => (answer, plan.take()),
                Poll::Pending => return Poll::Pending,
            },
            InnerProj::Limited {
                future,
                clock,
                limit,
                plan,
            } => match future.poll(cx) {
                Poll::Ready(answer) => (answer, plan.take()),
                Poll::Pending if clock.poll(cx).is_ready() => {
                    let error = GatewayError::new(limit.kind).layer("timeout");
                    let plan = plan.take().expect("polled after completion");
                    let response = plan.responder.refuse(error);
                    // The inner future goes now, not when whoever polls drops this one.
                    inner.project_replace(Inner::Done);
                    return Poll::Ready(Ok(response));
                }
                Poll::Pending => return Poll::Pending,
            },
        };
        let plan = plan.expect("polled after completion");
        Poll::Ready(answer.map(|response| time(response, &plan)))
    }
}

fn time<B>(response: Response<B>, plan: &Plan) -> Response<Body>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let tunnel = response.status() == StatusCode::SWITCHING_PROTOCOLS
        || (plan.connect && response.status().is_success());
    let unlimited = plan.idle.is_none() && plan.total.is_none();
    response.map(|body| {
        if tunnel || unlimited || body.is_end_stream() {
            return Body::new(body);
        }
        match Body::new(body) {
            // What is in memory already cannot be late.
            body if body.as_bytes().is_some() => body,
            body => Body::new(TimedBody::new(body, plan.idle, plan.total)),
        }
    })
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
