use std::{
    collections::HashMap,
    hash::BuildHasher as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use foldhash::fast::RandomState;
use quick_cache::sync::Cache as Kept;
use tokio::{sync::watch, time::Instant};

use super::{CacheKey, Entry};

/// Requests that wait for one another's answer: one flight per key, with one leader.
///
/// The leader may die at any point – its client goes away, its task is aborted – and then one of
/// the followers leads. A leader whose answer cannot be shared says so as soon as it knows, and the
/// followers go on by themselves; the key is remembered for a while, so that what is never shared
/// is not queued up for again and again.
#[derive(Debug)]
pub(super) struct Flights {
    under_way: Mutex<HashMap<CacheKey, watch::Receiver<Landing>, RandomState>>,
    /// By hash: a collision makes one more request ask for itself.
    unshared: Kept<u64, Instant>,
    hasher: RandomState,
}

/// How a flight ended.
#[derive(Clone, Debug)]
pub(super) enum Landing {
    /// It has not.
    UnderWay,
    /// With an answer for whom it matches.
    Shared(Arc<Entry>),
    /// With an answer for the leader alone.
    Alone,
}

/// A request's part in a flight.
pub(super) enum Part {
    /// It asks the origin, for the followers too.
    Lead(Lead),
    /// It waits.
    Follow(watch::Receiver<Landing>),
    /// It asks the origin, for itself.
    Alone,
}

impl Flights {
    pub(super) fn new() -> Self {
        Self {
            under_way: Mutex::default(),
            unshared: Kept::new(REMEMBERED),
            hasher: RandomState::default(),
        }
    }

    pub(super) fn join(self: &Arc<Self>, key: &CacheKey) -> Part {
        let since = self.unshared.get(&self.hasher.hash_one(key));
        if since.is_some_and(|since| since.elapsed() < UNSHARED_FOR) {
            return Part::Alone;
        }
        let mut under_way = self.lock();
        if let Some(flight) = under_way.get(key) {
            return Part::Follow(flight.clone());
        }
        let (landing, flight) = watch::channel(Landing::UnderWay);
        under_way.insert(key.clone(), flight);
        Part::Lead(Lead {
            flights: Arc::clone(self),
            key: key.clone(),
            landing,
        })
    }

    fn lock(
        &self,
    ) -> std::sync::MutexGuard<'_, HashMap<CacheKey, watch::Receiver<Landing>, RandomState>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }
}

/// The leader of a flight. Dropped without a landing, it leaves the lead to a follower.
#[derive(Debug)]
#[must_use = "the flight is abandoned when its leader is dropped"]
pub(super) struct Lead {
    flights: Arc<Flights>,
    key: CacheKey,
    landing: watch::Sender<Landing>,
}

impl Lead {
    pub(super) fn share(self, entry: Arc<Entry>) {
        _ = self.landing.send(Landing::Shared(entry));
    }

    /// This answer is for the leader alone: an error, or one that was asked for in part.
    pub(super) fn release(self) {
        _ = self.landing.send(Landing::Alone);
    }

    /// Answers under this key are for one request each.
    pub(super) fn release_and_remember(self) {
        let flights = &self.flights;
        let hash = flights.hasher.hash_one(&self.key);
        flights.unshared.insert(hash, Instant::now());
        self.release();
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        // Before the sender goes: a follower that sees it gone must find no flight, and lead.
        self.flights.lock().remove(&self.key);
    }
}

/// Waits for the flight to land; `None` if its leader died.
pub(super) async fn landed(flight: &mut watch::Receiver<Landing>) -> Option<Landing> {
    let landing = flight
        .wait_for(|landing| !matches!(landing, Landing::UnderWay))
        .await;
    landing.ok().map(|landing| landing.clone())
}

const REMEMBERED: usize = 4096;
const UNSHARED_FOR: Duration = Duration::from_secs(10);
