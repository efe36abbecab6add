use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use gateway_core::{
    Body, BoxError, ErrorKind, GatewayError, Key, Outcome, Request, Responder, Response,
    context::Tried,
};
use http_body::Body as HttpBody;
use tokio::time::{Duration, Instant};
use tower_service::Service;

use super::{
    Blocked, Endpoint, EndpointState, Outliers, Policy, ResponseFuture,
    endpoint::LoadGuard,
    ewma::Millis,
    hash, outlier,
    rng::Rng,
    set::{Ask, Picker, Set},
};

/// A service that spreads requests over endpoints.
///
/// See the [module docs](crate::balance) for an example.
pub struct Balance<S> {
    shared: Arc<Shared<S>>,
}

pub(super) struct Shared<S> {
    name: Arc<str>,
    set: ArcSwap<Set<S>>,
    pub(super) picker: Picker,
    start: Instant,
}

impl<S> Balance<S> {
    /// Spreads requests over `endpoints` by [`Policy::P2cEwma`]. `name` is what refusals call the
    /// upstream.
    pub fn new(
        name: impl Into<Arc<str>>,
        endpoints: impl IntoIterator<Item = Endpoint<S>>,
    ) -> Self {
        let endpoints = endpoints.into_iter().collect();
        Self {
            shared: Arc::new(Shared {
                name: name.into(),
                set: ArcSwap::from_pointee(Set::new(endpoints, Policy::default())),
                picker: Picker::new(Rng::new()),
                start: Instant::now(),
            }),
        }
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
    /// a quarter more than its share of the load, an endpoint is passed over for the key's next one.
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

    fn rebuild(self, change: impl FnOnce(&mut Picker)) -> Self
    where
        S: Clone,
    {
        let mut picker = Picker::new(Rng::new());
        picker.policy = self.shared.picker.policy;
        picker.decay = self.shared.picker.decay;
        picker.outliers = self.shared.picker.outliers;
        picker.key = self.shared.picker.key.clone();
        change(&mut picker);
        let endpoints = self.shared.set.load().endpoints.to_vec();
        Self {
            shared: Arc::new(Shared {
                name: Arc::clone(&self.shared.name),
                set: ArcSwap::from_pointee(Set::new(endpoints, picker.policy)),
                picker,
                start: self.shared.start,
            }),
        }
    }

    /// Replaces the endpoints, for this balancer and all its clones. Those that stay, by name, keep
    /// what is known about them; requests under way finish where they are.
    pub fn replace(&self, endpoints: impl IntoIterator<Item = Endpoint<S>>) {
        let endpoints = endpoints.into_iter().collect();
        let set = Set::new(endpoints, self.shared.picker.policy);
        // Changes come from one place, configuration or discovery; the last one counts.
        let set = set.inherit(&self.shared.set.load());
        self.shared.set.store(Arc::new(set));
    }

    /// The endpoints as they are now, with what is known about them.
    #[cfg(feature = "health")]
    pub(crate) fn snapshot(&self) -> Vec<(S, Arc<EndpointState>)>
    where
        S: Clone,
    {
        let set = self.shared.set.load();
        let each = set.endpoints.iter();
        each.map(|endpoint| (endpoint.service.clone(), Arc::clone(&endpoint.state)))
            .collect()
    }

    /// What is known about each endpoint.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Arc<EndpointState>> {
        let set = self.shared.set.load();
        let states = set.endpoints.iter().map(Endpoint::state);
        states.map(Arc::clone).collect()
    }
}

impl<S> Shared<S> {
    pub(super) const fn start(&self) -> Instant {
        self.start
    }

    /// Chooses an endpoint for `request` and counts it there.
    ///
    /// One that earlier attempts went to is chosen only if there is no other; `failed`, which this
    /// very attempt went to, never. When all are unhealthy or ejected, the observers are as likely
    /// to be wrong as the endpoints, and any of them gets the request (panic mode).
    pub(super) fn choose(
        &self,
        request: &Request,
        failed: Option<&EndpointState>,
    ) -> Option<(S, LoadGuard)>
    where
        S: Clone,
    {
        let set = self.set.load();
        let elapsed = self.start.elapsed();
        let key = self.picker.key.as_ref().and_then(|key| key.eval(request));
        let ask = Ask {
            now: Millis::since_start(elapsed),
            again: failed.is_some(),
            key: key.map(|key| hash::hash(key.as_str())),
        };
        let tried = request.extensions().get::<Tried>();
        let is_new =
            |state: &EndpointState| !failed.is_some_and(|failed| std::ptr::eq(failed, state));
        let is_untried =
            |state: &EndpointState| tried.is_none_or(|tried| !tried.contains(state.name()));
        let available = |state: &EndpointState| is_new(state) && state.is_available_at(elapsed);
        let index = set
            .pick(&self.picker, ask, |state| {
                available(state) && is_untried(state)
            })
            .or_else(|| {
                // Only where something was tried is this another question.
                tried?;
                set.pick(&self.picker, ask, available)
            })
            .or_else(|| {
                set.pick(&self.picker, ask, |state| {
                    is_new(state) && state.is_last_resort()
                })
            })?;
        let endpoint = &set.endpoints[index];
        if let Some(tried) = tried {
            tried.add(endpoint.state.shared_name());
        }
        Some((endpoint.service.clone(), endpoint.state.open()))
    }

    /// Takes in how an attempt at `state` ended.
    pub(super) fn observe(&self, state: &EndpointState, failed: bool) {
        let Some(outliers) = &self.picker.outliers else {
            return;
        };
        if !failed {
            state.record().succeeded();
            return;
        }
        if !state.record().failed(outliers) || state.is_blocked_by(Blocked::Ejected) {
            return;
        }
        let set = self.set.load();
        // Two that cross the line at once may both be ejected; the share is not exact to one.
        if outlier::may_eject(outliers, set.endpoints.len(), set.ejected()) {
            state.record().eject(outliers, self.start.elapsed());
            state.set_blocked(Blocked::Ejected, true);
        }
    }

    fn refuse(&self, request: &Request) -> Response {
        let error = GatewayError::new(ErrorKind::NoHealthyUpstream)
            .detail(format!("upstream `{}`", self.name))
            .layer("balance")
            .retry_after(Duration::from_secs(1));
        Outcome::record(request.extensions(), |record| {
            record.error = Some(error.clone());
        });
        Responder::of(request).refuse(error)
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
            Some((service, load)) => {
                ResponseFuture::new(Arc::clone(&self.shared), service, load, request)
            }
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
            .field("policy", &self.shared.picker.policy)
            .field("endpoints", &self.endpoints())
            .finish_non_exhaustive()
    }
}
