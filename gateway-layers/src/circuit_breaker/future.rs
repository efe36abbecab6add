use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use gateway_core::{Body, BoxError, Response, body::ObservedBody};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;

use super::{
    circuit::{Permit, Watch},
    machine::Verdict,
    rules,
};

pin_project! {
    /// Response future of [`CircuitBreaker`](super::CircuitBreaker). Dropping it cancels the
    /// request, which counts neither way.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Admitted { #[pin] inner: F, permit: Option<Permit> },
        Refused { response: Option<Box<Response>> },
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn admitted(inner: F, permit: Permit) -> Self {
        Self {
            state: State::Admitted {
                inner,
                permit: Some(permit),
            },
        }
    }

    pub(super) fn refused(response: Response) -> Self {
        Self {
            state: State::Refused {
                response: Some(Box::new(response)),
            },
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
        match self.project().state.project() {
            StateProj::Refused { response } => {
                let response = response.take().expect("polled after completion");
                Poll::Ready(Ok(*response))
            }
            StateProj::Admitted { inner, permit } => {
                let answered = ready!(inner.poll(cx));
                let permit = permit.take().expect("polled after completion");
                let response = match answered {
                    Ok(response) => response.map(Body::new),
                    Err(error) => {
                        permit.settle_as(Verdict::Failure);
                        return Poll::Ready(Err(error));
                    }
                };
                let watch = permit.settle(&response);
                Poll::Ready(Ok(watched(response, watch)))
            }
        }
    }
}

/// Lets `watch` see how the body of `response` ends.
pub(crate) fn watched(response: Response, watch: Option<Watch>) -> Response {
    match watch {
        None => response,
        Some(watch) if rules::has_body(&response) => {
            response.map(|body| Body::new(ObservedBody::new(body, watch)))
        }
        Some(watch) => {
            watch.complete();
            response
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
