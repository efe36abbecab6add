use std::{sync::Arc, time::Duration};

use gateway_core::Key;
use tower_layer::Layer;

use super::{
    MemoryStore, OnStoreError, Policy, Quota, RateLimit, RateLimitHeaders, Store,
    headers::Headers,
    rules::{CostOf, Shared, State},
};

/// Admits requests only while their key has quota left.
///
/// Clones share their counters. See the [module docs](crate::rate_limit) for an example.
#[derive(Debug)]
pub struct RateLimitLayer<St = MemoryStore> {
    shared: Arc<Shared<St>>,
}

/// What to do with a request that has no key: no identity, no address, no such header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Deserialize, schemars::JsonSchema),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum OnMissing {
    /// All such requests share one bucket: the server stays protected, nobody is turned away for a
    /// missing layer alone.
    #[default]
    Share,
    /// The policy does not apply to it.
    Allow,
    /// It is refused with 429.
    Deny,
}

/// What to do with a request when the bucket is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Deserialize, schemars::JsonSchema),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum Mode {
    /// Refuse it.
    #[default]
    Reject,
    /// Let it wait for its turn.
    Queue {
        /// Longest wait; a request whose turn would come later is refused at once.
        #[cfg_attr(
            feature = "config",
            serde(deserialize_with = "super::config::duration")
        )]
        #[cfg_attr(feature = "config", schemars(with = "gateway_core::config::Duration"))]
        max_wait: Duration,
        /// Most requests that wait at once, over all keys: each holds a connection.
        max_depth: usize,
    },
}

impl RateLimitLayer {
    /// Limits requests to `quota` under the policy name `default`, counted in memory.
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        // The store in memory does not fail, so what to do then is moot.
        Self::with_store(quota, MemoryStore::new(), OnStoreError::Local)
    }
}

impl<St: Store> RateLimitLayer<St> {
    /// Limits requests to `quota`, counted in `store`.
    ///
    /// Share an `Arc<MemoryStore>` between layers to count together, or to keep counters over a
    /// configuration change; policies are told apart by [scope](Self::scope) and name.
    #[must_use]
    pub fn with_store(quota: Quota, store: St, on_error: OnStoreError) -> Self {
        let policies = vec![Policy::default_of(quota)];
        Self {
            shared: Arc::new(Shared {
                scope: Box::default(),
                headers: Headers::new(RateLimitHeaders::All, &policies),
                policies,
                key: Key::ClientIp,
                cost: CostOf::Fixed(1),
                on_missing: OnMissing::default(),
                on_error,
                mode: Mode::default(),
                shadow: false,
                state: Arc::new(State::new(store)),
            }),
        }
    }

    fn edit(mut self, edit: impl FnOnce(&mut Shared<St>)) -> Self {
        edit(Arc::make_mut(&mut self.shared));
        self
    }

    /// Counts apart from other layers that share the store: the name of a route, for instance.
    /// Defaults to none, so that policies of one name count together.
    #[must_use]
    pub fn scope(self, scope: &str) -> Self {
        self.edit(|shared| shared.scope = scope.into())
    }

    /// What to count by. Defaults to [`Key::ClientIp`].
    #[must_use]
    pub fn key(self, key: Key) -> Self {
        self.edit(|shared| shared.key = key)
    }

    /// Adds a policy that requests must meet too, or replaces the one of that name.
    ///
    /// A request is admitted if all policies admit it, and otherwise counts under none of them.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self {
        self.edit(|shared| {
            shared.policies.retain(|old| old.name() != policy.name());
            shared.policies.push(policy);
            shared.headers = Headers::new(shared.headers.shown(), &shared.policies);
        })
    }

    /// How many tokens a request takes. Defaults to 1.
    #[must_use]
    pub fn cost(self, tokens: u64) -> Self {
        self.edit(|shared| shared.cost = CostOf::Fixed(tokens))
    }

    /// Takes as many tokens as the [`Cost`](gateway_core::Cost) in the request extensions says,
    /// or 1 without one.
    #[must_use]
    pub fn cost_from_extension(self) -> Self {
        self.edit(|shared| shared.cost = CostOf::Extension)
    }

    /// What to do with a request that has no key. Defaults to [`OnMissing::Share`].
    #[must_use]
    pub fn on_missing(self, on_missing: OnMissing) -> Self {
        self.edit(|shared| shared.on_missing = on_missing)
    }

    /// What to do when the bucket is empty. Defaults to [`Mode::Reject`].
    ///
    /// Waiting needs a tokio runtime with its timer on.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        self.edit(|shared| shared.mode = mode)
    }

    /// Counts, logs what would be refused, and refuses nothing. Defaults to `false`.
    #[must_use]
    pub fn shadow(self, shadow: bool) -> Self {
        self.edit(|shared| shared.shadow = shadow)
    }

    /// What responses say about the limits. Defaults to [`RateLimitHeaders::All`].
    #[must_use]
    pub fn headers(self, show: RateLimitHeaders) -> Self {
        self.edit(|shared| shared.headers.show(show))
    }

    /// How many requests shadow mode let pass that would have been refused.
    #[must_use]
    pub fn shadowed(&self) -> u64 {
        self.shared.state.shadowed()
    }

    /// How many requests are waiting.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.shared.state.queued()
    }
}

impl<St> Clone for RateLimitLayer<St> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S, St> Layer<S> for RateLimitLayer<St> {
    type Service = RateLimit<S, St>;

    fn layer(&self, inner: S) -> Self::Service {
        RateLimit {
            inner,
            shared: Arc::clone(&self.shared),
        }
    }
}
