//! What a backend takes when nobody has to wait. Pure: time is an argument.

use std::time::Duration;

/// Finds the latency without a queue, now and then, by letting through less than is asked for.
///
/// While all places are taken, a longer latency may be a slower backend or a longer queue, and
/// nothing that is seen at the limit tells them apart: who takes the second for the first lets the
/// queue grow for ever. So the limit is halved for one round; if that makes answers quicker, there
/// was a queue, and it is halved again. What does not get quicker any more is the backend alone.
#[derive(Debug)]
pub(super) struct Survey {
    /// When the next one begins, or this one began.
    due: Duration,
    step: Option<Step>,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    limit: f64,
    /// The mean latency with twice as many places.
    before: f64,
    /// What was let through earlier saw the limit before.
    since: Duration,
}

/// What a round has shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Finding {
    /// Nothing yet: there is another step to take.
    Halved,
    /// The latency without a queue, in seconds.
    Alone(f64),
}

impl Survey {
    pub(super) const fn new(now: Duration) -> Self {
        Self {
            due: now.saturating_add(INTERVAL),
            step: None,
        }
    }

    /// The limit while one is under way.
    pub(super) fn limit(&self) -> Option<f64> {
        self.step.map(|step| step.limit)
    }

    /// Whether an answer to what was let through at `sent` says anything about the step.
    pub(super) fn counts(&self, sent: Duration) -> bool {
        self.step.is_none_or(|step| sent >= step.since)
    }

    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.step.is_none() && now >= self.due
    }

    /// Begins one, with a `limit` of which all is used, and a mean latency of `mean` seconds.
    pub(super) fn begin(&mut self, limit: f64, mean: f64, now: Duration) {
        self.due = now;
        self.halve(limit, mean, now);
    }

    /// Takes in a round; `None` if none is under way. No step goes below `min`.
    pub(super) fn round(&mut self, mean: f64, min: f64, now: Duration) -> Option<Finding> {
        let step = self.step?;
        if mean < step.before * QUICKER && step.limit / 2.0 >= min.max(1.0) {
            self.halve(step.limit, mean, now);
            return Some(Finding::Halved);
        }
        self.end(now);
        Some(Finding::Alone(mean.min(step.before)))
    }

    /// Ends it if it is under way, whatever was found: the next one is due in a while.
    pub(super) fn end(&mut self, now: Duration) {
        if self.step.take().is_some() {
            // A backend that takes long makes it long: it must not be under way most of the time.
            let took = now.saturating_sub(self.due);
            self.due = now + INTERVAL.max(took * SHARE);
        }
    }

    fn halve(&mut self, limit: f64, mean: f64, now: Duration) {
        self.step = Some(Step {
            limit: limit / 2.0,
            before: mean,
            since: now,
        });
    }
}

/// From the end of one to the next.
const INTERVAL: Duration = Duration::from_secs(30);
/// It is under way for at most one part in so many of the time.
const SHARE: u32 = 50;
/// A latency of less than this part of the one before is quicker, and not quicker by chance.
const QUICKER: f64 = 0.85;

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn it_halves_until_nothing_gets_quicker() {
        let mut survey = Survey::new(secs(0));
        assert!(!survey.is_due(secs(29)) && survey.is_due(secs(30)));
        survey.begin(280.0, 0.056, secs(30));
        assert!(!survey.is_due(secs(31)), "under way");
        assert_eq!(survey.limit(), Some(140.0));
        assert_eq!(survey.round(0.028, 1.0, secs(31)), Some(Finding::Halved));
        assert_eq!(survey.limit(), Some(70.0));
        assert_eq!(survey.round(0.020, 1.0, secs(31)), Some(Finding::Halved));
        let alone = survey.round(0.020, 1.0, secs(31));
        assert_eq!(alone, Some(Finding::Alone(0.020)));
        assert_eq!(survey.limit(), None);
        assert_eq!(survey.round(0.5, 1.0, secs(31)), None);
        assert!(!survey.is_due(secs(60)) && survey.is_due(secs(81)));
    }

    #[test]
    fn what_was_let_through_before_a_step_is_no_news() {
        let mut survey = Survey::new(secs(0));
        assert!(survey.counts(secs(1)));
        survey.begin(8.0, 1.0, secs(30));
        assert!(!survey.counts(secs(29)) && survey.counts(secs(30)));
    }

    #[test]
    fn it_stops_at_the_least_limit() {
        let mut survey = Survey::new(secs(0));
        survey.begin(8.0, 1.0, secs(30));
        let found = survey.round(0.5, 3.0, secs(30));
        assert_eq!(found, Some(Finding::Alone(0.5)));
    }

    #[test]
    fn a_slow_backend_is_surveyed_more_rarely() {
        let mut survey = Survey::new(secs(0));
        survey.begin(8.0, 10.0, secs(30));
        _ = survey.round(10.0, 1.0, secs(50));
        assert!(!survey.is_due(secs(1000)) && survey.is_due(secs(1050)));
    }
}
