//! Passive outlier ejection: endpoints that keep failing get a pause. Time is an argument.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

/// When an endpoint that keeps failing is left alone, and for how long.
///
/// Off unless set on a balancer. A failure is any 5xx and any failure of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Outliers {
    pub(super) failures: u32,
    pub(super) eject: Duration,
    pub(super) max_percent: u32,
}

impl Outliers {
    /// Five failures in a row; 30 s, times how often it has happened lately, up to five minutes; at
    /// most half of the endpoints.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            failures: 5,
            eject: Duration::from_secs(30),
            max_percent: 50,
        }
    }

    /// How many failures in a row are too many. Defaults to 5.
    #[must_use]
    pub const fn failures(mut self, failures: u32) -> Self {
        self.failures = failures;
        self
    }

    /// How long the first ejection lasts; the second in a row lasts twice as long, and so on up to
    /// ten times. Defaults to 30 s.
    #[must_use]
    pub const fn eject(mut self, time: Duration) -> Self {
        self.eject = time;
        self
    }

    /// How many endpoints in a hundred may be ejected at once, rounded down: of one endpoint none,
    /// of three one. When all of them fail, the upstream is at fault and not an endpoint.
    /// Defaults to 50.
    #[must_use]
    pub const fn max_percent(mut self, percent: u32) -> Self {
        self.max_percent = percent;
        self
    }
}

impl Default for Outliers {
    fn default() -> Self {
        Self::new()
    }
}

/// What is known about one endpoint. Times are since some start.
#[derive(Debug, Default)]
pub(super) struct Record {
    failures: AtomicU32,
    ejections: AtomicU32,
    /// Milliseconds; 0 while not ejected.
    until: AtomicU64,
}

impl Record {
    pub(super) fn succeeded(&self) {
        // Most endpoints never fail: look before writing to a line that all threads read.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// Counts a failure; `true` when they are too many, and once for each time that they are.
    pub(super) fn failed(&self, outliers: &Outliers) -> bool {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        failures.is_multiple_of(outliers.failures.max(1))
    }

    /// Starts a pause at `now`.
    pub(super) fn eject(&self, outliers: &Outliers, now: Duration) {
        let until = Duration::from_millis(self.until.load(Ordering::Relaxed));
        // An endpoint that has done well for as long as its pauses last has a clean record.
        let forgiven = now > until + outliers.eject * MAX_FACTOR;
        if forgiven {
            self.ejections.store(0, Ordering::Relaxed);
        }
        let ejections = self.ejections.fetch_add(1, Ordering::Relaxed) + 1;
        let pause = outliers.eject * ejections.min(MAX_FACTOR);
        self.failures.store(0, Ordering::Relaxed);
        self.until
            .store(millis(now + pause).max(1), Ordering::Relaxed);
    }

    /// Whether a pause that was started is over at `now`.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        until != 0 && until <= millis(now)
    }
}

/// Whether one more of `count` endpoints may be ejected when `ejected` are.
pub(super) const fn may_eject(outliers: &Outliers, count: usize, ejected: usize) -> bool {
    (ejected + 1) * 100 <= count * outliers.max_percent as usize
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

const MAX_FACTOR: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn failures_in_a_row_and_no_others() {
        let (outliers, record) = (Outliers::new().failures(3), Record::default());
        assert!(!record.failed(&outliers));
        assert!(!record.failed(&outliers));
        record.succeeded();
        assert!(!record.failed(&outliers));
        assert!(!record.failed(&outliers));
        assert!(record.failed(&outliers));
        // Not ejected, for there was no room, it is asked about again and not at every failure.
        assert!(!record.failed(&outliers));
        assert!(!record.failed(&outliers));
        assert!(record.failed(&outliers));
    }

    #[test]
    fn pauses_grow_and_are_forgiven() {
        let (outliers, record) = (Outliers::new(), Record::default());
        assert!(!record.is_over(secs(1_000)), "none was started");
        record.eject(&outliers, secs(100));
        assert!(!record.is_over(secs(129)) && record.is_over(secs(130)));
        record.eject(&outliers, secs(131));
        assert!(!record.is_over(secs(190)) && record.is_over(secs(191)));
        for _ in 0..20 {
            record.eject(&outliers, secs(200));
        }
        assert!(!record.is_over(secs(499)) && record.is_over(secs(500)));
        record.eject(&outliers, secs(900));
        assert!(!record.is_over(secs(929)) && record.is_over(secs(930)));
    }

    #[test]
    fn the_share_is_rounded_down() {
        let half = Outliers::new();
        for (count, most) in [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (10, 5)] {
            let allowed = (0..count)
                .take_while(|ejected| may_eject(&half, count, *ejected))
                .count();
            assert_eq!(allowed, most, "of {count}");
        }
    }
}
