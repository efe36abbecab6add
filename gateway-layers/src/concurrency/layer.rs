use std::{sync::Arc, time::Duration};

use gateway_core::Key;
use tokio::time::Instant;
use tower_layer::Layer;

use super::{Concurrency, Limit, Priority, permit::Pools, pool::Rules, priority, service::Shared};

/// Bounds how many requests are under way.
///
/// All services it makes, and all clones, share the places; a setter makes places of its own. See
/// the [module docs](crate::concurrency) for an example.
#[derive(Clone, Debug)]
pub struct ConcurrencyLayer {
    settings: Settings,
    shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) limit: Limit,
    pub(super) key: Option<Key>,
    pub(super) queue: Option<Queueing>,
    pub(super) priority: Option<Priority>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Queueing {
    pub(super) max_wait: Duration,
    pub(super) max_depth: usize,
}

/// How full it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Occupancy {
    /// Requests under way, streamed answers included.
    pub in_flight: u32,
    /// Requests that wait.
    pub queued: usize,
    /// The limit now; with a key, that of each.
    pub limit: u32,
}

impl ConcurrencyLayer {
    /// So many requests at once, and no more.
    #[must_use]
    pub fn new(limit: impl Into<Limit>) -> Self {
        Self::of(Settings {
            limit: limit.into(),
            key: None,
            queue: None,
            priority: None,
        })
    }

    /// Counts the requests of each `key` for themselves; those that have none count together.
    /// Defaults to all together.
    #[must_use]
    pub fn key(mut self, key: Key) -> Self {
        self.settings.key = Some(key);
        Self::of(self.settings)
    }

    /// Lets requests wait for their turn: each for `max_wait` at most, and no more than `max_depth`
    /// at once – with a key, of each. Defaults to no waiting.
    ///
    /// Waiting needs a tokio runtime with its timer on.
    #[must_use]
    pub fn queue(mut self, max_wait: Duration, max_depth: usize) -> Self {
        self.settings.queue = Some(Queueing {
            max_wait,
            max_depth,
        });
        Self::of(self.settings)
    }

    /// Which requests matter more. Defaults to all alike.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.settings.priority = Some(priority);
        Self::of(self.settings)
    }

    /// How full it is.
    #[must_use]
    pub fn occupancy(&self) -> Occupancy {
        let level = self.shared.pools.level();
        Occupancy {
            in_flight: level.in_flight,
            queued: level.queued,
            limit: level.limit,
        }
    }

    fn of(settings: Settings) -> Self {
        let shares = settings.priority.as_ref().map(Priority::shares);
        let rules = Rules {
            limit: settings.limit,
            shares: shares.unwrap_or(&[priority::WHOLE]).into(),
            max_depth: settings.queue.map_or(0, |queue| queue.max_depth),
        };
        Self {
            shared: Arc::new(Shared {
                pools: Pools::new(rules, settings.key.is_some()),
                settings: settings.clone(),
                start: Instant::now(),
            }),
            settings,
        }
    }
}

impl<S> Layer<S> for ConcurrencyLayer {
    type Service = Concurrency<S>;

    fn layer(&self, inner: S) -> Concurrency<S> {
        Concurrency {
            inner,
            shared: Arc::clone(&self.shared),
        }
    }
}
