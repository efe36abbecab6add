use std::{sync::Arc, time::Duration};

use tower_layer::Layer;

use super::{Hedge, service::Shared};
use crate::retry::RetryBudget;

/// Asks a second time when an answer takes unusually long.
///
/// All services it makes, and all clones, share what is known about latencies. See the
/// [module docs](crate::hedge) for an example.
#[derive(Clone, Debug)]
pub struct HedgeLayer {
    after: After,
    max: u32,
    budget: Option<RetryBudget>,
    shared: Arc<Shared>,
}

/// When an answer takes unusually long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Time(Duration),
    /// The quantile, of a thousand.
    Quantile(u32),
}

impl HedgeLayer {
    /// Asks again after `time`.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        Self::new(After::Time(time))
    }

    /// Asks again when an answer takes longer than such a share of the latest ones, from 0 to 1:
    /// 0.95 asks one time in twenty. Until twenty answers are known it does not.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to a thousand after the clamp; not a number is 0"
    )]
    pub fn after_quantile(quantile: f64) -> Self {
        Self::new(After::Quantile(
            (quantile.clamp(0.0, 1.0) * 1e3).round() as u32
        ))
    }

    fn new(after: After) -> Self {
        Self {
            after,
            max: 1,
            budget: None,
            shared: Arc::new(Shared::new(after, 1, RetryBudget::new(200, 3), true)),
        }
    }

    /// How often a request is sent beyond the first time at most, each after the same time again.
    /// Defaults to 1.
    #[must_use]
    pub fn max(mut self, max: u32) -> Self {
        self.max = max;
        self.rebuild()
    }

    /// Pays from the budget of the retries around it. Defaults to a budget of its own, a fifth of the
    /// requests and at least three a second.
    #[must_use]
    pub fn budget(mut self, budget: RetryBudget) -> Self {
        self.budget = Some(budget);
        self.rebuild()
    }

    fn rebuild(mut self) -> Self {
        // Whoever shares the budget counts the requests.
        let own = self.budget.is_none();
        let budget = self.budget.clone();
        let budget = budget.unwrap_or_else(|| RetryBudget::new(200, 3));
        self.shared = Arc::new(Shared::new(self.after, self.max, budget, own));
        self
    }
}

impl<S> Layer<S> for HedgeLayer {
    type Service = Hedge<S>;

    fn layer(&self, inner: S) -> Hedge<S> {
        Hedge {
            inner,
            shared: Arc::clone(&self.shared),
        }
    }
}
