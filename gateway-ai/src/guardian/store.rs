use std::{fmt, sync::Arc, time::Duration};

use quick_cache::sync::Cache;
use tokio::time::Instant;

/// Where the last turns of conversations went: bounded in number and in time.
///
/// Clones share it. See the [module docs](crate::guardian) for an example.
#[derive(Clone)]
pub struct Guardian {
    last: Arc<Cache<Conversation, Last>>,
    ttl: Duration,
    most: usize,
}

/// Whose conversation it is, and the hash of its beginning.
pub(super) type Conversation = (Box<str>, u64);

/// The turn before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last {
    /// The account that answered it.
    pub(super) account: u64,
    /// Whether the provider counted cached tokens, read or written.
    pub(super) cached: bool,
    pub(super) since: Instant,
}

impl Guardian {
    /// A guardian of at most so many conversations.
    #[must_use]
    pub fn new(conversations: usize) -> Self {
        Self {
            last: Arc::new(Cache::new(conversations)),
            ttl: TTL,
            most: conversations,
        }
    }

    /// How long a conversation is remembered after a turn. Defaults to an hour, the longest a
    /// provider keeps what it was not paid to keep.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// How long a conversation is remembered after a turn.
    #[must_use]
    pub const fn time_to_live(&self) -> Duration {
        self.ttl
    }

    /// Goes on with what `earlier` remembers, within the bounds of this one.
    #[must_use]
    pub fn inherit(self, earlier: &Self) -> Self {
        earlier
            .last
            .set_capacity(u64::try_from(self.most).unwrap_or(u64::MAX));
        Self {
            last: Arc::clone(&earlier.last),
            ..self
        }
    }

    /// The conversations that are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.last.len()
    }

    /// Whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.last.is_empty()
    }

    pub(super) fn last(&self, conversation: &Conversation, now: Instant) -> Option<Last> {
        let last = self.last.get(conversation)?;
        (now.saturating_duration_since(last.since) < self.ttl).then_some(last)
    }

    pub(super) fn note(&self, conversation: Conversation, last: Last) {
        self.last.insert(conversation, last);
    }
}

impl Default for Guardian {
    /// 10,000 conversations for an hour.
    fn default() -> Self {
        Self::new(CONVERSATIONS)
    }
}

impl fmt::Debug for Guardian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guardian")
            .field("conversations", &self.len())
            .field("ttl", &self.ttl)
            .finish()
    }
}

const CONVERSATIONS: usize = 10_000;
const TTL: Duration = Duration::from_secs(3600);
