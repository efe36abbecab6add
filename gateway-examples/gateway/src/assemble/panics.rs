use std::{
    any::Any,
    future::{Ready, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Context, Poll},
    thread,
};

use futures_util::future::{CatchUnwind, Either, FutureExt as _, Map};
use gateway_core::{ErrorKind, GatewayError, Request, Responder, Response};
use tower::Service;

/// Answers for a service that panics.
///
/// tower-http's layer of this name hides the body of every answer, so that each would be boxed
/// twice more on its way out.
#[derive(Clone, Debug)]
pub(super) struct CatchPanic<S> {
    inner: S,
}

impl<S> CatchPanic<S> {
    pub(super) const fn new(inner: S) -> Self {
        Self { inner }
    }
}

type Caught<T> = fn(thread::Result<T>) -> T;
type Polled<F> = CatchUnwind<AssertUnwindSafe<F>>;

impl<S: Service<Request, Response = Response>> Service<Request> for CatchPanic<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Either<
        Map<Polled<S::Future>, Caught<Result<Response, S::Error>>>,
        Ready<Result<Response, S::Error>>,
    >;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
            Ok(future) => {
                let answer: Caught<_> = |polled| polled.unwrap_or_else(|panic| panicked(&*panic));
                Either::Left(AssertUnwindSafe(future).catch_unwind().map(answer))
            }
            Err(panic) => Either::Right(ready(panicked(&*panic))),
        }
    }
}

/// What it said goes to the log, not to the client.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the result of a service that may fail"
)]
fn panicked<E>(panic: &(dyn Any + Send)) -> Result<Response, E> {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(
        panic = said.unwrap_or("unknown"),
        "request handling panicked"
    );
    Ok(Responder::default().refuse(GatewayError::new(ErrorKind::Internal)))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use gateway_core::Body;
    use tower::{ServiceExt as _, service_fn};

    use super::*;

    async fn status<S>(inner: S) -> u16
    where
        S: Service<Request, Response = Response, Error = Infallible>,
    {
        let Ok(response) = CatchPanic::new(inner).oneshot(Request::default()).await;
        response.status().as_u16()
    }

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        let answers = |_: Request| ready(Ok(Response::new(Body::empty())));
        assert_eq!(status(service_fn(answers)).await, 200);
        let at_once = |_: Request| -> Ready<_> { panic!("in the call") };
        assert_eq!(status(service_fn(at_once)).await, 500);
        let later = |_: Request| async { panic!("in the {}", "future") };
        assert_eq!(status(service_fn(later)).await, 500);
    }
}
