//! Places that are given back when they are dropped.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gateway_core::KeyValue;
use tokio::time::Instant;

use super::{
    pool::{Entry, Level, Pool, Rules, Taken},
    sample::Sample,
};

/// The pools of a layer: one for all, or one for each key that has requests under way.
#[derive(Debug)]
pub(super) enum Pools {
    One(Arc<Pool>),
    ByKey(Arc<ByKey>),
}

/// A pool exists while somebody is in it, so that there are no more than there are requests.
#[derive(Debug)]
pub(super) struct ByKey {
    rules: Arc<Rules>,
    pools: Mutex<HashMap<KeyValue, Arc<Pool>, foldhash::fast::RandomState>>,
}

impl Pools {
    pub(super) fn new(rules: Rules, by_key: bool) -> Self {
        let rules = Arc::new(rules);
        if by_key {
            Self::ByKey(Arc::new(ByKey {
                rules,
                pools: Mutex::default(),
            }))
        } else {
            Self::One(Arc::new(Pool::new(rules)))
        }
    }

    /// Takes a place in the pool of `key`, or one in its queue.
    pub(super) fn enter(&self, key: impl FnOnce() -> KeyValue, rank: usize) -> (Lease, Entry) {
        match self {
            Self::One(pool) => {
                let lease = Lease {
                    pool: Arc::clone(pool),
                    owner: None,
                };
                (lease, pool.enter(rank))
            }
            Self::ByKey(by_key) => by_key.enter(key(), rank),
        }
    }

    /// All pools together; the limit is that of each.
    pub(super) fn level(&self) -> Level {
        match self {
            Self::One(pool) => pool.level(),
            Self::ByKey(by_key) => by_key.level(),
        }
    }
}

impl ByKey {
    fn enter(self: &Arc<Self>, key: KeyValue, rank: usize) -> (Lease, Entry) {
        let mut pools = self.lock();
        let make = || Arc::new(Pool::new(Arc::clone(&self.rules)));
        let pool = Arc::clone(pools.entry(key.clone()).or_insert_with(make));
        // Under the lock, or the pool could go between being found and being entered.
        let entry = pool.enter(rank);
        let lease = Lease {
            pool,
            owner: Some((Arc::clone(self), key)),
        };
        (lease, entry)
    }

    fn level(&self) -> Level {
        let empty = Pool::new(Arc::clone(&self.rules)).level();
        self.lock().values().fold(empty, |sum, pool| {
            let level = pool.level();
            Level {
                in_flight: sum.in_flight + level.in_flight,
                queued: sum.queued + level.queued,
                ..sum
            }
        })
    }

    fn tidy(&self, key: &KeyValue) {
        let mut pools = self.lock();
        if pools.get(key).is_some_and(|pool| pool.is_idle()) {
            pools.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<KeyValue, Arc<Pool>, foldhash::fast::RandomState>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pool, which may go when nobody is in it any more.
#[derive(Debug)]
pub(super) struct Lease {
    pool: Arc<Pool>,
    owner: Option<(Arc<ByKey>, KeyValue)>,
}

impl Lease {
    /// The place that was taken in the pool.
    pub(super) fn permit(self, taken: &Taken) -> Permit {
        Permit {
            in_flight: taken.in_flight,
            started: self.pool.learns().then(Instant::now),
            lease: self,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some((owner, key)) = &self.owner
            && self.pool.is_idle()
        {
            owner.tidy(key);
        }
    }
}

/// A place that is given back when this is dropped.
#[derive(Debug)]
#[must_use = "the place is free when this is dropped"]
pub(super) struct Permit {
    lease: Lease,
    in_flight: u32,
    /// Only where the limit learns from it.
    started: Option<Instant>,
}

impl Permit {
    /// Tells an adaptive limit that the head of the answer has come. `start` is what times are
    /// counted from.
    pub(super) fn answered(&self, start: Instant, overloaded: bool) {
        let Some(started) = self.started else { return };
        let now = Instant::now();
        self.lease.pool.learn(Sample {
            now: now.saturating_duration_since(start),
            latency: now.saturating_duration_since(started),
            in_flight: self.in_flight,
            overloaded,
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // The lease, dropped after this, looks whether anybody is left.
        self.lease.pool.release();
    }
}
