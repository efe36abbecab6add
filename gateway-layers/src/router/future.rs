use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use gateway_core::service::ready_now;
use http::Request;
use pin_project_lite::pin_project;
use tower_service::Service;

pin_project! {
    /// Response future of [`Router`](super::Router).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S: Service<Request<B>>, B> {
        #[pin]
        state: State<S, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S: Service<Request<B>>, B> {
        Chosen { service: S, request: Option<Request<B>> },
        Called { #[pin] future: S::Future },
        Done { answer: Option<Result<S::Response, S::Error>> },
    }
}

impl<S: Service<Request<B>>, B> ResponseFuture<S, B> {
    /// Calls the service at once if it is ready: then the future need not hold the request.
    pub(super) fn chosen(mut service: S, request: Request<B>) -> Self {
        let state = match ready_now(&mut service) {
            Poll::Ready(Ok(())) => State::Called {
                future: service.call(request),
            },
            Poll::Ready(Err(error)) => State::Done {
                answer: Some(Err(error)),
            },
            Poll::Pending => State::Chosen {
                service,
                request: Some(request),
            },
        };
        Self { state }
    }

    pub(super) const fn refused(response: S::Response) -> Self {
        Self {
            state: State::Done {
                answer: Some(Ok(response)),
            },
        }
    }
}

impl<S: Service<Request<B>>, B> Future for ResponseFuture<S, B> {
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let future = match state.as_mut().project() {
                StateProj::Called { future } => return future.poll(cx),
                StateProj::Done { answer } => {
                    return Poll::Ready(answer.take().expect("polled after completion"));
                }
                StateProj::Chosen { service, request } => {
                    if let Err(error) = ready!(service.poll_ready(cx)) {
                        return Poll::Ready(Err(error));
                    }
                    service.call(request.take().expect("called once, then replaced"))
                }
            };
            state.set(State::Called { future });
        }
    }
}

impl<S: Service<Request<B>>, B> fmt::Debug for ResponseFuture<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
