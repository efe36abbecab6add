use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{Attempt, Body, BoxError, Request, Response, context::Tried};
use http_body::Body as HttpBody;
use tower_service::Service;

use super::{ResponseFuture, RetryBudget, again::Again, future::Trip, layer::Settings, policy};

/// The service of [`RetryLayer`](super::RetryLayer).
///
/// See the [module docs](crate::retry) for an example.
#[derive(Debug)]
pub struct Retry<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    budget: RetryBudget,
    random: RandomState,
    draws: AtomicU64,
}

impl Shared {
    pub(super) fn new(settings: Settings, budget: RetryBudget) -> Self {
        Self {
            settings,
            budget,
            random: RandomState::new(),
            draws: AtomicU64::new(0),
        }
    }

    pub(super) fn withdraw(&self) -> bool {
        self.budget.withdraw()
    }

    pub(super) fn backoff(&self, attempt: u32) -> Duration {
        let draw = self.draws.fetch_add(1, Ordering::Relaxed);
        let random = self.random.hash_one(draw);
        policy::backoff(self.settings.base, self.settings.max, attempt, random)
    }
}

impl<S, B, ResBody> Service<http::Request<B>> for Retry<S>
where
    S: Service<Request, Response = http::Response<ResBody>> + Clone,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let mut request = request.map(Body::new);
        self.shared.budget.deposit();
        let trip = Trip::of(&request);
        let mut again = None;
        if self.shared.settings.attempts > 1
            && policy::may_repeat(request.method(), request.headers())
        {
            request.extensions_mut().insert(Tried::new());
            request.extensions_mut().insert(Attempt::new(1));
            (request, again) = Again::keep(request, self.shared.settings.replay);
        }
        // The instance that was polled ready makes the first attempt; later ones poll this clone.
        let later = self.inner.clone();
        let future = self.inner.call(request);
        ResponseFuture::first(future, later, Arc::clone(&self.shared), trip, again)
    }
}

// Written out, as everywhere a service shares its state.
impl<S: Clone> Clone for Retry<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}
