use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    task::{Context, Poll},
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use gateway_core::{Body, BoxError, Key, Request, Response};
use http_body::Body as HttpBody;
use tokio::time::{Duration, Instant};
use tower_service::Service;

use super::{
    Endpoint, EndpointState, EndpointStatus, Outliers, Policy, ResponseFuture, StickyCookie,
    group::Picker, rng::Rng, set::Set, shared::Shared, sticky::Sticky,
};
use crate::circuit_breaker::Breaker;

/// A service that spreads requests over endpoints.
///
/// See the [module docs](crate::balance) for an example.
pub struct Balance<S> {
    shared: Arc<Shared<S>>,
}

impl<S> Balance<S> {
    /// Spreads requests over `endpoints` by [`Policy::P2cEwma`]. `name` is what refusals call the
    /// upstream.
    pub fn new(
        name: impl Into<Arc<str>>,
        endpoints: impl IntoIterator<Item = Endpoint<S>>,
    ) -> Self {
        let endpoints = endpoints.into_iter().collect();
        Self::build(name.into(), endpoints, Picker::new(Rng::new()))
    }

    /// How an endpoint is chosen. Defaults to [`Policy::P2cEwma`].
    ///
    /// The balancer starts afresh: clones made before keep their policy.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self
    where
        S: Clone,
    {
        self.rebuild(|picker| picker.policy = policy)
    }

    /// Over which time a latency is forgotten. Defaults to 10 s.
    #[must_use]
    pub fn decay(self, decay: Duration) -> Self
    where
        S: Clone,
    {
        self.rebuild(|picker| picker.decay = decay)
    }

    /// Sends requests with the same `key` to the same endpoint ([`Policy::Hash`]), by rendezvous
    /// hashing: an endpoint that comes or goes moves its own share of the keys and no others. Above
    /// a quarter more than its share of the load, and above eight requests, an endpoint is passed
    /// over for the key's next one.
    /// A request without the key is balanced by [`Policy::P2cEwma`].
    #[must_use]
    pub fn hash_on(self, key: Key) -> Self
    where
        S: Clone,
    {
        self.rebuild(|picker| {
            picker.policy = Policy::Hash;
            picker.key = Some(key);
        })
    }

    /// Leaves endpoints alone that keep failing. Defaults to never.
    #[must_use]
    pub fn outliers(self, outliers: Outliers) -> Self
    where
        S: Clone,
    {
        self.rebuild(|picker| picker.outliers = Some(outliers))
    }

    /// Gives each endpoint a circuit, which opens when it fails too often; one that is open is not
    /// chosen, and when all are, requests are refused. Defaults to none.
    #[must_use]
    pub fn breaker(self, rules: Breaker) -> Self
    where
        S: Clone,
    {
        self.rebuild(|picker| picker.breaker = Some(rules))
    }

    /// Sends a client to the endpoint that answered it first, while that is there and well. Clients
    /// without the cookie are balanced, and get one. Defaults to none.
    #[must_use]
    pub fn sticky(self, cookie: &StickyCookie) -> Self
    where
        S: Clone,
    {
        let sticky = Sticky::new(cookie, &self.shared.name);
        self.rebuild(|picker| picker.sticky = Some(sticky))
    }

    /// Over which time an endpoint that is new or back gets its share, from a tenth of it on: caches
    /// and compilers warm up with a part of the load and not under all of it. Defaults to at once.
    #[must_use]
    pub fn slow_start(self, window: Duration) -> Self
    where
        S: Clone,
    {
        self.rebuild(|picker| picker.slow_start = (!window.is_zero()).then_some(window))
    }

    /// How many endpoints in a hundred, by weight, must be well for the news about the others to be
    /// heeded. Below, the first attempt of a request may go to any: so few cannot take what all of
    /// them took, and would fall next. 0 is for upstreams of which one can. Defaults to 50.
    #[must_use]
    pub fn panic_percent(self, percent: u32) -> Self
    where
        S: Clone,
    {
        self.rebuild(|picker| picker.panic = f64::from(percent) / 100.0)
    }

    fn rebuild(self, change: impl FnOnce(&mut Picker)) -> Self
    where
        S: Clone,
    {
        let mut picker = self.shared.picker.again();
        change(&mut picker);
        let endpoints = self.shared.set.load().endpoints().cloned().collect();
        Self::build(Arc::clone(&self.shared.name), endpoints, picker)
    }

    fn build(name: Arc<str>, endpoints: Vec<Endpoint<S>>, picker: Picker) -> Self {
        let alarm = Arc::default();
        Self {
            shared: Arc::new(Shared {
                name,
                set: ArcSwap::from_pointee(Set::new(endpoints, &picker, &alarm)),
                picker,
                alarm,
                start: Instant::now(),
                interval_ends: AtomicU64::new(0),
            }),
        }
    }

    /// Replaces the endpoints, for this balancer and all its clones. Those that stay, by name, keep
    /// what is known about them; requests under way finish where they are.
    pub fn replace(&self, endpoints: impl IntoIterator<Item = Endpoint<S>>) {
        let endpoints = endpoints.into_iter().collect();
        // Changes come from one place, configuration or discovery; the last one counts.
        let endpoints = Set::inherited(endpoints, &self.shared.set.load());
        let set = Set::new(endpoints, &self.shared.picker, &self.shared.alarm);
        self.shared.set.store(Arc::new(set));
    }

    /// The endpoints as they are now, with what is known about them.
    #[cfg(feature = "health")]
    pub(crate) fn snapshot(&self) -> Vec<(S, Arc<EndpointState>)>
    where
        S: Clone,
    {
        let set = self.shared.set.load();
        let each = set.endpoints();
        each.map(|endpoint| (endpoint.service.clone(), Arc::clone(&endpoint.state)))
            .collect()
    }

    /// The endpoints as they are now.
    #[cfg(all(feature = "dns", feature = "config", feature = "proxy"))]
    pub(crate) fn current(&self) -> Vec<Endpoint<S>>
    where
        S: Clone,
    {
        self.shared.set.load().endpoints().cloned().collect()
    }

    /// What is known about each endpoint.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Arc<EndpointState>> {
        let set = self.shared.set.load();
        let states = set.endpoints().map(Endpoint::state);
        states.map(Arc::clone).collect()
    }

    /// What refusals call the upstream.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Each endpoint as it is now, for those who watch.
    #[must_use]
    pub fn status(&self) -> Vec<EndpointStatus> {
        let set = self.shared.set.load();
        let each = set.endpoints();
        each.map(|endpoint| self.shared.status(endpoint)).collect()
    }
}

impl<S, B, ResBody> Service<http::Request<B>> for Balance<S>
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

    /// Always ready: which endpoint must be ready is known only once the request is.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> ResponseFuture<S> {
        let request = request.map(Body::new);
        match self.shared.choose(&request, None) {
            Some(chosen) => ResponseFuture::new(Arc::clone(&self.shared), chosen, request),
            None => ResponseFuture::refused(Arc::clone(&self.shared), self.shared.refuse(&request)),
        }
    }
}

// Not derived: `S` need not be `Clone`, it sits behind the `Arc`.
impl<S> Clone for Balance<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S> fmt::Debug for Balance<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balance")
            .field("name", &self.shared.name)
            .field("options", &self.shared.picker)
            .field("endpoints", &self.endpoints())
            .finish_non_exhaustive()
    }
}
