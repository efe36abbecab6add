use std::{sync::Arc, time::Duration};

use http::StatusCode;
use tower_layer::Layer;

use super::{On, Retry, RetryBudget, service::Shared};

/// Sends a failed request again.
///
/// See the [module docs](crate::retry) for an example.
#[derive(Clone, Debug)]
pub struct RetryLayer {
    settings: Settings,
    budget: Option<RetryBudget>,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) attempts: u32,
    pub(super) on: Vec<On>,
    pub(super) per_try: Option<Duration>,
    pub(super) base: Duration,
    pub(super) max: Duration,
    pub(super) retry_after: Duration,
    pub(super) replay: usize,
    pub(super) per_mille: u32,
    pub(super) floor: u32,
}

impl RetryLayer {
    /// At most two attempts, on connect, reset, 502, 503 and 504.
    #[must_use]
    pub fn new() -> Self {
        Self {
            settings: Settings {
                attempts: 2,
                on: vec![
                    On::Connect,
                    On::Reset,
                    On::Status(StatusCode::BAD_GATEWAY),
                    On::Status(StatusCode::SERVICE_UNAVAILABLE),
                    On::Status(StatusCode::GATEWAY_TIMEOUT),
                ],
                per_try: None,
                base: Duration::from_millis(25),
                max: Duration::from_secs(1),
                retry_after: Duration::from_secs(1),
                replay: 64 * 1024,
                per_mille: 200,
                floor: 3,
            },
            budget: None,
        }
    }

    /// How often a request is sent at most, the first time included. Defaults to 2.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.settings.attempts = attempts;
        self
    }

    /// What is worth another attempt. Defaults to connect, reset, 502, 503 and 504.
    #[must_use]
    pub fn on(mut self, on: impl IntoIterator<Item = On>) -> Self {
        self.settings.on = on.into_iter().collect();
        self
    }

    /// How long one attempt may take to its head; then it is given up, which is an [`On::Timeout`].
    /// Defaults to no bound.
    #[must_use]
    pub const fn per_try(mut self, timeout: Duration) -> Self {
        self.settings.per_try = Some(timeout);
        self
    }

    /// The bound of the first wait, which doubles, and the bound it never passes. A wait is a random
    /// part of its bound. Defaults to 25 ms and 1 s.
    #[must_use]
    pub const fn backoff(mut self, base: Duration, max: Duration) -> Self {
        self.settings.base = base;
        self.settings.max = max;
        self
    }

    /// The longest `Retry-After` that is waited for; an answer that asks for more is passed on.
    /// Defaults to 1 s.
    #[must_use]
    pub const fn retry_after(mut self, max: Duration) -> Self {
        self.settings.retry_after = max;
        self
    }

    /// How much of a body is kept to be sent again; a longer one is sent once. Defaults to 64 KiB.
    #[must_use]
    pub const fn replay(mut self, bytes: usize) -> Self {
        self.settings.replay = bytes;
        self
    }

    /// How many retries there may be for a thousand requests over ten seconds, and where that is less,
    /// what so many a second come to in ten. Defaults to 200 and 3. Each service the layer makes has its own; clones share
    /// it.
    #[must_use]
    pub const fn budget(mut self, per_thousand: u32, floor_per_second: u32) -> Self {
        self.settings.per_mille = per_thousand;
        self.settings.floor = floor_per_second;
        self
    }

    /// Pays retries from `budget`, which others pay from too: a `hedge`. Defaults to a budget of its own.
    #[must_use]
    pub fn share_budget(mut self, budget: RetryBudget) -> Self {
        self.budget = Some(budget);
        self
    }
}

impl Default for RetryLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<S>;

    fn layer(&self, inner: S) -> Retry<S> {
        let budget = self
            .budget
            .clone()
            .unwrap_or_else(|| RetryBudget::new(self.settings.per_mille, self.settings.floor));
        Retry {
            inner,
            shared: Arc::new(Shared::new(self.settings.clone(), budget)),
        }
    }
}
