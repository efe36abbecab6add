//! Passive outlier ejection: endpoints that keep failing get a pause. Time is an argument.

use std::{
    sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

use super::SuccessRate;

/// When an endpoint that keeps failing is left alone, and for how long.
///
/// Off unless set on a balancer. A failure is any 5xx and any failure of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Outliers {
    pub(super) failures: u32,
    pub(super) gateway_failures: Option<u32>,
    pub(super) success_rate: Option<SuccessRate>,
    pub(super) eject: Duration,
    pub(super) max_percent: u32,
}

/// Why an endpoint was ejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ejection {
    /// Too many failures in a row, of any kind.
    Failures,
    /// Too many failures in a row that kept it from answering at all.
    GatewayFailures,
    /// It failed more often than the others.
    SuccessRate,
}

impl Ejection {
    const ALL: [Self; 3] = [Self::Failures, Self::GatewayFailures, Self::SuccessRate];

    /// A name in `snake_case`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failures => "consecutive_failures",
            Self::GatewayFailures => "consecutive_gateway_failures",
            Self::SuccessRate => "success_rate",
        }
    }
}

/// How an attempt at an endpoint ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With an answer that is not a failure.
    Good,
    /// With a 5xx of the endpoint's own.
    ServerError,
    /// With no answer, or one that says that there is none: 502, 503, 504.
    GatewayFailure,
}

impl Outliers {
    /// Five failures in a row; 30 s, times how often it has happened lately, up to five minutes; at
    /// most half of the endpoints.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            failures: 5,
            gateway_failures: None,
            success_rate: None,
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

    /// How many failures in a row are too many when they are of the connection, or 502, 503 or 504:
    /// an endpoint that cannot be reached may be left sooner than one that answers 500. Defaults to
    /// what [`failures`](Self::failures) says.
    #[must_use]
    pub const fn gateway_failures(mut self, failures: u32) -> Self {
        self.gateway_failures = Some(failures);
        self
    }

    /// Also leaves endpoints alone that fail more often than the others. Defaults to never.
    #[must_use]
    pub const fn success_rate(mut self, rule: SuccessRate) -> Self {
        self.success_rate = Some(rule);
        self
    }

    /// How long the first ejection lasts; the second in a row lasts twice as long, and so on up to
    /// ten times. Defaults to 30 s.
    #[must_use]
    pub const fn eject(mut self, time: Duration) -> Self {
        self.eject = time;
        self
    }

    /// How many endpoints in a hundred may be ejected at once, rounded down, but of two or more at
    /// least one unless it is 0. When all of them fail, the upstream is at fault and not an endpoint.
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
    gateway_failures: AtomicU32,
    ejections: AtomicU32,
    /// Milliseconds; 0 while not ejected.
    until: AtomicU64,
    /// One more than the index of the last reason.
    reason: AtomicU8,
    by_reason: [AtomicU64; 3],
    window: Window,
}

/// The answers of one interval.
#[derive(Debug, Default)]
struct Window {
    good: AtomicU32,
    all: AtomicU32,
}

impl Record {
    /// Takes in how an attempt ended. A reason when that was one failure too many, and once for
    /// each time that it is.
    pub(super) fn ended(&self, outliers: &Outliers, ending: Ending) -> Option<Ejection> {
        if outliers.success_rate.is_some() {
            self.window.all.fetch_add(1, Ordering::Relaxed);
            let good = u32::from(ending == Ending::Good);
            self.window.good.fetch_add(good, Ordering::Relaxed);
        }
        if ending != Ending::GatewayFailure {
            reset(&self.gateway_failures);
        }
        if ending == Ending::Good {
            reset(&self.failures);
            return None;
        }
        let failed = count(&self.failures, outliers.failures);
        if ending == Ending::GatewayFailure
            && let Some(limit) = outliers.gateway_failures
            && count(&self.gateway_failures, limit)
        {
            return Some(Ejection::GatewayFailures);
        }
        failed.then_some(Ejection::Failures)
    }

    /// The good answers and all answers since this was last asked.
    pub(super) fn take_window(&self) -> (u32, u32) {
        let all = self.window.all.swap(0, Ordering::Relaxed);
        let good = self.window.good.swap(0, Ordering::Relaxed);
        (good.min(all), all)
    }

    /// Why it was ejected, last.
    pub(super) fn reason(&self) -> Option<Ejection> {
        let index = self.reason.load(Ordering::Relaxed).checked_sub(1)?;
        Ejection::ALL.get(usize::from(index)).copied()
    }

    /// How often it was ejected, by reason.
    pub(super) fn ejections(&self) -> [(Ejection, u64); 3] {
        Ejection::ALL.map(|reason| {
            let count = self.by_reason[reason as usize].load(Ordering::Relaxed);
            (reason, count)
        })
    }

