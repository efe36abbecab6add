use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{Body, BoxError, Request, Response, context::Tried, service::unready};
use http::{Method, header};
use http_body::Body as HttpBody;
use tower_service::Service;

use super::{ResponseFuture, future::Race, histogram::Histogram, layer::After};
use crate::retry::RetryBudget;

/// The service of [`HedgeLayer`](super::HedgeLayer).
///
/// See the [module docs](crate::hedge) for an example.
#[derive(Debug)]
pub struct Hedge<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    after: After,
    pub(super) max: u32,
    pub(super) budget: RetryBudget,
    /// Whether nobody else counts the requests.
    own: bool,
    latencies: Mutex<Latencies>,
    /// What the latencies say, in microseconds; 0 while that is nothing.
    delay: AtomicU64,
}

#[derive(Debug)]
struct Latencies {
    histogram: Histogram,
    /// Records until the quantile is looked up again, which takes longer than to record.
    fresh: u32,
}

impl Shared {
    pub(super) fn new(after: After, max: u32, budget: RetryBudget, own: bool) -> Self {
        Self {
            after,
            max,
            budget,
            own,
            latencies: Mutex::new(Latencies {
                histogram: Histogram::new(),
                fresh: 0,
            }),
            delay: AtomicU64::new(0),
        }
    }

    /// After which time to ask again, if that is known.
    pub(super) fn delay(&self) -> Option<Duration> {
        match self.after {
            After::Time(time) => Some(time),
            After::Quantile(_) => {
                let micros = self.delay.load(Ordering::Relaxed);
                (micros > 0).then(|| Duration::from_micros(micros))
            }
        }
    }

    pub(super) fn record(&self, latency: Duration) {
        let After::Quantile(per_mille) = self.after else {
            return;
        };
        // A histogram is whole whenever the lock is free, so poison is ignored.
        let mut latencies = self
            .latencies
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        latencies.histogram.record(latency);
        if latencies.fresh > 0 {
            latencies.fresh -= 1;
            return;
        }
        if let Some(delay) = latencies.histogram.quantile(per_mille) {
            latencies.fresh = 16;
            let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
            self.delay.store(micros.max(1), Ordering::Relaxed);
        }
    }
}

impl<S, B, ResBody> Service<http::Request<B>> for Hedge<S>
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
        if !may_hedge(&request) || self.shared.max == 0 {
            return ResponseFuture::plain(self.inner.call(request));
        }
        if self.shared.own {
            self.shared.budget.deposit();
        }
        // What a balancer adds for one is what it avoids for the other.
        if request.extensions().get::<Tried>().is_none() {
            request.extensions_mut().insert(Tried::new());
        }
        let copy = copy(&request);
        let later = unready(&self.inner);
        let race = Race::new(later, copy, Arc::clone(&self.shared));
        ResponseFuture::racing(self.inner.call(request), race)
    }
}

/// Only what changes nothing, however often it is asked for (RFC 9110 §9.2.1), and has no body that
/// could be read but once.
fn may_hedge(request: &Request) -> bool {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let body = request.body();
    let whole = body.as_bytes().is_some() || body.is_end_stream();
    safe && whole && !request.headers().contains_key(header::UPGRADE)
}

pub(super) fn copy(request: &Request) -> Request {
    let body = request.body().as_bytes().cloned().unwrap_or_default();
    let mut copy = http::Request::new(Body::from(body));
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    copy
}

// Not derived: what is known is shared.
impl<S: Clone> Clone for Hedge<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}
