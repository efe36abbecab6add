use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use gateway_core::{Body, BoxError};
use http::Response;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;

use super::respond::Answering;

type Boxed<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

pin_project! {
    /// Response future of [`Transform`](super::Transform).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, E> {
        #[pin]
        state: State<F, E>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, E> {
        Answered { response: Option<Response<Body>> },
        Passing { #[pin] future: F, answering: Option<Answering> },
        // A body is read whole; the allocation is the least of it.
        Boxed { future: Boxed<E> },
    }
}

impl<F, E> ResponseFuture<F, E> {
    pub(super) const fn answered(response: Response<Body>) -> Self {
        Self {
            state: State::Answered {
                response: Some(response),
            },
        }
    }

    pub(super) const fn passing(future: F, answering: Option<Answering>) -> Self {
        Self {
            state: State::Passing { future, answering },
        }
    }

    pub(super) fn boxed(
        future: impl Future<Output = Result<Response<Body>, E>> + Send + 'static,
    ) -> Self {
        Self {
            state: State::Boxed {
                future: Box::pin(future),
            },
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F, E>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let next = match self.as_mut().project().state.project() {
                StateProj::Answered { response } => {
                    return Poll::Ready(Ok(response.take().expect("polled after completion")));
                }
                StateProj::Boxed { future } => return future.as_mut().poll(cx),
                StateProj::Passing { future, answering } => {
                    let mut response = ready!(future.poll(cx))?.map(Body::new);
                    match answering.take() {
                        Some(answering) if answering.edit_head(&mut response) => {
                            Box::pin(async move { Ok(answering.edit_body(response).await) })
                        }
                        _ => return Poll::Ready(Ok(response)),
                    }
                }
            };
            self.as_mut()
                .project()
                .state
                .set(State::Boxed { future: next });
        }
    }
}

impl<F, E> fmt::Debug for ResponseFuture<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
