use std::{
    hash::BuildHasher as _,
    sync::{Arc, Mutex, PoisonError},
};

use foldhash::fast::RandomState;
use quick_cache::{OptionsBuilder, Weighter, sync::Cache as Kept};
use tokio::time::Instant;

use super::{Answer, CacheKey, Entry, KeyRef, Place, Store, StoreUsage, Variants};

/// A [`Store`] in memory, bounded in bytes. Clones share it.
///
/// What is evicted is decided by use, scan-resistant (S3-FIFO): a crawler does not push out what
/// everybody reads. Kept outside a stack, it survives the stack's reload.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    kept: Kept<CacheKey, Arc<Variants>, Bytes, RandomState>,
    /// When a place was last invalidated: what was received before is not served, what was asked
    /// for before is not kept. By hash, since a collision costs a needless miss and nothing else;
    /// bounded, since a forgotten mark means at worst one old answer for the rest of its lifetime.
    marks: Kept<u64, Instant>,
    hasher: RandomState,
    /// When something was last purged. Also the lock for replacing one variant of a key, which reads
    /// and writes; two at once would lose one.
    writing: Mutex<Option<Instant>>,
}

impl MemoryStore {
    /// Keeps at most `capacity` bytes, heads and keys included.
    #[must_use]
    pub fn new(capacity: u64) -> Self {
        // A shard holds its share of the bytes, and an entry must fit one shard: few shards for a
        // small store, so that a quarter of the capacity always fits.
        let shards = usize::try_from(capacity / SHARD_BYTES).unwrap_or(usize::MAX);
        let options = OptionsBuilder::new()
            .shards(shards.clamp(1, MAX_SHARDS))
            .estimated_items_capacity(
                usize::try_from(capacity / TYPICAL_ENTRY)
                    .unwrap_or(1)
                    .max(64),
            )
            .weight_capacity(capacity)
            .build()
            .expect("all options are given");
        Self {
            inner: Arc::new(Inner {
                kept: Kept::with_options(
                    options,
                    Bytes,
                    RandomState::default(),
                    quick_cache::sync::DefaultLifecycle::default(),
                ),
                marks: Kept::new(MARKS),
                hasher: RandomState::default(),
                writing: Mutex::new(None),
            }),
        }
    }

    /// The largest entry that fits.
    #[must_use]
    pub fn largest_entry(&self) -> u64 {
        self.inner.kept.shard_capacity()
    }
}

impl Store for MemoryStore {
    fn get(&self, key: &KeyRef<'_>) -> Answer<Option<Arc<Variants>>> {
        let found = self.inner.kept.get(key);
        let mark = found.as_ref().and_then(|_| self.inner.mark(&key.place()));
        Answer::Now(match mark {
            Some(at) => found.filter(|variants| variants.iter().any(|e| e.received() > at)),
            None => found,
        })
    }

    fn put(&self, key: CacheKey, entry: Arc<Entry>, asked: Instant) {
        let inner = &*self.inner;
        let purged = inner.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let marked = inner.mark(&key.borrowed().place());
        if purged.max(marked).is_some_and(|at| at >= asked) {
            return;
        }
        let variants = match inner.kept.peek(&key) {
            Some(have) => have.since(marked).with(entry),
            None => Variants::default().with(entry),
        };
        // A key that outgrew its shard would be refused as a whole.
        let variants = variants.within(self.largest_entry() / 2);
        inner.kept.insert(key, Arc::new(variants));
    }

    fn invalidate(&self, place: &Place<'_>) {
        let inner = &*self.inner;
        let _writing = inner.writing.lock().unwrap_or_else(PoisonError::into_inner);
        inner
            .marks
            .insert(inner.hasher.hash_one(place), Instant::now());
    }

    fn purge(&self, matches: &dyn Fn(&CacheKey, &Entry) -> bool) -> usize {
        let inner = &*self.inner;
        let mut writing = inner.writing.lock().unwrap_or_else(PoisonError::into_inner);
        *writing = Some(Instant::now());
        let before = inner.kept.len();
        inner
            .kept
            .retain(|key, variants| !variants.iter().any(|entry| matches(key, entry)));
        before.saturating_sub(inner.kept.len())
    }

    fn usage(&self) -> StoreUsage {
        StoreUsage {
            keys: self.inner.kept.len() as u64,
            bytes: self.inner.kept.weight(),
            capacity: self.inner.kept.capacity(),
        }
    }
}

impl Inner {
    fn mark(&self, place: &Place<'_>) -> Option<Instant> {
        self.marks.get(&self.hasher.hash_one(place))
    }
}

#[derive(Clone, Debug)]
struct Bytes;

impl Weighter<CacheKey, Arc<Variants>> for Bytes {
    fn weight(&self, key: &CacheKey, variants: &Arc<Variants>) -> u64 {
        (key.weight() + variants.weight()) as u64
    }
}

const SHARD_BYTES: u64 = 8 << 20;
const MAX_SHARDS: usize = 32;
const TYPICAL_ENTRY: u64 = 16 << 10;
const MARKS: usize = 16 << 10;
