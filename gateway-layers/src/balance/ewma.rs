//! Peak EWMA: a latency that jumps up at once and forgets slowly. Time is an argument.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

/// A moving average that believes bad news immediately and good news over `decay`.
///
/// An endpoint that has become slow is noticed at its first slow answer; one that has recovered is
/// trusted again bit by bit, also while nobody asks it. Both numbers – the average in microseconds
/// and when it was last changed – share one atomic word, so that readers never see half of a change.
#[derive(Debug, Default)]
pub(super) struct PeakEwma {
    /// High half: `f32` microseconds, 0 while nothing was measured. Low half: milliseconds.
    word: AtomicU64,
    /// Milliseconds: when a failure last multiplied the average.
    penalised: AtomicU32,
}

impl PeakEwma {
    /// Takes in one measurement made at `now`.
    pub(super) fn record(&self, latency: Duration, now: Millis, decay: Duration) {
        let sample = micros(latency);
        self.update(now, decay, |average, weight| {
            if sample >= average {
                sample
            } else {
                average.mul_add(weight, sample * (1.0 - weight))
            }
        });
    }

    /// Takes in that an answer takes at least `latency`: a request that was given up.
    pub(super) fn at_least(&self, latency: Duration, now: Millis, decay: Duration) {
        let sample = micros(latency);
        self.update(now, decay, |average, weight| (average * weight).max(sample));
    }

    /// Takes in a failure, which says nothing about latency – a refused connection is quick – and
    /// must not look attractive. Each one multiplies what is left of the last, so that an endpoint
    /// that keeps failing is asked ever more rarely, and one that failed once is soon trusted again.
    ///
    /// Only an attempt that was begun after the last penalty says that it still fails: a hundred
    /// requests that die with one connection are one piece of news, and counted a hundred times it
    /// would keep an endpoint that restarted at once without requests for a minute and more.
    pub(super) fn failed(&self, after: Duration, now: Millis, decay: Duration) {
        let sample = micros(after);
        let factor = if self.is_news(after, now) {
            FAILURE_FACTOR
        } else {
            1.0
        };
        self.update(now, decay, |average, weight| {
            let penalty = (average * weight * factor).clamp(MIN_PENALTY, MAX_PENALTY);
            penalty.max(sample)
        });
    }

    /// Whether an attempt that failed `after` it was begun was begun after the last penalty. If so,
    /// this is the last penalty now.
    fn is_news(&self, after: Duration, now: Millis) -> bool {
        let last = self.penalised.load(Ordering::Relaxed);
        let (average, _) = unpack(self.word.load(Ordering::Relaxed));
        let since = u128::from(elapsed(Millis(last), now));
        // Where nothing is measured, or all of it was forgotten, there is no penalty to speak of.
        if average > 0.0 && last != NEVER && since <= after.as_millis() {
            return false;
        }
        // Of those that fail at one moment, the first is the one.
        self.penalised
            .compare_exchange(last, now.0.max(1), Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// As if nothing had been measured.
    pub(super) fn forget(&self) {
        self.word.store(0, Ordering::Relaxed);
    }

    /// The average at `now` in microseconds; `None` while nothing was measured.
    pub(super) fn get(&self, now: Millis, decay: Duration) -> Option<f32> {
        let (average, then) = unpack(self.word.load(Ordering::Relaxed));
        (average > 0.0).then(|| average * weight(then, now, decay))
    }

    fn update(&self, now: Millis, decay: Duration, change: impl Fn(f32, f32) -> f32) {
        // The last writer of a race wins with its own, complete word.
        // It cannot fail: the closure always gives a next word.
        _ = self
            .word
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
                let (average, then) = unpack(word);
                let next = change(average, weight(then, now, decay));
                Some(pack(next.max(f32::MIN_POSITIVE), now))
            });
    }
}

/// Milliseconds since some start; wraps after 49 days, which is one odd average.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Millis(u32);

impl Millis {
    #[expect(clippy::cast_possible_truncation, reason = "wrapping is the point")]
    pub(super) const fn since_start(elapsed: Duration) -> Self {
        Self(elapsed.as_millis() as u32)
    }
}

/// What is left of an average after the time from `then` to `now`.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn weight(then: Millis, now: Millis, decay: Duration) -> f32 {
    let elapsed = elapsed(then, now);
    let decay = decay.as_secs_f32() * 1000.0;
    (-(elapsed as f32) / decay.max(1.0)).exp()
}

/// Milliseconds from `then` to `now`.
const fn elapsed(then: Millis, now: Millis) -> u32 {
    let elapsed = now.0.wrapping_sub(then.0);
    // A racing writer may have been a moment ahead.
    if elapsed > u32::MAX / 2 { 0 } else { elapsed }
}

fn micros(latency: Duration) -> f32 {
    latency.as_secs_f32() * 1e6
}

