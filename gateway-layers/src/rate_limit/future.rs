use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use gateway_core::{GatewayError, RejectBody, Responder};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower_service::Service;

use super::{
    Store,
    headers::{Report, STATE},
    rules::{Charge, Judgement, Shared},
};

pin_project! {
    /// Response future of [`RateLimit`](super::RateLimit).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<St: Store, S: Service<R>, R> {
        #[pin]
        state: State<St, S, R>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<St: Store, S: Service<R>, R> {
        Admitted {
            #[pin]
            inner: S::Future,
            report: Option<(Arc<Shared<St>>, Report)>,
        },
        Refused { response: Option<S::Response> },
        // Boxed: whoever waits pays for it, not every future that does not.
        Deciding { verdict: Pin<Box<St::Future>>, parts: Option<Box<Parts<St, S, R>>> },
        Queued { turn: Pin<Box<Sleep>>, waiting: Option<Box<Waiting<St, S, R>>> },
    }
}

/// A request that is not yet given away, and the service that is ready for it.
pub(super) struct Parts<St: Store, S, R> {
    inner: S,
    request: R,
    charge: Charge,
    shared: Arc<Shared<St>>,
}

struct Waiting<St: Store, S, R> {
    inner: S,
    request: R,
    report: Report,
    place: Place<St>,
}

/// A place in the queue and the tokens taken ahead of time. A request that leaves before its turn
/// gives both back.
struct Place<St: Store> {
    shared: Arc<Shared<St>>,
    charge: Charge,
    redeemed: bool,
}

impl<St: Store, S, R> Parts<St, S, R> {
    pub(super) const fn new(inner: S, request: R, charge: Charge, shared: Arc<Shared<St>>) -> Self {
        Self {
            inner,
            request,
            charge,
            shared,
        }
    }
}

impl<St: Store> Place<St> {
    fn redeem(mut self) -> Arc<Shared<St>> {
        self.redeemed = true;
        Arc::clone(&self.shared)
    }
}

impl<St: Store> Drop for Place<St> {
    fn drop(&mut self) {
        self.shared.dequeue();
        if !self.redeemed {
            self.shared.refund(&self.charge);
        }
    }
}

impl<St: Store, S: Service<R>, R> ResponseFuture<St, S, R> {
    pub(super) const fn admitted(
        inner: S::Future,
        report: Option<(Arc<Shared<St>>, Report)>,
    ) -> Self {
        Self {
            state: State::Admitted { inner, report },
        }
    }

    pub(super) const fn refused(response: S::Response) -> Self {
        Self {
            state: State::Refused {
                response: Some(response),
            },
        }
    }

    pub(super) fn deciding(verdict: St::Future, parts: Parts<St, S, R>) -> Self {
        Self {
            state: State::Deciding {
                verdict: Box::pin(verdict),
                parts: Some(Box::new(parts)),
            },
        }
    }
}

impl<St, S, ReqBody, ResBody> ResponseFuture<St, S, Request<ReqBody>>
where
    St: Store,
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: RejectBody,
{
    pub(super) fn judged(judgement: Judgement, parts: Parts<St, S, Request<ReqBody>>) -> Self {
        Self {
            state: State::judged(judgement, parts),
        }
    }
}

impl<St, S, ReqBody, ResBody> State<St, S, Request<ReqBody>>
where
    St: Store,
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: RejectBody,
{
    fn judged(judgement: Judgement, mut parts: Parts<St, S, Request<ReqBody>>) -> Self {
        match judgement {
            Judgement::Admit(report) => Self::Admitted {
                report: report.map(|report| (Arc::clone(&parts.shared), report)),
                inner: parts.inner.call(parts.request),
            },
            Judgement::Wait(report, wait) => Self::queued(report, wait, parts),
            Judgement::Refuse(error, report) => Self::refused(error, report, &parts),
        }
    }

    fn queued(report: Report, wait: Duration, parts: Parts<St, S, Request<ReqBody>>) -> Self {
        if let Err(full) = parts.shared.enqueue(wait) {
            parts.shared.refund(&parts.charge);
            return Self::refused(full, Some(report), &parts);
        }
        Self::Queued {
            turn: Box::pin(tokio::time::sleep(wait)),
            waiting: Some(Box::new(Waiting {
                inner: parts.inner,
                request: parts.request,
                report,
                place: Place {
                    shared: parts.shared,
                    charge: parts.charge,
                    redeemed: false,
                },
            })),
        }
    }

    fn refused(
        error: GatewayError,
        report: Option<Report>,
        parts: &Parts<St, S, Request<ReqBody>>,
    ) -> Self {
        let responder = Responder::of(&parts.request);
        let response = parts.shared.refuse(&responder, error, report);
        Self::Refused {
            response: Some(response),
        }
    }
}

impl<St, S, ReqBody, ResBody> Future for ResponseFuture<St, S, Request<ReqBody>>
where
    St: Store,
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: RejectBody,
{
    type Output = Result<Response<ResBody>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Admitted { inner, report } => {
                    let mut response = ready!(inner.poll(cx))?;
                    if let Some((shared, report)) = report.take()
                        && !refused_further_in(&response)
                    {
                        shared.headers.write(response.headers_mut(), report);
                    }
                    return Poll::Ready(Ok(response));
                }
                StateProj::Refused { response } => {
                    let response = response.take().expect("polled after completion");
                    return Poll::Ready(Ok(response));
                }
                StateProj::Deciding { verdict, parts } => {
                    let verdict = ready!(verdict.as_mut().poll(cx));
                    let parts = *parts.take().expect("decided once");
                    let judgement = parts.shared.judge(&parts.charge, verdict);
                    State::judged(judgement, parts)
                }
                StateProj::Queued { turn, waiting } => {
                    ready!(turn.as_mut().poll(cx));
                    let mut waiting = *waiting.take().expect("one turn");
                    let shared = waiting.place.redeem();
                    State::Admitted {
                        inner: waiting.inner.call(waiting.request),
                        report: Some((shared, waiting.report)),
                    }
                }
            };
            state.set(next);
        }
    }
}

/// Another limiter further in refused: what it says is why, and ours would contradict it.
fn refused_further_in<B>(response: &Response<B>) -> bool {
    response.headers().contains_key(STATE) && response.extensions().get::<GatewayError>().is_some()
}

impl<St: Store, S: Service<R>, R> fmt::Debug for ResponseFuture<St, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
