use std::{fmt, sync::Arc, time::Duration};

use quick_cache::{Weighter, sync::Cache};
use tokio::time::Instant;

use crate::{canonical::Block, dialect::Dialect};

/// Proofs by the id of the call they came with: bounded in bytes and in time.
///
/// Clones share what is kept. See the [module docs](crate::keeper) for an example.
#[derive(Clone)]
pub struct Keeper {
    kept: Arc<Cache<Key, Arc<Kept>, Weight>>,
    ttl: Duration,
    bytes: u64,
}

/// Whose call it was, and its id.
pub(super) type Key = (Box<str>, Box<str>);

/// What came with a call.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) provider: Arc<str>,
    pub(super) dialect: Dialect,
    /// The tool that was called.
    pub(super) tool: Box<str>,
    /// The thoughts between the call before and this one.
    pub(super) thoughts: Vec<Block>,
    /// The signature of the call itself (Gemini).
    pub(super) signature: Option<String>,
    pub(super) since: Instant,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Arc<Kept>> for Weight {
    fn weight(&self, (tenant, id): &Key, kept: &Arc<Kept>) -> u64 {
        let thoughts = kept.thoughts.iter().map(|block| match block {
            Block::Thinking(thinking) => {
                thinking.text.len() + thinking.signature.as_ref().map_or(0, String::len)
            }
            Block::RedactedThinking(opaque) => opaque.raw.as_str().len(),
            _ => 0,
        });
        let signature = kept.signature.as_ref().map_or(0, String::len);
        let bytes = tenant.len() + id.len() + kept.tool.len() + signature;
        (OVERHEAD + bytes + thoughts.map(|bytes| OVERHEAD + bytes).sum::<usize>()) as u64
    }
}

impl Keeper {
    /// A keeper that holds at most so many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let items = usize::try_from(bytes / EXPECTED).unwrap_or(usize::MAX);
        Self {
            kept: Arc::new(Cache::with_weighter(items.max(1), bytes, Weight)),
            ttl: TTL,
            bytes,
        }
    }

    /// How long a proof is kept. Defaults to an hour: turns with tools follow one another within
    /// minutes, and a user who thinks longer starts the next one with words and no proof.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// How long a proof is kept.
    #[must_use]
    pub const fn time_to_live(&self) -> Duration {
        self.ttl
    }

    /// Goes on with what `earlier` holds, within the bounds of this one.
    #[must_use]
    pub fn inherit(self, earlier: &Self) -> Self {
        earlier.kept.set_capacity(self.bytes);
        Self {
            kept: Arc::clone(&earlier.kept),
            ..self
        }
    }

    /// The calls with something kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    pub(super) fn put(&self, tenant: &str, id: &str, kept: Kept) {
        if !id.is_empty() && id.len() <= LONGEST {
            self.kept.insert((tenant.into(), id.into()), Arc::new(kept));
        }
    }

    pub(super) fn find(&self, tenant: &str, id: &str, now: Instant) -> Option<Arc<Kept>> {
        let key: Key = (tenant.into(), id.into());
        let kept = self.kept.get(&key)?;
        let fresh = now.saturating_duration_since(kept.since) < self.ttl;
        if !fresh {
            self.kept.remove(&key);
        }
        fresh.then_some(kept)
    }
}

impl Default for Keeper {
    /// 16 MiB for an hour.
    fn default() -> Self {
        Self::new(BYTES)
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("calls", &self.len())
            .field("ttl", &self.ttl)
            .finish()
    }
}

const BYTES: u64 = 16 << 20;
const TTL: Duration = Duration::from_secs(3600);
/// What a call with one signature takes, about.
const EXPECTED: u64 = 2048;
/// What a block or an entry takes beside its texts, about.
const OVERHEAD: usize = 160;
const LONGEST: usize = 200;
