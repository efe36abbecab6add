use std::{
    collections::HashMap,
    hash::BuildHasher as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use foldhash::fast::RandomState;
use quick_cache::sync::Cache as Kept;
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

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
    /// It has not, but the answer has begun to come in.
    Filling(Instant),
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
        self.join_but(key, None)
    }

    /// Joins the flight for `key`, unless that is `slow`: then a new one takes its place, so that
    /// of all who lost patience with it one asks the origin and not each.
    pub(super) fn join_but(
        self: &Arc<Self>,
        key: &CacheKey,
        slow: Option<&watch::Receiver<Landing>>,
    ) -> Part {
        let mut under_way = self.lock();
        if let Some(flight) = under_way.get(key)
            && !slow.is_some_and(|slow| slow.same_channel(flight))
        {
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

    /// The answer has begun to come in, as fast as the leader's client reads it.
    pub(super) fn filling(&self) {
        _ = self.landing.send(Landing::Filling(Instant::now()));
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
        // Before the sender goes: a follower that sees it gone must find no flight, and lead. But a
        // flight that has taken this one's place is not ours to end.
        let mut under_way = self.flights.lock();
        let ours = under_way
            .get(&self.key)
            .is_some_and(|flight| flight.same_channel(&self.landing.subscribe()));
        if ours {
            under_way.remove(&self.key);
        }
    }
}

/// How waiting for a flight ends.
#[derive(Debug)]
pub(super) enum Waited {
    Shared(Arc<Entry>),
    Alone,
    /// The leader died.
    Died,
    /// The answer comes in too slowly.
    Slow,
    TooLong,
}

/// Waits for the flight to land, at most until `until`, and at most [`FILL`] once the answer comes
/// in: a client that reads slowly must not hold up those who wait for what it reads.
pub(super) async fn landed(flight: &mut watch::Receiver<Landing>, until: Instant) -> Waited {
    loop {
        let limit = match &*flight.borrow_and_update() {
            Landing::UnderWay => until,
            Landing::Filling(since) => until.min(*since + FILL),
            Landing::Shared(entry) => return Waited::Shared(Arc::clone(entry)),
            Landing::Alone => return Waited::Alone,
        };
        match timeout_at(limit, flight.changed()).await {
            Err(_) if limit < until => return Waited::Slow,
            Err(_) => return Waited::TooLong,
            Ok(Err(_)) => return Waited::Died,
            Ok(Ok(())) => {}
        }
    }
}

const FILL: Duration = Duration::from_secs(2);
const REMEMBERED: usize = 4096;
const UNSHARED_FOR: Duration = Duration::from_secs(10);
