use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

/// The version of the API the request asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApiVersion(Arc<str>);

impl ApiVersion {
    /// A version as its author writes it: `2`, `2026-06-01`.
    #[must_use]
    pub fn new(version: &str) -> Self {
        Self(version.into())
    }

    /// The version.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// When the answer must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The answer must be there at `at`.
    #[must_use]
    pub const fn new(at: Instant) -> Self {
        Self(at)
    }

    /// When the answer must be there.
    #[must_use]
    pub const fn at(self) -> Instant {
        self.0
    }

    /// The time left at `now`; zero if it is over.
    #[must_use]
    pub fn remaining(self, now: Instant) -> Duration {
        self.0.saturating_duration_since(now)
    }

    /// The earlier of two deadlines: a layer may shorten one, never extend it.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        self.min(other)
    }
}

/// Which attempt at the same request this is, counting from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt(u32);

impl Attempt {
    /// The attempt with this number; the first is 1.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number, from one.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// What the request costs, in units of whatever limits it. Without this extension a request costs 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cost(u64);

impl Cost {
    /// A cost of `units`.
    #[must_use]
    pub const fn new(units: u64) -> Self {
        Self(units)
    }

    /// The units.
    #[must_use]
    pub const fn units(self) -> u64 {
        self.0
    }
}

/// What a cache did with the request (RFC 9211).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheOutcome {
    /// Answered from the cache.
    Hit,
    /// Answered from the cache after the origin confirmed the stored response.
    Revalidated,
    /// Answered from the cache although the stored response had expired.
    Stale,
    /// Answered by another request's trip to the origin.
    Collapsed,
    /// Answered by the origin.
    Miss,
    /// The cache was not asked.
    Bypass,
}

impl CacheOutcome {
    /// The name in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Revalidated => "revalidated",
            Self::Stale => "stale",
            Self::Collapsed => "collapsed",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }
}
