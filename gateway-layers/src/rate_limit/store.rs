use std::{error::Error, fmt, future::Future, sync::Arc, time::Duration};

use gateway_core::BoxError;
use smallvec::SmallVec;

use super::{Policy, Quota};

/// Where the counters are.
///
/// Data in, data out, so that a store in memory answers at once and one behind a network later,
/// and the layer is the same. Implementations are atomic: either all takes of one call succeed, or
/// nothing is taken.
pub trait Store: Send + Sync + 'static {
    /// The answer of a store that needs I/O. Bound its time: a request is waiting.
    type Future: Future<Output = Result<Verdict, StoreError>> + Send + 'static;

    /// Takes from all buckets, or from none: one decision for each take, in their order. Any other
    /// number is taken for a failure of the store.
    ///
    /// With `patience` tokens may be taken ahead of time, as long as they will be there within it;
    /// [`Decision::wait`] says when.
    fn take(
        &self,
        takes: &[Take<'_>],
        patience: Duration,
    ) -> Answer<Result<Verdict, StoreError>, Self::Future>;

    /// Gives back what was taken ahead of time by a request that left before its turn.
    ///
    /// Called from `Drop`, so it must not block or panic; a store with I/O hands it to its
    /// connection task, and may lose it.
    fn refund(&self, takes: &[Take<'_>]);
}

impl<St: Store> Store for Arc<St> {
    type Future = St::Future;

    fn take(
        &self,
        takes: &[Take<'_>],
        patience: Duration,
    ) -> Answer<Result<Verdict, StoreError>, Self::Future> {
        (**self).take(takes, patience)
    }

    fn refund(&self, takes: &[Take<'_>]) {
        (**self).refund(takes);
    }
}

/// One withdrawal: `cost` tokens from the bucket of `key` under a policy.
#[derive(Clone, Copy, Debug)]
pub struct Take<'a> {
    scope: &'a str,
    pub(super) policy: &'a Policy,
    pub(super) key: &'a str,
    pub(super) cost: u64,
}

impl<'a> Take<'a> {
    /// A withdrawal.
    #[must_use]
    pub const fn new(policy: &'a Policy, key: &'a str, cost: u64) -> Self {
        Self {
            scope: "",
            policy,
            key,
            cost,
        }
    }

    /// Sets whose policy it is, among layers that share a store.
    #[must_use]
    pub const fn in_scope(mut self, scope: &'a str) -> Self {
        self.scope = scope;
        self
    }

    /// Whose policy it is; empty unless the layer was given a scope.
    #[must_use]
    pub const fn scope(&self) -> &str {
        self.scope
    }

    /// The name of the policy; scope, policy and key together identify the bucket.
    #[must_use]
    pub fn policy(&self) -> &str {
        self.policy.name()
    }

    /// The quota of the bucket.
    #[must_use]
    pub const fn quota(&self) -> Quota {
        self.policy.quota()
    }

    /// Whose bucket. It may name a person.
    #[must_use]
    pub const fn key(&self) -> &str {
        self.key
    }

    /// How many tokens.
    #[must_use]
    pub const fn cost(&self) -> u64 {
        self.cost
    }
}

/// What became of each take, in the order they were asked for.
pub type Verdict = SmallVec<[Decision; 2]>;

/// What became of one take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether this bucket allows the request. Tokens are gone only if all of them do.
    pub allowed: bool,
    /// Tokens left.
    pub remaining: u64,
    /// Until the bucket is full.
    pub reset: Duration,
    /// Allowed: until the tokens are there, zero unless the caller was patient.
    /// Refused: until asking again can succeed.
    pub wait: Duration,
}

/// An answer that is there, or comes.
#[derive(Debug)]
pub enum Answer<T, F> {
    /// The answer.
    Now(T),
    /// A future of it.
    Later(F),
}

/// What to do when the store fails. There is no default: the author must choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "config",
    derive(serde::Deserialize, schemars::JsonSchema),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum OnStoreError {
    /// Count in this process alone until the store is back.
    Local,
    /// Let the request pass uncounted.
    Allow,
    /// Refuse with 503 `state_unavailable`.
    Deny,
}

/// Why a store gave no answer.
#[derive(Clone, Debug)]
pub struct StoreError {
    source: Arc<dyn Error + Send + Sync>,
}

impl StoreError {
    /// Wraps the cause.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self {
            source: Arc::from(source.into()),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the rate limit store failed")
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
