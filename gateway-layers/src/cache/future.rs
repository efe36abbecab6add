use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use gateway_core::{Body, BoxError};
use http::Response;
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;

use super::admit::Passing;

type Asking<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

pin_project! {
    /// Response future of [`Cache`](super::Cache).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B, E> {
        #[pin]
        state: State<F, E>,
        _body: PhantomData<fn(B)>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, E> {
        Answered { response: Option<Response<Body>> },
        Passing { #[pin] future: F, note: Option<Passing> },
        // One allocation, for a request that goes over a network or waits for one that does.
        Asking { future: Asking<E> },
    }
}

impl<F, B, E> ResponseFuture<F, B, E> {
    pub(super) const fn answered(response: Response<Body>) -> Self {
        Self::new(State::Answered {
            response: Some(response),
        })
    }

    pub(super) const fn passing(future: F, note: Option<Passing>) -> Self {
        Self::new(State::Passing { future, note })
    }

    pub(super) fn asking(
        future: impl Future<Output = Result<Response<Body>, E>> + Send + 'static,
    ) -> Self {
        Self::new(State::Asking {
            future: Box::pin(future),
        })
    }

    const fn new(state: State<F, E>) -> Self {
        Self {
            state,
            _body: PhantomData,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B, E>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Answered { response } => {
                Poll::Ready(Ok(response.take().expect("polled after completion")))
            }
            StateProj::Asking { future } => future.as_mut().poll(cx),
            StateProj::Passing { future, note } => {
                let mut response = ready!(future.poll(cx))?.map(Body::new);
                if let Some(note) = note.take() {
                    note.finish(&mut response);
                }
                Poll::Ready(Ok(response))
            }
        }
    }
}

impl<F, B, E> fmt::Debug for ResponseFuture<F, B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
