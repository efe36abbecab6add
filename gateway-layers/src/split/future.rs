use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Request;
use pin_project_lite::pin_project;
use tower_service::Service;

pin_project! {
    /// Response future of [`Split`](super::Split).
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
    }
}

impl<S: Service<Request<B>>, B> ResponseFuture<S, B> {
    pub(super) const fn new(service: S, request: Request<B>) -> Self {
        Self {
            state: State::Chosen {
                service,
                request: Some(request),
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
                StateProj::Chosen { service, request } => {
                    ready!(service.poll_ready(cx))?;
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