    /// Starts a pause at `now`.
    pub(super) fn eject(&self, outliers: &Outliers, reason: Ejection, now: Duration) {
        self.reason.store(reason as u8 + 1, Ordering::Relaxed);
        self.by_reason[reason as usize].fetch_add(1, Ordering::Relaxed);
        let until = Duration::from_millis(self.until.load(Ordering::Relaxed));
        // An endpoint that has done well for as long as its pauses last has a clean record.
        let forgiven = now > until + outliers.eject * MAX_FACTOR;
        if forgiven {
            self.ejections.store(0, Ordering::Relaxed);
        }
        let ejections = self.ejections.fetch_add(1, Ordering::Relaxed) + 1;
        let pause = outliers.eject * ejections.min(MAX_FACTOR);
        self.failures.store(0, Ordering::Relaxed);
        self.gateway_failures.store(0, Ordering::Relaxed);
        self.until
            .store(millis(now + pause).max(1), Ordering::Relaxed);
    }

    /// Whether a pause that was started is over at `now`.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        until != 0 && until <= millis(now)
    }
}

/// Most endpoints never fail: look before writing to a line that all threads read.
fn reset(count: &AtomicU32) {
    if count.load(Ordering::Relaxed) != 0 {
        count.store(0, Ordering::Relaxed);
    }
}

fn count(failures: &AtomicU32, limit: u32) -> bool {
    let failures = failures.fetch_add(1, Ordering::Relaxed) + 1;
    failures.is_multiple_of(limit.max(1))
}

/// Whether one more of `count` endpoints may be ejected when `ejected` are.
///
/// A sole endpoint never is: it would be used all the same.
pub(super) const fn may_eject(outliers: &Outliers, count: usize, ejected: usize) -> bool {
    if outliers.max_percent == 0 || count < 2 {
        return false;
    }
    ejected == 0 || (ejected + 1) * 100 <= count * outliers.max_percent as usize
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

    const BAD: Ending = Ending::ServerError;
    const GONE: Ending = Ending::GatewayFailure;

    fn endings(outliers: &Outliers, endings: &[Ending]) -> Vec<Option<Ejection>> {
        let record = Record::default();
        let each = endings.iter();
        each.map(|ending| record.ended(outliers, *ending)).collect()
    }

    #[test]
    fn failures_in_a_row_and_no_others() {
        let outliers = Outliers::new().failures(3);
        let got = endings(
            &outliers,
            &[BAD, GONE, Ending::Good, BAD, BAD, GONE, BAD, BAD, BAD],
        );
        let out = Some(Ejection::Failures);
        // Not ejected, for there was no room, it is asked about again and not at every failure.
        let expected = [None, None, None, None, None, out, None, None, out];
        assert_eq!(got, expected);
    }

    #[test]
    fn an_endpoint_that_does_not_answer_may_be_left_sooner() {
        let outliers = Outliers::new().failures(4).gateway_failures(2);
        let out = Some(Ejection::GatewayFailures);
        assert_eq!(endings(&outliers, &[BAD, GONE, GONE]), [None, None, out]);
        let got = endings(&outliers, &[GONE, BAD, GONE, BAD]);
        assert_eq!(got, [None, None, None, Some(Ejection::Failures)]);
    }

    #[test]
    fn a_window_is_taken_once() {
        let (outliers, record) = (
            Outliers::new().success_rate(SuccessRate::new()),
            Record::default(),
        );
        for ending in [BAD, Ending::Good, Ending::Good] {
            record.ended(&outliers, ending);
        }
        assert_eq!(record.take_window(), (2, 3));
        assert_eq!(record.take_window(), (0, 0));
        record.ended(&Outliers::new(), Ending::Good);
        assert_eq!(record.take_window(), (0, 0), "nobody asks for it");
    }

    #[test]
    fn pauses_grow_and_are_forgiven() {
        let (outliers, record) = (Outliers::new(), Record::default());
        let eject = |at| record.eject(&outliers, Ejection::Failures, secs(at));
        assert!(!record.is_over(secs(1_000)), "none was started");
        eject(100);
        assert!(!record.is_over(secs(129)) && record.is_over(secs(130)));
        eject(131);
        assert!(!record.is_over(secs(190)) && record.is_over(secs(191)));
        for _ in 0..20 {
            eject(200);
        }
        assert!(!record.is_over(secs(499)) && record.is_over(secs(500)));
        record.eject(&outliers, Ejection::SuccessRate, secs(900));
        assert!(!record.is_over(secs(929)) && record.is_over(secs(930)));
        assert_eq!(record.reason(), Some(Ejection::SuccessRate));
        assert_eq!(
            record.ejections().map(|(_, count)| count),
            [22, 0, 1],
            "by reason"
        );
    }

    #[test]
    fn the_share_is_rounded_down_and_at_least_one() {
        let allowed = |outliers: &Outliers, count: usize| {
            (0..count)
                .take_while(|ejected| may_eject(outliers, count, *ejected))
                .count()
        };
        for (count, most) in [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (10, 5)] {
            assert_eq!(allowed(&Outliers::new(), count), most, "of {count}");
        }
        assert_eq!(allowed(&Outliers::new().max_percent(10), 3), 1);
        assert_eq!(allowed(&Outliers::new().max_percent(0), 3), 0);
        assert_eq!(allowed(&Outliers::new().max_percent(100), 3), 3);
    }
}
