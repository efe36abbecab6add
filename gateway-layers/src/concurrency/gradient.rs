//! A limit that follows the latency. Pure: time is an argument.

use std::time::Duration;

use super::sample::Sample;

/// A limit that shrinks when answers take longer than they used to, and grows otherwise.
///
/// It compares the latency of the last moments with that of a longer past: their quotient, the
/// gradient, is how much of the limit is of use, and the rest is a queue at the backend. To that it
/// adds room for a queue of the limit's square root, by which it grows. It needs no idea of what a
/// good latency is.
#[derive(Clone, Copy, Debug)]
pub struct Gradient {
    pub(super) initial: u32,
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) tolerance: f64,
}

impl Gradient {
    /// From 20, between 1 and 1000; a latency of one and a half times the usual is still good.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            initial: 20,
            min: 1,
            max: 1000,
            tolerance: 1.5,
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

    /// Up to how many times the usual latency is good. Defaults to 1.5; less than 1 is 1.
    #[must_use]
    pub const fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance.max(1.0);
        self
    }
}

impl Default for Gradient {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Debug)]
pub(super) struct State {
    settings: Gradient,
    limit: f64,
    /// The usual latency in seconds; 0 while nothing is known.
    usual: f64,
    round: Round,
}

/// The answers since the limit was last looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    began: Duration,
    count: u32,
    sum: f64,
    peak: u32,
    overloaded: bool,
}

impl State {
    pub(super) fn new(settings: Gradient) -> Self {
        let initial = settings.initial.max(settings.min).min(settings.max);
        Self {
            limit: f64::from(initial),
            usual: 0.0,
            round: Round::default(),
            settings,
        }
    }

    pub(super) const fn limit(&self) -> f64 {
        self.limit
    }

    pub(super) fn take(&mut self, sample: Sample) {
        let round = &mut self.round;
        if round.count == 0 {
            round.began = sample.now;
        }
        round.count += 1;
        round.sum += sample.latency.as_secs_f64();
        round.peak = round.peak.max(sample.in_flight);
        round.overloaded |= sample.overloaded;
        let long_enough = sample.now.saturating_sub(round.began) >= ROUND;
        if long_enough && round.count >= ENOUGH {
            let round = std::mem::take(&mut self.round);
            self.close(round);
        }
    }

    fn close(&mut self, round: Round) {
        let now = (round.sum / f64::from(round.count)).max(f64::EPSILON);
        self.usual = if self.usual == 0.0 {
            now
        } else {
            self.usual + (now - self.usual) * MEMORY
        };
        // After a slow time, "usual" is too long for a while: believe good news sooner.
        if self.usual > now * 2.0 {
            self.usual *= 0.95;
        }
        let next = if round.overloaded {
            self.limit * OVERLOADED
        } else if f64::from(round.peak) * 2.0 < self.limit {
            // A limit that is not used is not known to be too low or too high.
            return;
        } else {
            let gradient = (self.settings.tolerance * self.usual / now).clamp(0.5, 1.0);
            let wanted = self.limit.mul_add(gradient, self.limit.sqrt());
            self.limit + (wanted - self.limit) * SMOOTHING
        };
        let (min, max) = (self.settings.min, self.settings.max);
        self.limit = next.min(f64::from(max)).max(f64::from(min));
    }
}

/// A round is at least this long, and has at least so many answers.
const ROUND: Duration = Duration::from_millis(100);
const ENOUGH: u32 = 10;
/// How much of a round's latency goes into the usual one: half of it is forgotten in a minute or so.
const MEMORY: f64 = 0.002;
const SMOOTHING: f64 = 0.2;
const OVERLOADED: f64 = 0.9;

#[cfg(test)]
mod tests {
    use super::*;

    /// A backend that works on `capacity` requests at once, `work` each, and is always asked for as
    /// many as the limit allows.
    fn simulate(state: &mut State, capacity: f64, work: f64, from: Duration, seconds: u64) {
        for step in 0..seconds * 100 {
            let now = from + Duration::from_millis(step * 10);
            let in_flight = state.limit();
            let latency = work * (in_flight / capacity).max(1.0);
            state.take(Sample {
                now,
                latency: Duration::from_secs_f64(latency),
                in_flight: in_flight as u32,
                overloaded: false,
            });
        }
    }

    #[test]
    fn it_finds_about_what_the_backend_can_do() {
        let mut state = State::new(Gradient::new());
        simulate(&mut state, 100.0, 0.02, Duration::ZERO, 60);
        // One and a half times the capacity is tolerated, the queue's room comes on top, and what is
        // usual creeps up while there is more to do than can be done.
        assert!((100.0..300.0).contains(&state.limit()), "{}", state.limit());
    }

    #[test]
    fn it_gives_way_when_the_backend_gets_slow_and_comes_back() {
        let mut state = State::new(Gradient::new());
        simulate(&mut state, 100.0, 0.02, Duration::ZERO, 60);
        let before = state.limit();
        simulate(&mut state, 20.0, 0.02, Duration::from_secs(60), 10);
        let during = state.limit();
        assert!(during < before / 2.0, "{before} {during}");
        simulate(&mut state, 100.0, 0.02, Duration::from_secs(70), 20);
        assert!(state.limit() > 90.0, "{}", state.limit());
    }

    #[test]
    fn it_keeps_to_its_bounds_and_waits_for_a_round() {
        let mut state = State::new(Gradient::new().between(5, 40));
        let one = Sample {
            now: Duration::ZERO,
            latency: Duration::from_millis(1),
            in_flight: 40,
            overloaded: true,
        };
        for _ in 0..100 {
            state.take(one);
        }
        assert_eq!(state.limit() as u32, 20, "all at one moment");
        for step in 0..1000 {
            let now = Duration::from_millis(step * 50);
            state.take(Sample { now, ..one });
        }
        assert_eq!(state.limit() as u32, 5);
        simulate(&mut state, 1e6, 0.01, Duration::from_secs(100), 60);
        assert_eq!(state.limit() as u32, 40);
    }

    #[test]
    fn unused_it_stays() {
        let mut state = State::new(Gradient::new());
        for step in 0..1000 {
            state.take(Sample {
                now: Duration::from_millis(step * 50),
                latency: Duration::from_millis(1 + step),
                in_flight: 3,
                overloaded: false,
            });
        }
        assert_eq!(state.limit() as u32, 20);
    }
}
