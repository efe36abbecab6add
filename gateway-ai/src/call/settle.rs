use std::{fmt, sync::Arc};

use gateway_core::Outcome;

use crate::{
    canonical::{Event, Usage},
    catalog::PriceRef,
    guardian::Watch,
    loss::Losses,
};

/// Hands the usage of a call to whoever waits for it – exactly once, whatever happens.
///
/// It rides in the reply and, when the reply is streamed, in the response body. Whoever hands the
/// reply to the client [arms](Self::arm) it; from then on it settles at the end of the stream, at an
/// error, or when it is dropped because the client went away, and what the provider had counted by
/// then is what is reported. The reply of a target that another one replaced, or that nobody waited
/// for, is never armed: what its provider has counted all the same goes to the account of that target,
/// beside that of the one that answers.
pub struct Settle {
    /// Apart, since a reply is handed from service to service and counts are many.
    usage: Option<Box<Usage>>,
    price: Option<PriceRef>,
    open: Option<Open>,
    /// Whoever watches over the conversation's cached beginning.
    watch: Option<Box<Watch>>,
    armed: bool,
}

struct Open {
    outcome: Option<Outcome>,
    model: Arc<str>,
}

impl Settle {
    /// For a call that is answered by `model`, a target's name.
    #[must_use]
    pub const fn new(outcome: Option<Outcome>, model: Arc<str>) -> Self {
        Self {
            usage: None,
            price: None,
            open: Some(Open { outcome, model }),
            watch: None,
            armed: false,
        }
    }

    /// What the model's tokens cost. Defaults to nothing known, and then calls have no cost.
    #[must_use]
    pub fn with_price(mut self, price: Option<PriceRef>) -> Self {
        self.price = price;
        self
    }

    /// Has this told what was counted.
    pub(crate) fn watch(&mut self, watch: Watch) {
        self.watch = Some(Box::new(watch));
    }

    /// Takes over what the provider has counted so far.
    pub fn count(&mut self, usage: Usage) {
        match &mut self.usage {
            Some(known) => known.merge(usage),
            None => self.usage = Some(Box::new(usage)),
        }
    }

    /// Takes over what an event says was counted.
    pub fn observe(&mut self, event: &Event) {
        if let Some(usage) = event.usage() {
            self.count(usage.clone());
        }
    }

    /// What the provider has counted so far; `None` if it said nothing.
    #[must_use]
    pub fn usage(&self) -> Option<&Usage> {
        self.usage.as_deref()
    }

    /// What was counted so far and, where the model has a price, what that costs.
    #[must_use]
    pub fn summary(&self) -> Option<gateway_core::Usage> {
        let usage = self.usage.as_deref()?;
        let mut summary = summary(usage);
        summary.cost_micro_usd = self.price.as_ref().and_then(|price| price.cost(usage));
        Some(summary)
    }

    /// Tells what a stream could not say: its head, which would have, is gone. To be called before the
    /// call is over.
    pub(crate) fn lost(&self, losses: &Losses) {
        if self.armed
            && !losses.is_empty()
            && let Some(outcome) = self.open.as_ref().and_then(|open| open.outcome.as_ref())
        {
            outcome.update(|record| record.lose(losses.iter()));
        }
    }

    /// The reply goes to the client: from here on the call counts.
    pub const fn arm(&mut self) {
        self.armed = true;
    }

    /// The call is over.
    pub fn finish(&mut self) {
        if self.armed && self.open.is_some() {
            self.close(self.summary());
        }
    }

    /// The call is over, and was counted: what [`summary`](Self::summary) says of it.
    pub(crate) fn finish_counted(&mut self) -> Option<gateway_core::Usage> {
        let usage = self.summary();
        if self.armed {
            self.close(usage);
        }
        usage
    }

    fn close(&mut self, usage: Option<gateway_core::Usage>) {
        let Some(Open { outcome, model }) = self.open.take() else {
            return;
        };
        tracing::debug!(
            model = &*model,
            input = usage.and_then(|usage| usage.total_input()),
            output = usage.and_then(|usage| usage.output),
            cost_micro_usd = usage.and_then(|usage| usage.cost_micro_usd),
            "model call settled"
        );
        let watch = self.watch.take();
        let lost = watch.and_then(|watch| watch.settled(self.usage.as_deref()));
        if let Some(outcome) = outcome {
            outcome.update(|record| {
                record.prefix_lost = lost;
                record.model = Some(model);
                record.usage = usage;
            });
        }
    }
}

impl Settle {
    /// The target has failed, or was given up: whoever it is that answers, this was used as well.
    fn forfeit(&mut self) {
        if let Some(Open { outcome, model }) = self.open.take()
            && let (Some(outcome), Some(usage)) = (outcome, self.summary())
        {
            outcome.update(|record| record.spend(&model, &usage));
        }
    }
}

impl Drop for Settle {
    fn drop(&mut self) {
        if self.armed {
            self.finish();
        } else if self.usage.is_some() {
            self.forfeit();
        }
    }
}

impl fmt::Debug for Settle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settle")
            .field("usage", &self.usage)
            .field("armed", &self.armed)
            .field("settled", &self.open.is_none())
            .finish()
    }
}

/// The part of the canonical usage that the shared vocabulary knows.
#[must_use]
pub fn summary(usage: &Usage) -> gateway_core::Usage {
    let mut summary = gateway_core::Usage::default();
    summary.input = usage.input;
    summary.cached_read = usage.cache_read;
    summary.cache_write = usage.cache_write;
    summary.output = usage.output;
    summary.reasoning = usage.reasoning;
    summary.estimated = usage.estimated;
    summary.disagrees = usage.disagrees();
    summary
}
