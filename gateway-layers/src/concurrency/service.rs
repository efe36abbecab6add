use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{
    BoxError, Deadline, ErrorKind, GatewayError, KeyValue, Outcome, Responder, Response,
    service::take_ready,
};
use http_body::Body as HttpBody;
use tokio::time::Instant;
use tower_service::Service;

use super::{
    ResponseFuture,
    future::{Queued, Trip},
    layer::{Queueing, Settings},
    permit::Pools,
    pool::Entry,
};

/// The service of [`ConcurrencyLayer`](super::ConcurrencyLayer).
///
/// See the [module docs](crate::concurrency) for an example.
#[derive(Debug)]
pub struct Concurrency<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

/// What a layer and its services share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) pools: Pools,
    pub(super) start: Instant,
}

impl Shared {
    fn key<B>(&self, request: &http::Request<B>) -> KeyValue {
        let key = self.settings.key.as_ref();
        let value = key.and_then(|key| key.eval(request));
        value.unwrap_or_else(|| KeyValue::from(NO_KEY))
    }

    fn rank<B>(&self, request: &http::Request<B>) -> usize {
        let priority = self.settings.priority.as_ref();
        priority.map_or(0, |priority| priority.rank(request))
    }

    /// How long a request may wait: no longer than there is somebody to answer.
    fn patience<B>(&self, request: &http::Request<B>) -> Duration {
        let most = self
            .settings
            .queue
            .map_or(Duration::ZERO, |queue| queue.max_wait);
        match request.extensions().get::<Deadline>() {
            Some(deadline) => most.min(deadline.remaining(Instant::now())),
            None => most,
        }
    }

    /// There is no place, and none to wait in.
    pub(super) fn full(&self) -> GatewayError {
        let kind = match self.settings.key {
            Some(_) => ErrorKind::TooManyConcurrent,
            None => ErrorKind::Overloaded,
        };
        let error = GatewayError::new(kind).retry_after(SOON).layer(LAYER);
        match self.settings.queue {
            Some(Queueing { .. }) => error.detail("the queue is full"),
            None => error,
        }
    }
}

/// No place became free in time.
pub(super) fn waited() -> GatewayError {
    GatewayError::new(ErrorKind::QueueTimeout)
        .retry_after(SOON)
        .layer(LAYER)
}

impl<S, B, ResBody> Service<http::Request<B>> for Concurrency<S>
where
    S: Service<http::Request<B>, Response = http::Response<ResBody>> + Clone,
    ResBody: HttpBody<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, http::Request<B>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let shared = &self.shared;
        let rank = shared.rank(&request);
        let (lease, entry) = shared.pools.enter(|| shared.key(&request), rank);
        match entry {
            Entry::Taken(taken) => {
                let trip = Trip::begin(lease.permit(&taken), shared.start, &mut request);
                ResponseFuture::admitted(self.inner.call(request), trip)
            }
            Entry::Full => ResponseFuture::refused(refuse(&request, shared.full())),
            Entry::Queued(waiting) => {
                let patience = shared.patience(&request);
                let shared = Arc::clone(shared);
                let inner = take_ready(&mut self.inner);
                ResponseFuture::queued(
                    Queued::new(inner, request, waiting, lease, shared),
                    patience,
                )
            }
        }
    }
}

pub(super) fn refuse<B>(request: &http::Request<B>, error: GatewayError) -> Response {
    Outcome::record(request.extensions(), |record| {
        record.error = Some(error.clone());
    });
    Responder::of(request).refuse(error)
}

// Not derived: the places are shared.
impl<S: Clone> Clone for Concurrency<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

const LAYER: &str = "concurrency";
/// Requests without a key count together: a limit must not be avoided by leaving it out.
const NO_KEY: &str = "";
const SOON: Duration = Duration::from_secs(1);