fn pack(average: f32, at: Millis) -> u64 {
    u64::from(average.to_bits()) << 32 | u64::from(at.0)
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves of a word")]
const fn unpack(word: u64) -> (f32, Millis) {
    (f32::from_bits((word >> 32) as u32), Millis(word as u32))
}

const NEVER: u32 = 0;
const FAILURE_FACTOR: f32 = 5.0;
/// Microseconds: 50 ms and 10 s.
const MIN_PENALTY: f32 = 5e4;
const MAX_PENALTY: f32 = 1e7;

#[cfg(test)]
mod tests {
    use super::*;

    const DECAY: Duration = Duration::from_secs(10);

    fn at(millis: u64) -> Millis {
        Millis::since_start(Duration::from_millis(millis))
    }

    fn get(ewma: &PeakEwma, millis: u64) -> f32 {
        ewma.get(at(millis), DECAY).unwrap()
    }

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn nothing_is_known_at_first() {
        assert_eq!(PeakEwma::default().get(at(0), DECAY), None);
    }

    #[test]
    fn a_peak_counts_at_once_and_is_forgotten_slowly() {
        let ewma = PeakEwma::default();
        ewma.record(ms(10), at(0), DECAY);
        ewma.record(ms(500), at(1), DECAY);
        assert!((get(&ewma, 1) - 500_000.0).abs() < 1.0);
        // A good sample right after the peak changes little …
        ewma.record(ms(10), at(100), DECAY);
        assert!(get(&ewma, 100) > 490_000.0);
        // … and one time constant later a third is left.
        assert!((get(&ewma, 10_100) / get(&ewma, 100) - 0.3679).abs() < 0.01);
    }

    #[test]
    fn steady_samples_converge() {
        let ewma = PeakEwma::default();
        ewma.record(ms(500), at(0), DECAY);
        for tick in 1..600_u64 {
            ewma.record(ms(20), at(tick * 100), DECAY);
        }
        assert!((get(&ewma, 60_000) - 20_000.0).abs() < 2_000.0);
    }

    #[test]
    fn a_request_given_up_raises_but_never_lowers() {
        let ewma = PeakEwma::default();
        ewma.record(ms(100), at(0), DECAY);
        ewma.at_least(ms(1), at(1), DECAY);
        assert!(get(&ewma, 1) > 99_000.0);
        ewma.at_least(ms(900), at(2), DECAY);
        assert!(get(&ewma, 2) > 899_000.0);
    }

    #[test]
    fn failures_back_off_and_are_bounded() {
        let ewma = PeakEwma::default();
        ewma.record(ms(2), at(10), DECAY);
        ewma.failed(ms(0), at(10), DECAY);
        assert!((get(&ewma, 10) - 50_000.0).abs() < 1.0);
        ewma.failed(ms(0), at(11), DECAY);
        assert!((get(&ewma, 11) - 250_000.0).abs() < 100.0);
        for tick in 12..22 {
            ewma.failed(ms(0), at(tick), DECAY);
        }
        assert!((get(&ewma, 21) - 10_000_000.0).abs() < 10.0);
        // A minute later a working endpoint is no longer much dearer than this one.
        assert!(get(&ewma, 60_000) < 30_000.0);
    }

    #[test]
    fn what_was_under_way_at_a_failure_fails_with_it_and_not_again() {
        let ewma = PeakEwma::default();
        ewma.record(ms(2), at(10), DECAY);
        // A hundred requests, begun at 20 ms and later, die with their backend at 500 ms …
        for request in 0..100 {
            ewma.failed(ms(480 - request), at(500 + request / 50), DECAY);
        }
        // … which is one failure, as late as the latest of them.
        assert!((get(&ewma, 500) - 480_000.0).abs() < 1_000.0);
        // One begun since then is another.
        ewma.failed(ms(1), at(600), DECAY);
        assert!(get(&ewma, 600) > 2_000_000.0);
    }

    #[test]
    fn one_that_died_with_many_requests_is_asked_again_within_seconds() {
        let ewma = PeakEwma::default();
        ewma.record(ms(2), at(10), DECAY);
        for _ in 0..1_000 {
            ewma.failed(ms(1), at(100), DECAY);
        }
        // Its neighbours answer in 20 ms, and have two requests under way.
        let neighbours = 3.0 * 20_000.0;
        assert!(get(&ewma, 100) < neighbours);
    }

    #[test]
    fn a_clock_that_wraps_or_a_late_writer_does_no_harm() {
        let ewma = PeakEwma::default();
        ewma.record(ms(100), Millis(u32::MAX - 10), DECAY);
        let value = ewma.get(Millis(10), DECAY).unwrap();
        assert!(value > 99_000.0 && value <= 100_000.0);
        ewma.record(ms(50), Millis(u32::MAX - 20), DECAY);
        assert!(ewma.get(Millis(10), DECAY).unwrap() > 99_000.0);
    }
}
