use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{BoxError, ErrorKind, GatewayError, Outcome, Responder, Response};
use http_body::Body as HttpBody;
use tower_service::Service;

use super::{Circuit, Fallback, ResponseFuture};

/// The service of [`CircuitBreakerLayer`](super::CircuitBreakerLayer).
///
/// See the [module docs](crate::circuit_breaker) for an example.
#[derive(Clone, Debug)]
pub struct CircuitBreaker<S> {
    pub(super) inner: S,
    pub(super) circuit: Arc<Circuit>,
    pub(super) fallback: Option<Arc<Fallback>>,
}

impl<S, B, ResBody> Service<http::Request<B>> for CircuitBreaker<S>
where
    S: Service<http::Request<B>, Response = http::Response<ResBody>>,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        match self.circuit.admit() {
            Ok(permit) => {
                let outcome = request.extensions().get::<Outcome>().cloned();
                let permit = permit.with_outcome(outcome);
                ResponseFuture::admitted(self.inner.call(request), permit)
            }
            Err(wait) => ResponseFuture::refused(refuse(&request, wait, self.fallback.as_deref())),
        }
    }
}

fn refuse<B>(request: &http::Request<B>, wait: Duration, fallback: Option<&Fallback>) -> Response {
    let error = open(wait).layer("circuit_breaker");
    Outcome::record(request.extensions(), |record| {
        record.error = Some(error.clone());
    });
    match fallback {
        Some(fallback) => fallback.answer(error),
        None => Responder::of(request).refuse(error),
    }
}

/// The refusal of a circuit that may let a request through after `wait`.
pub(crate) fn open(wait: Duration) -> GatewayError {
    GatewayError::new(ErrorKind::CircuitOpen).retry_after(wait)
}
