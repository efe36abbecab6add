use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use gateway_core::{BoxError, Outcome};
use http::{Request, Response, header::Entry};
use http_body::Body as HttpBody;
use tower_service::Service;

use super::{
    OnEnd, TraceContext,
    future::ResponseFuture,
    layer::Shared,
    recorder::Recorder,
    trace::{self, TRACEPARENT, TRACESTATE},
};

/// Middleware that observes requests to the end of their answers.
///
/// See the [module docs](crate::observe) for an example.
#[derive(Debug)]
pub struct Observe<S, H = ()> {
    inner: S,
    shared: Arc<Shared<H>>,
}

impl<S, H> Observe<S, H> {
    pub(super) const fn new(inner: S, shared: Arc<Shared<H>>) -> Self {
        Self { inner, shared }
    }

    /// Puts this hop into the request's trace headers.
    fn propagate<B>(&self, request: &mut Request<B>) -> Option<TraceContext> {
        if !self.shared.propagate {
            return None;
        }
        let headers = request.headers_mut();
        let parent = headers.entry(TRACEPARENT);
        let caller = match &parent {
            Entry::Occupied(parent) => TraceContext::only(parent.iter()),
            Entry::Vacant(_) => None,
        };
        let trace = self.shared.next_hop(caller);
        match parent {
            Entry::Occupied(mut parent) => drop(parent.insert(trace.header_value())),
            Entry::Vacant(parent) => drop(parent.insert(trace.header_value())),
        }
        // The state belongs to the parent: without a valid parent it says nothing (§3.3).
        if headers.contains_key(&TRACESTATE)
            && (caller.is_none() || !trace::is_valid_state(headers))
        {
            headers.remove(&TRACESTATE);
        }
        Some(trace)
    }
}

impl<S, H, ReqBody, ResBody> Service<Request<ReqBody>> for Observe<S, H>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    H: OnEnd,
    ReqBody: HttpBody,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<gateway_core::Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, H>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let trace = self.propagate(&mut request);
        let outcome = Outcome::new();
        let recorder = Recorder::begin(&self.shared, &request, outcome.clone(), trace);
        request.extensions_mut().insert(outcome);
        ResponseFuture::new(self.inner.call(request), recorder)
    }
}

// Not derived: `H` is behind the `Arc`.
impl<S: Clone, H> Clone for Observe<S, H> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

#[cfg(test)]
mod tests;
