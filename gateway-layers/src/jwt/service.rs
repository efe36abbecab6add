use std::{
    sync::Arc,
    task::{Context, Poll},
};

use gateway_core::{RejectBody, Responder, service::take_ready};
use http::{Request, Response};
use tower_service::Service;

use super::{
    ResponseFuture,
    shared::{Judgement, Shared},
};

/// Middleware that admits requests that carry a valid JSON Web Token.
///
/// See the [module docs](crate::jwt) for an example.
#[derive(Clone, Debug)]
pub struct Jwt<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Jwt<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: RejectBody,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, Request<ReqBody>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        match self.shared.judge(&mut request, false) {
            Judgement::Admit => ResponseFuture::admitted(self.inner.call(request)),
            Judgement::Refuse(error) => {
                ResponseFuture::refused(Responder::of(&request).refuse(error))
            }
            Judgement::Wait(flight) => {
                let inner = take_ready(&mut self.inner);
                ResponseFuture::waiting(flight, inner, request, Arc::clone(&self.shared))
            }
        }
    }
}

#[cfg(test)]
mod tests;
