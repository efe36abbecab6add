use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use gateway_core::{Key, Outcome};
use http::{HeaderMap, HeaderName, Request, header};
use tower_service::Service;

use super::{ResponseFuture, Weights, WeightsError};

/// A service that sends each request to one of several targets.
///
/// See the [module docs](crate::split) for an example.
pub struct Split<S> {
    shared: Arc<Shared<S>>,
}

#[derive(Clone)]
struct Shared<S> {
    weights: Weights,
    services: Vec<S>,
    sticky: Option<Key>,
    header: Option<HeaderName>,
    cookie: Option<Box<str>>,
}

impl<S> Split<S> {
    /// Splits requests over targets: a name, a weight relative to the others, and a service each.
    ///
    /// # Errors
    ///
    /// A name that stands twice, or no weight above zero.
    pub fn new<N: Into<Arc<str>>>(
        targets: impl IntoIterator<Item = (N, u32, S)>,
    ) -> Result<Self, WeightsError> {
        let mut services = Vec::new();
        let weights = Weights::new(targets.into_iter().map(|(name, weight, service)| {
            services.push(service);
            (name, weight)
        }))?;
        Ok(Self::from_parts(weights, services))
    }

    /// Splits requests by weights that exist already – those of a stack that is being replaced –
    /// over the services that `service` has for their names.
    #[must_use]
    pub fn with_weights(weights: Weights, mut service: impl FnMut(&str) -> S) -> Self {
        let services = weights.names().iter().map(|name| service(name)).collect();
        Self::from_parts(weights, services)
    }

    pub(super) fn from_parts(weights: Weights, services: Vec<S>) -> Self {
        Self {
            shared: Arc::new(Shared {
                weights,
                services,
                sticky: None,
                header: None,
                cookie: None,
            }),
        }
    }

    /// The weights, to be read and changed.
    #[must_use]
    pub fn weights(&self) -> &Weights {
        &self.shared.weights
    }

    /// The name of the target this request would have; `None` if chance decides.
    #[must_use]
    pub fn target_of<B>(&self, request: &Request<B>) -> Option<&str> {
        let index = self.shared.decided(request)?;
        Some(&self.shared.weights.names()[index])
    }
}

impl<S: Clone> Split<S> {
    /// Sends requests with the same key to the same target. Defaults to chance.
    #[must_use]
    pub fn sticky(self, key: Key) -> Self {
        self.change(|shared| shared.sticky = Some(key))
    }

    /// The header by which a request names its target. It is not passed on. Defaults to none.
    #[must_use]
    pub fn force_header(self, name: HeaderName) -> Self {
        self.change(|shared| shared.header = Some(name))
    }

    /// The cookie by which a client names its target. Defaults to none.
    #[must_use]
    pub fn force_cookie(self, name: &str) -> Self {
        self.change(|shared| shared.cookie = Some(name.into()))
    }

    fn change(mut self, change: impl FnOnce(&mut Shared<S>)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        self
    }
}

impl<S> Shared<S> {
    fn decided<B>(&self, request: &Request<B>) -> Option<usize> {
        if let Some(index) = self.forced(request.headers()) {
            return Some(index);
        }
        let key = self.sticky.as_ref()?.eval(request)?;
        Some(self.weights.target_of(key.as_str()))
    }

    fn forced(&self, headers: &HeaderMap) -> Option<usize> {
        let by_header = self.header.as_ref().and_then(|name| headers.get(name));
        let named = by_header.and_then(|value| value.to_str().ok());
        if let Some(index) = named.and_then(|name| self.weights.index_of(name.trim())) {
            return Some(index);
        }
        let wanted = self.cookie.as_deref()?;
        let cookies = headers.get_all(header::COOKIE).iter();
        cookies
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == wanted)
            .find_map(|(_, target)| self.weights.index_of(target))
    }
}

impl<S, B> Service<Request<B>> for Split<S>
where
    S: Service<Request<B>> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    /// Always ready: the target, which is not known yet, is polled ready inside the call.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let shared = &self.shared;
        let index = shared
            .decided(&request)
            .unwrap_or_else(|| shared.weights.any_target());
        if let Some(name) = &shared.header {
            request.headers_mut().remove(name);
        }
        Outcome::record(request.extensions(), |record| {
            record.target = Some(Arc::clone(&shared.weights.names()[index]));
        });
        ResponseFuture::new(shared.services[index].clone(), request)
    }
}

impl<S> Clone for Split<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S> fmt::Debug for Split<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Split")
            .field("weights", &self.shared.weights.get())
            .field("sticky", &self.shared.sticky)
            .field("header", &self.shared.header)
            .field("cookie", &self.shared.cookie)
            .finish_non_exhaustive()
    }
}
