use std::{fmt, future::Future, pin::Pin, sync::Arc};

use tokio::time::Instant;

use super::{CacheKey, Entry, KeyRef, Place, Variants};

/// Where responses are kept.
///
/// Data goes in and data comes out; what may be stored and what may be served is decided by the
/// layer. Writing is fire and forget, because a response ends inside `poll_frame` or `Drop`: a store
/// that does I/O queues, within a bound, and drops what does not fit.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// The variants kept under `key`.
    fn get(&self, key: &KeyRef<'_>) -> Answer<Option<Arc<Variants>>>;

    /// Keeps `entry` under `key`, unless something was invalidated or purged since `asked`, the time
    /// its request went out, that may concern it: an answer that was on its way must not outlive the
    /// change that made it wrong.
    fn put(&self, key: CacheKey, entry: Arc<Entry>, asked: Instant);

    /// Forgets a resource in all its partitions, now and for responses on their way.
    fn invalidate(&self, place: &Place<'_>);

    /// Forgets every key one of whose variants `matches`, and returns how many keys that were.
    fn purge(&self, matches: &dyn Fn(&CacheKey, &Entry) -> bool) -> usize;

    /// How much is kept.
    fn usage(&self) -> StoreUsage;
}

/// An answer that is there, or one that needs I/O.
pub enum Answer<T> {
    /// The answer.
    Now(T),
    /// The answer will come. A store bounds the time itself and answers `None` when it is over.
    Later(Pin<Box<dyn Future<Output = T> + Send>>),
}

impl<T: fmt::Debug> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(answer) => f.debug_tuple("Now").field(answer).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

/// How much a [`Store`] keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreUsage {
    /// Keys; one key may have several variants.
    pub keys: u64,
    /// Bytes, heads and keys included.
    pub bytes: u64,
    /// Bytes that fit.
    pub capacity: u64,
}
