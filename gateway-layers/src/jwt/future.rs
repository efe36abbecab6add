use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use gateway_core::{RejectBody, Responder};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{
    remote::Flight,
    shared::{Judgement, Shared},
};

pin_project! {
    /// Response future of [`Jwt`](super::Jwt).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S: Service<R>, R> {
        #[pin]
        state: State<S, R>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S: Service<R>, R> {
        Admitted { #[pin] inner: S::Future },
        Refused { response: Option<S::Response> },
        Waiting { flight: Flight, parts: Option<Box<Parts<S, R>>> },
    }
}

/// A request that is not yet given away, and the service that is ready for it.
struct Parts<S, R> {
    inner: S,
    request: R,
    shared: Arc<Shared>,
}

impl<S: Service<R>, R> ResponseFuture<S, R> {
    pub(super) const fn admitted(inner: S::Future) -> Self {
        Self {
            state: State::Admitted { inner },
        }
    }

    pub(super) const fn refused(response: S::Response) -> Self {
        Self {
            state: State::Refused {
                response: Some(response),
            },
        }
    }

    pub(super) fn waiting(flight: Flight, inner: S, request: R, shared: Arc<Shared>) -> Self {
        let parts = Parts {
            inner,
            request,
            shared,
        };
        Self {
            state: State::Waiting {
                flight,
                parts: Some(Box::new(parts)),
            },
        }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, Request<ReqBody>>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: RejectBody,
{
    type Output = Result<Response<ResBody>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Admitted { inner } => return inner.poll(cx),
                StateProj::Refused { response } => {
                    let response = response.take().expect("polled after completion");
                    return Poll::Ready(Ok(response));
                }
                StateProj::Waiting { flight, parts } => {
                    // Whether it succeeded shows in the keys that are there now.
                    _ = ready!(Pin::new(flight).poll(cx));
                    let mut parts = *parts.take().expect("one landing");
                    match parts.shared.judge(&mut parts.request, true) {
                        Judgement::Admit => State::Admitted {
                            inner: parts.inner.call(parts.request),
                        },
                        Judgement::Refuse(error) => State::Refused {
                            response: Some(Responder::of(&parts.request).refuse(error)),
                        },
                        // Not asked for after a wait, but if it were, waiting is right.
                        Judgement::Wait(flight) => State::Waiting {
                            flight,
                            parts: Some(Box::new(parts)),
                        },
                    }
                }
            };
            state.set(next);
        }
    }
}

impl<S: Service<R>, R> fmt::Debug for ResponseFuture<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
