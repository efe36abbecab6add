use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    mem,
};

use gateway_core::{PrefixLost, turn};

use super::{
    Guardian,
    beginning::is_marked,
    store::{Conversation, Last},
};
use crate::{
    call::{AiCall, Operation},
    canonical::Usage,
    dialect::Dialect,
    edge::tenant,
    keeper::Held,
    providers::Near,
};

/// One turn of a conversation that is watched over, on its way to a provider.
#[derive(Debug)]
pub(crate) struct Turn {
    guardian: Guardian,
    conversation: Conversation,
    before: Option<Last>,
}

impl Turn {
    /// The turn a call is, where it matters which of so many keys it is made with.
    pub(crate) fn of(call: &AiCall, keys: usize) -> Option<Self> {
        if call.operation() != Operation::Chat {
            return None;
        }
        let guardian = Held::guardian(call)?;
        let marks = || {
            matches!(call.dialect(), Dialect::Messages | Dialect::Converse)
                && call.wire().is_some_and(|wire| is_marked(wire.bytes()))
        };
        if keys < 2 && !Held::is_begun(call) && !marks() {
            return None;
        }
        let conversation = (tenant(call.identity()).into(), Held::beginning(call)?);
        let before = guardian.last(&conversation, turn::now());
        Some(Self {
            guardian: guardian.clone(),
            conversation,
            before,
        })
    }

    /// Which of a provider's keys is near what is cached.
    pub(crate) fn near(&self, provider: &str) -> Near {
        Near {
            seed: self.conversation.1,
            last: self.before.map(|last| last.account),
            base: base(provider),
        }
    }

    /// The account that took the turn, by the mark of its key: what it counts is told later.
    pub(crate) fn taken(&mut self, provider: &str, key: u64) -> Watch {
        let conversation = mem::take(&mut self.conversation);
        Watch {
            guardian: self.guardian.clone(),
            conversation,
            before: self.before,
            account: account(base(provider), key),
        }
    }
}

/// A turn that was taken, until its tokens are counted.
#[derive(Debug)]
pub(crate) struct Watch {
    guardian: Guardian,
    conversation: Conversation,
    before: Option<Last>,
    account: u64,
}

impl Watch {
    /// The turn is over. What was not counted is not judged.
    pub(crate) fn settled(self, usage: Option<&Usage>) -> Option<PrefixLost> {
        let usage = usage?;
        let read = usage.cache_read.unwrap_or(0) > 0;
        let wrote = usage.cache_write.unwrap_or(0) > 0;
        let lost = self.before.filter(|before| before.cached && !read);
        let lost = lost.map(|before| {
            if before.account == self.account {
                PrefixLost::Unread
            } else {
                PrefixLost::Moved
            }
        });
        let last = Last {
            account: self.account,
            cached: read || wrote,
            since: turn::now(),
        };
        self.guardian.note(self.conversation, last);
        lost
    }
}

/// The accounts of a provider, before it is known which.
fn base(provider: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    provider.hash(&mut hasher);
    hasher.finish()
}

/// One account of a provider.
pub(crate) const fn account(base: u64, key: u64) -> u64 {
    base ^ key.rotate_left(1)
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn turn(guardian: &Guardian) -> Turn {
        let conversation: Conversation = ("t".into(), 7);
        Turn {
            before: guardian.last(&conversation, Instant::now()),
            guardian: guardian.clone(),
            conversation,
        }
    }

    fn usage(read: u64, write: u64) -> Usage {
        Usage {
            cache_read: Some(read),
            cache_write: Some(write),
            ..Usage::default()
        }
    }

    #[tokio::test]
    async fn a_beginning_is_lost_where_it_was_cached_and_is_not_read() {
        let guardian = Guardian::default();
        let go = |provider: &str, key, counted: Option<Usage>| {
            turn(&guardian)
                .taken(provider, key)
                .settled(counted.as_ref())
        };
        assert_eq!(go("a", 1, Some(usage(0, 9))), None);
        assert_eq!(go("a", 1, Some(usage(9, 1))), None);
        assert_eq!(go("a", 1, None), None);
        assert_eq!(go("a", 1, Some(usage(0, 9))), Some(PrefixLost::Unread));
        assert_eq!(go("a", 2, Some(usage(0, 9))), Some(PrefixLost::Moved));
        assert_eq!(go("b", 2, Some(usage(0, 0))), Some(PrefixLost::Moved));
        // Nothing was cached: nothing can be lost.
        assert_eq!(go("a", 1, Some(usage(0, 0))), None);
        // Two keys of one organisation share its cache.
        go("a", 1, Some(usage(0, 9)));
        assert_eq!(go("a", 2, Some(usage(9, 0))), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_conversation_is_forgotten_in_time() {
        let guardian = Guardian::default().ttl(std::time::Duration::from_secs(60));
        turn(&guardian).taken("a", 1).settled(Some(&usage(0, 9)));
        assert!(turn(&guardian).before.is_some());
        tokio::time::advance(std::time::Duration::from_secs(60)).await;
        assert!(turn(&guardian).before.is_none());
    }
}
