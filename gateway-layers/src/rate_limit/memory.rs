use std::{
    fmt,
    future::Ready,
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use smallvec::SmallVec;
use tokio::time::Instant;

use super::{
    Answer, Decision, Store, StoreError, Take, Verdict,
    gcra::{NotYet, Taken},
    table::{Digest, Table},
};

/// Counters in this process, bounded.
///
/// A bucket costs 32 to 64 bytes – 32 at the bound – whatever the key, and full buckets are
/// forgotten, since they are the same as unseen ones: an idle caller costs nothing. Only when every
/// bucket is owed something and the table is full does the least indebted of a few give way.
pub struct MemoryStore {
    shards: Box<[Mutex<Table>]>,
    seeds: [RandomState; 2],
    epoch: Instant,
}

impl MemoryStore {
    /// Room for about a million callers that are not idle.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(1 << 20)
    }

    /// Room for `capacity` callers that are not idle.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let share = capacity.div_ceil(SHARDS);
        Self {
            shards: (0..SHARDS).map(|_| Mutex::new(Table::new(share))).collect(),
            seeds: [RandomState::new(), RandomState::new()],
            epoch: Instant::now(),
        }
    }

    /// How many buckets are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        (0..SHARDS).map(|at| self.lock(at).len()).sum()
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self, shard: usize) -> MutexGuard<'_, Table> {
        self.shards[shard]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Nanoseconds; zero is well in the past, so that a bucket nobody has seen is full.
    fn now(&self) -> u64 {
        nanos(self.epoch.elapsed()) + 1
    }

    fn digest(&self, take: &Take<'_>) -> Digest {
        let bucket = (take.scope(), take.policy(), take.key());
        self.seeds.each_ref().map(|seed| seed.hash_one(bucket))
    }

    /// Locks the shards of all `digests`, each once and in order, so that two calls never wait for
    /// each other.
    fn lock_all(&self, digests: &[Digest]) -> Locked<'_> {
        let mut wanted: SmallVec<[usize; 2]> = digests.iter().map(shard_of).collect();
        wanted.sort_unstable();
        wanted.dedup();
        Locked {
            guards: wanted.into_iter().map(|at| (at, self.lock(at))).collect(),
        }
    }

    /// The answer of memory, which never fails.
    pub(super) fn take_now(&self, takes: &[Take<'_>], patience: Duration) -> Verdict {
        self.take_at(takes, nanos(patience), self.now())
    }

    fn take_at(&self, takes: &[Take<'_>], patience: u64, now: u64) -> Verdict {
        let digests: SmallVec<[Digest; 2]> = takes.iter().map(|take| self.digest(take)).collect();
        let mut tables = self.lock_all(&digests);
        let mut taken = SmallVec::<[Option<Taken>; 2]>::new();
        let mut verdict = Verdict::new();
        for (take, digest) in takes.iter().zip(&digests) {
            let gcra = take.quota().gcra();
            let before = tables.of(digest).get(*digest);
            let outcome = gcra.take(before, now, take.cost(), patience);
            let (full_at, wait) = match outcome {
                Ok(Taken { full_at, wait }) => (full_at, wait),
                Err(NotYet { retry_after }) => (before, retry_after),
            };
            taken.push(outcome.ok());
            verdict.push(Decision {
                allowed: outcome.is_ok(),
                remaining: gcra.remaining(full_at, now),
                reset: Duration::from_nanos(full_at.saturating_sub(now)),
                wait: Duration::from_nanos(wait),
            });
        }
        if taken.iter().all(Option::is_some) {
            for (digest, taken) in digests.iter().zip(taken.into_iter().flatten()) {
                tables.of(digest).set(*digest, taken.full_at, now);
            }
        }
        verdict
    }

    fn refund_at(&self, takes: &[Take<'_>], now: u64) {
        for take in takes {
            let digest = self.digest(take);
            let mut table = self.lock(shard_of(&digest));
            let full_at = table.get(digest);
            let full_at = take.quota().gcra().refund(full_at, take.cost());
            table.set(digest, full_at, now);
        }
    }
}

impl Store for MemoryStore {
    type Future = Ready<Result<Verdict, StoreError>>;

    fn take(
        &self,
        takes: &[Take<'_>],
        patience: Duration,
    ) -> Answer<Result<Verdict, StoreError>, Self::Future> {
        Answer::Now(Ok(self.take_now(takes, patience)))
    }

    fn refund(&self, takes: &[Take<'_>]) {
        self.refund_at(takes, self.now());
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

struct Locked<'a> {
    guards: SmallVec<[(usize, MutexGuard<'a, Table>); 2]>,
}

impl Locked<'_> {
    fn of(&mut self, digest: &Digest) -> &mut Table {
        let shard = shard_of(digest);
        let found = self.guards.iter_mut().find(|(at, _)| *at == shard);
        found.map(|(_, table)| &mut **table).expect("locked above")
    }
}

fn shard_of(digest: &Digest) -> usize {
    usize::try_from(digest[1] % SHARDS as u64).unwrap_or(0)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 4)
}

const SHARDS: usize = 64;

#[cfg(test)]
mod tests;
