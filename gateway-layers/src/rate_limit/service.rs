use std::{
    sync::Arc,
    task::{Context, Poll},
};

use gateway_core::{RejectBody, Responder, service::take_ready};
use http::{Request, Response};
use tower_service::Service;

use super::{
    Answer, MemoryStore, ResponseFuture, Store,
    future::Parts,
    rules::{Judgement, Shared},
};

/// Middleware that admits a request only while its key has quota left.
///
/// See the [module docs](crate::rate_limit) for an example.
#[derive(Debug)]
pub struct RateLimit<S, St = MemoryStore> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared<St>>,
}

impl<S, St, ReqBody, ResBody> Service<Request<ReqBody>> for RateLimit<S, St>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: RejectBody,
    St: Store,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<St, S, Request<ReqBody>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let shared = &self.shared;
        let charge = match shared.charge(&request) {
            Ok(charge) => charge,
            Err(refusal) => {
                return ResponseFuture::refused(Responder::of(&request).refuse(refusal));
            }
        };
        let judgement = match shared.ask(&charge) {
            // The answer is in memory: no clone of the inner service.
            Answer::Now(verdict) => shared.judge(&charge, verdict),
            Answer::Later(verdict) => {
                let inner = take_ready(&mut self.inner);
                let parts = Parts::new(inner, request, charge, Arc::clone(shared));
                return ResponseFuture::deciding(verdict, parts);
            }
        };
        match judgement {
            Judgement::Admit(None) => ResponseFuture::admitted(self.inner.call(request), None),
            Judgement::Admit(Some(report)) => {
                let shared = Arc::clone(shared);
                ResponseFuture::admitted(self.inner.call(request), Some((shared, report)))
            }
            Judgement::Refuse(error, report) => {
                let responder = Responder::of(&request);
                ResponseFuture::refused(shared.refuse(&responder, error, report))
            }
            judgement @ Judgement::Wait(..) => {
                let inner = take_ready(&mut self.inner);
                let parts = Parts::new(inner, request, charge, Arc::clone(shared));
                ResponseFuture::judged(judgement, parts)
            }
        }
    }
}

// Not derived: `St` need not be `Clone`, it sits behind the `Arc`.
impl<S: Clone, St> Clone for RateLimit<S, St> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

#[cfg(test)]
mod tests;
