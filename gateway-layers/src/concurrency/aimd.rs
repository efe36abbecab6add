//! Additive increase, multiplicative decrease. Pure: time is an argument.

use std::time::Duration;

use super::sample::Sample;

/// A limit that grows by one each time as many requests as it allows were answered in time, and
/// shrinks by a tenth when one was not.
///
/// What TCP does to a congestion window. It needs to be told what "in time" is.
#[derive(Clone, Copy, Debug)]
pub struct Aimd {
    pub(super) initial: u32,
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) latency: Duration,
}

impl Aimd {
    /// From 20, between 1 and 1000: a head within `latency` is in time.
    #[must_use]
    pub const fn new(latency: Duration) -> Self {
        Self {
            initial: 20,
            min: 1,
            max: 1000,
            latency,
        }
    }

    /// The limit to begin with. Defaults to 20.
    #[must_use]
    pub const fn initial(mut self, limit: u32) -> Self {
        self.initial = limit;
        self
    }

    /// The limits of the limit. Defaults to 1 and 1000.
    #[must_use]
    pub const fn between(mut self, min: u32, max: u32) -> Self {
        self.min = min;
        self.max = max;
        self
    }
}

#[derive(Debug)]
pub(super) struct State {
    settings: Aimd,
    limit: f64,
    /// When it last shrank: what was sent before says nothing about what it is now.
    shrunk: Option<Duration>,
}

impl State {
    pub(super) fn new(settings: Aimd) -> Self {
        let initial = settings.initial.max(settings.min).min(settings.max);
        Self {
            limit: f64::from(initial),
            shrunk: None,
            settings,
        }
    }

    pub(super) const fn limit(&self) -> f64 {
        self.limit
    }

    pub(super) fn take(&mut self, sample: Sample) {
        if sample.overloaded || sample.latency > self.settings.latency {
            let sent = sample.now.saturating_sub(sample.latency);
            if self.shrunk.is_none_or(|at| sent >= at) {
                self.shrunk = Some(sample.now);
                self.limit *= DECREASE;
            }
        } else if f64::from(sample.in_flight) * 2.0 >= self.limit {
            // A limit that is not used is not known to be too low.
            self.limit += 1.0 / self.limit;
        }
        let (min, max) = (self.settings.min, self.settings.max);
        self.limit = self.limit.min(f64::from(max)).max(f64::from(min));
    }
}

const DECREASE: f64 = 0.9;

#[cfg(test)]
mod tests {
    use super::*;

    const fn sample(now: u64, latency: u64, in_flight: u32) -> Sample {
        Sample {
            now: Duration::from_millis(now),
            latency: Duration::from_millis(latency),
            in_flight,
            overloaded: false,
        }
    }

    fn state() -> State {
        State::new(Aimd::new(Duration::from_millis(100)))
    }

    #[test]
    fn it_grows_by_one_per_round_while_it_is_used() {
        let mut state = state();
        for _ in 0..21 {
            state.take(sample(10, 10, 20));
        }
        assert!((20.9..21.1).contains(&state.limit()), "{}", state.limit());
        for _ in 0..1000 {
            state.take(sample(10, 10, 5));
        }
        assert!(state.limit() < 21.1, "unused, it stays");
    }

    #[test]
    fn it_shrinks_once_for_all_that_were_sent_together() {
        let mut state = state();
        for _ in 0..20 {
            state.take(sample(200, 150, 20));
        }
        assert_eq!(state.limit() as u32, 18);
        state.take(sample(400, 150, 18));
        assert_eq!(state.limit() as u32, 16);
        let overloaded = Sample {
            overloaded: true,
            ..sample(500, 1, 16)
        };
        state.take(overloaded);
        assert_eq!(state.limit() as u32, 14);
    }

    #[test]
    fn it_keeps_to_its_bounds() {
        let settings = Aimd::new(Duration::from_millis(100)).between(4, 22);
        let mut state = State::new(settings);
        for _ in 0..1000 {
            state.take(sample(10, 10, 30));
        }
        assert_eq!(state.limit() as u32, 22);
        for round in 1..100 {
            state.take(sample(round * 1000, 500, 20));
        }
        assert_eq!(state.limit() as u32, 4);
        assert_eq!(State::new(settings.initial(90)).limit() as u32, 22);
    }
}
