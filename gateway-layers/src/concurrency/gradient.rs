//! A limit that follows the latency. Pure: time is an argument.

use std::time::Duration;

use super::{
    sample::Sample,
    survey::{Finding, Survey},
};

/// A limit that shrinks when answers take longer than they used to, and grows otherwise.
///
/// It compares the latency of the last moments with what is usual while nothing queues: their
/// quotient, the gradient, is how much of the limit is of use, and the rest is a queue at the backend.
/// To that it adds room for a queue of the limit's square root, by which it grows. It needs no idea of
/// what a good latency is.
///
/// What is usual is learnt whenever the limit is not used up. While it is, a longer latency may be a
/// slower backend or a longer queue; every half a minute the limit is halved for a moment, once or
/// more, to tell them apart, as Envoy's adaptive concurrency does. For that moment more requests wait
/// or are refused; it is at most one part in fifty of the time.
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
    survey: Option<Survey>,
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
            survey: None,
            settings,
        }
    }

    pub(super) fn limit(&self) -> f64 {
        let surveyed = self.survey.as_ref().and_then(Survey::limit);
        surveyed.unwrap_or(self.limit).max(self.least())
    }

    pub(super) fn take(&mut self, sample: Sample) {
        let survey = self.survey.get_or_insert_with(|| Survey::new(sample.now));
        if !survey.counts(sample.now.saturating_sub(sample.latency)) {
            return;
        }
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
            self.close(round, sample.now);
        }
    }

    fn close(&mut self, round: Round, now: Duration) {
        let mean = (round.sum / f64::from(round.count)).max(f64::EPSILON);
        if round.overloaded {
            if let Some(survey) = &mut self.survey {
                survey.end(now);
            }
            self.set(self.limit * OVERLOADED);
            return;
        }
        if let Some(finding) = self.surveyed(mean, now) {
            if let Finding::Alone(alone) = finding {
                self.usual = alone;
            }
            return;
        }
        // A limit that is not used is not known to be too low or too high.
        let used = f64::from(round.peak) * 2.0 >= self.limit;
        self.learn(mean, used);
        if !used {
            return;
        }
        let gradient = (self.settings.tolerance * self.usual / mean).clamp(0.5, 1.0);
        let wanted = self.limit.mul_add(gradient, self.limit.sqrt());
        self.set(self.limit + (wanted - self.limit) * SMOOTHING);
        let (limit, least) = (self.limit, self.least());
        if let Some(survey) = &mut self.survey
            && survey.is_due(now)
            && limit / 2.0 >= least
        {
            survey.begin(limit, mean, now);
        }
    }

    fn surveyed(&mut self, mean: f64, now: Duration) -> Option<Finding> {
        let least = self.least();
        self.survey.as_mut()?.round(mean, least, now)
    }

    fn learn(&mut self, mean: f64, used: bool) {
        let memory = if self.usual == 0.0 {
            1.0
        } else if mean < self.usual {
            // Good news cannot come of a queue.
            MEMORY_OF_GOOD
        } else if used {
            0.0
        } else {
            MEMORY
        };
        self.usual += (mean - self.usual) * memory;
    }

    fn least(&self) -> f64 {
        f64::from(self.settings.min.max(1))
    }

    fn set(&mut self, limit: f64) {
        self.limit = limit.min(f64::from(self.settings.max)).max(self.least());
    }
}

/// A round is at least this long, and has at least so many answers.
const ROUND: Duration = Duration::from_millis(100);
const ENOUGH: u32 = 10;
/// How much of a round's latency goes into the usual one: half of it is forgotten in a minute or so.
const MEMORY: f64 = 0.002;
/// The same for a round that was quicker: half is forgotten in four seconds.
const MEMORY_OF_GOOD: f64 = 0.02;
const SMOOTHING: f64 = 0.2;
const OVERLOADED: f64 = 0.9;

#[cfg(test)]
mod tests {
    use super::*;

    /// A backend that works on `capacity` requests at once, `work` each, and is always asked for as
    /// many as the limit allows.
    fn simulate(state: &mut State, capacity: f64, work: f64, from: Duration, seconds: u64) {
        simulate_for(state, capacity, work, from, seconds * 100);
    }

    fn simulate_for(state: &mut State, capacity: f64, work: f64, from: Duration, steps: u64) {
        for step in 0..steps {
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
    fn it_finds_about_what_the_backend_can_do_and_stays_there() {
        let mut state = State::new(Gradient::new());
        simulate(&mut state, 100.0, 0.02, Duration::ZERO, 60);
        // One and a half times the capacity is tolerated, and the queue's room comes on top.
        let minute = state.limit();
        assert!((100.0..170.0).contains(&minute), "{minute}");
        simulate(&mut state, 100.0, 0.02, Duration::from_secs(60), 1800);
        let later = state.limit();
        assert!((100.0..170.0).contains(&later), "{later}");
    }

    #[test]
    fn one_that_began_overloaded_is_found_out() {
        let mut state = State::new(Gradient::new().initial(200));
        simulate(&mut state, 10.0, 0.02, Duration::ZERO, 20);
        assert!(state.limit() > 150.0, "nothing else is known yet");
        simulate(&mut state, 10.0, 0.02, Duration::from_secs(20), 40);
        assert!((10.0..25.0).contains(&state.limit()), "{}", state.limit());
    }

    #[test]
    fn a_backend_that_is_slower_for_good_gets_its_limit_back() {
        let mut state = State::new(Gradient::new());
        simulate(&mut state, 100.0, 0.02, Duration::ZERO, 25);
        simulate(&mut state, 100.0, 0.2, Duration::from_secs(25), 4);
        let at_once = state.limit();
        assert!(at_once < 20.0, "as if it were a queue: {at_once}");
        simulate(&mut state, 100.0, 0.2, Duration::from_secs(29), 120);
        assert!((100.0..180.0).contains(&state.limit()), "{}", state.limit());
    }

    #[test]
    fn a_survey_takes_little_of_the_time() {
        let mut state = State::new(Gradient::new());
        let mut low = 0;
        simulate(&mut state, 100.0, 0.02, Duration::ZERO, 10);
        for second in 10..310 {
            for tenth in 0..10 {
                let from = Duration::from_millis(second * 1000 + tenth * 100);
                simulate_for(&mut state, 100.0, 0.02, from, 10);
                low += u32::from(state.limit() < 90.0);
            }
        }
        assert!((1..60).contains(&low), "{low} of 3000");
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
