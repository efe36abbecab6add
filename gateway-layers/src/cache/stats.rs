use std::sync::atomic::{AtomicU64, Ordering};

use gateway_core::CacheOutcome;

use super::policy::NotStored;

/// What a cache layer has done since it was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Answered from the store.
    pub hits: u64,
    /// Answered from the store after the origin confirmed it.
    pub revalidated: u64,
    /// Answered from the store although stale.
    pub stale: u64,
    /// Answered with what another request was fetching already.
    pub collapsed: u64,
    /// Answered by the origin.
    pub misses: u64,
    /// Passed by: another method, an upgrade, a target that is not one thing.
    pub bypassed: u64,
    /// Responses put into the store.
    pub stored: u64,
    /// Responses to credentials that were not stored, because nothing keeps callers apart and the
    /// origin did not say that they are for everybody. A `partition` is what to add.
    pub credentials: u64,
    /// Responses that ended early or with another length than announced, and were not stored.
    pub incomplete: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    outcomes: [AtomicU64; 6],
    stored: AtomicU64,
    credentials: AtomicU64,
    incomplete: AtomicU64,
}

impl Counters {
    pub(super) fn outcome(&self, outcome: CacheOutcome) {
        if let Some(counter) = self.outcomes.get(slot(outcome)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn stored(&self) {
        self.stored.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn incomplete(&self) {
        self.incomplete.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn not_stored(&self, reason: NotStored) {
        if reason == NotStored::Credentials {
            self.credentials.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self) -> CacheStats {
        let of = |outcome| self.outcomes[slot(outcome)].load(Ordering::Relaxed);
        CacheStats {
            hits: of(CacheOutcome::Hit),
            revalidated: of(CacheOutcome::Revalidated),
            stale: of(CacheOutcome::Stale),
            collapsed: of(CacheOutcome::Collapsed),
            misses: of(CacheOutcome::Miss),
            bypassed: of(CacheOutcome::Bypass),
            stored: self.stored.load(Ordering::Relaxed),
            credentials: self.credentials.load(Ordering::Relaxed),
            incomplete: self.incomplete.load(Ordering::Relaxed),
        }
    }
}

const fn slot(outcome: CacheOutcome) -> usize {
    match outcome {
        CacheOutcome::Hit => 0,
        CacheOutcome::Revalidated => 1,
        CacheOutcome::Stale => 2,
        CacheOutcome::Collapsed => 3,
        CacheOutcome::Bypass => 4,
        _ => 5,
    }
}
