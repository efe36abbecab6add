//! When a circuit opens and closes. Pure: time is an argument.

use std::time::Duration;

use super::{CircuitState, rules::Breaker, window::Window};

/// The state of one circuit.
#[derive(Debug)]
pub(super) struct Machine {
    rules: Breaker,
    phase: Phase,
    window: Window,
    /// Failures in a row.
    row: u32,
    /// How often it has opened since it was last closed.
    openings: u32,
    /// Counts the changes of phase: an answer to a request of an earlier phase says nothing about
    /// this one.
    epoch: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed,
    Open { until: Duration },
    HalfOpen { under_way: u32, succeeded: u32 },
}

/// Which phase a request was admitted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) epoch: u32,
}

/// What an answer says about whoever gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It works.
    Success,
    /// It does not.
    Failure,
    /// Nothing: the request was cancelled, or refused on the way.
    Neutral,
}

impl Machine {
    pub(super) fn new(rules: Breaker) -> Self {
        Self {
            phase: Phase::Closed,
            window: Window::new(rules.window),
            row: 0,
            openings: 0,
            epoch: 0,
            rules,
        }
    }

    pub(super) const fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(super) const fn state(&self) -> CircuitState {
        match self.phase {
            Phase::Closed => CircuitState::Closed,
            Phase::Open { .. } => CircuitState::Open,
            Phase::HalfOpen { .. } => CircuitState::HalfOpen,
        }
    }

    /// How long a request would have to wait that comes at `now`; `None` if it would be admitted.
    pub(super) fn wait(&self, now: Duration) -> Option<Duration> {
        match self.phase {
            Phase::Closed => None,
            Phase::Open { until } => (now < until).then(|| until.saturating_sub(now)),
            Phase::HalfOpen {
                under_way,
                succeeded,
            } => (under_way + succeeded >= self.rules.probes).then_some(Duration::ZERO),
        }
    }

    /// Admits a request that comes at `now`, or says how long it would have to wait.
    pub(super) fn admit(&mut self, now: Duration) -> Result<Ticket, Duration> {
        if let Some(wait) = self.wait(now) {
            return Err(wait);
        }
        match &mut self.phase {
            Phase::Closed => {}
            Phase::HalfOpen { under_way, .. } => *under_way += 1,
            Phase::Open { .. } => self.enter(Phase::HalfOpen {
                under_way: 1,
                succeeded: 0,
            }),
        }
        Ok(Ticket { epoch: self.epoch })
    }

    /// Takes in how a request was answered, or that it was not.
    pub(super) fn settle(&mut self, ticket: Ticket, verdict: Verdict, now: Duration) {
        if ticket.epoch != self.epoch {
            return;
        }
        match &mut self.phase {
            Phase::Open { .. } => {}
            Phase::Closed => {
                match verdict {
                    Verdict::Neutral => return,
                    Verdict::Success => self.window.answered(now, false),
                    Verdict::Failure => {
                        self.row = self.row.saturating_add(1);
                        self.window.answered(now, true);
                    }
                }
                self.judge(now);
            }
            Phase::HalfOpen {
                under_way,
                succeeded,
            } => {
                *under_way -= 1;
                match verdict {
                    Verdict::Neutral => {}
                    Verdict::Failure => self.open(now),
                    Verdict::Success => {
                        *succeeded += 1;
                        if *succeeded >= self.rules.probes {
                            self.close();
                        }
                    }
                }
            }
        }
    }

    /// Takes in that the body of a good answer has ended well, or that its reader left.
    pub(super) const fn completed(&mut self, ticket: Ticket) {
        if ticket.epoch == self.epoch {
            self.row = 0;
        }
    }

    /// Takes in that the body of a good answer broke.
    pub(super) fn broke(&mut self, ticket: Ticket, now: Duration) {
        if ticket.epoch != self.epoch {
            return;
        }
        match self.phase {
            Phase::Open { .. } => {}
            Phase::HalfOpen { .. } => self.open(now),
            Phase::Closed => {
                self.row = self.row.saturating_add(1);
                self.window.failed_after_all(now);
                self.judge(now);
            }
        }
    }

    /// Opens the circuit if too much has failed.
    fn judge(&mut self, now: Duration) {
        let in_a_row = self.rules.consecutive.is_some_and(|most| self.row >= most);
        let share = self.rules.ratio.is_some_and(|ratio| {
            let counts = self.window.sum(now);
            let (total, failed) = (u64::from(counts.total), u64::from(counts.failed));
            // Without a failure there is nothing to open for, whatever the ratio.
            failed > 0
                && counts.total >= self.rules.min_requests
                && failed * 1_000_000 >= u64::from(ratio) * total
        });
        if in_a_row || share {
            self.open(now);
        }
    }

    fn open(&mut self, now: Duration) {
        let doubled = 1_u32.checked_shl(self.openings);
        let time = doubled
            .and_then(|factor| self.rules.open.checked_mul(factor))
            .map_or(self.rules.max_open, |time| time.min(self.rules.max_open))
            .max(self.rules.open);
        self.openings = self.openings.saturating_add(1);
        self.enter(Phase::Open {
            until: now.saturating_add(time),
        });
    }

    fn close(&mut self) {
        self.openings = 0;
        self.enter(Phase::Closed);
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.row = 0;
        self.window.clear();
        self.epoch = self.epoch.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests;
