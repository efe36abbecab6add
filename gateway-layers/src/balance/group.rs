use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use gateway_core::Key;
use tokio::time::Instant;

use super::{
    EndpointState, Outliers,
    endpoint::Endpoint,
    ewma::Millis,
    hash, p2c,
    rng::Rng,
    sticky::Sticky,
    weighted::{Sampler, schedule},
};
use crate::circuit_breaker::Breaker;

/// How an endpoint is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// Two are drawn by weight, the one with the lower latency × load gets the request. Finds slow
    /// endpoints by itself.
    #[default]
    P2cEwma,
    /// Each in turn, weights ignored.
    RoundRobin,
    /// Each in turn, as often as its weight says.
    Weighted,
    /// The one with the fewest requests under way per weight.
    LeastRequest,
    /// Any, by weight.
    Random,
    /// The same for the same key, by weight; see [`Balance::hash_on`](super::Balance::hash_on).
    Hash,
}

/// The endpoints of one priority, with what the policies need worked out.
#[derive(Debug)]
pub(super) struct Group<S> {
    pub(super) endpoints: Box<[Endpoint<S>]>,
    turns: Box<[usize]>,
    sampler: Sampler,
    hashes: Box<[u64]>,
}

/// What a pick depends on beside the endpoints.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) now: Millis,
    pub(super) at: Instant,
    /// The request has had its turn.
    pub(super) again: bool,
    /// The hash of the request's key.
    pub(super) key: Option<u64>,
}

/// What changes from one pick to the next, whatever the set.
#[derive(Debug)]
pub(super) struct Picker {
    pub(super) policy: Policy,
    pub(super) decay: Duration,
    pub(super) outliers: Option<Outliers>,
    pub(super) breaker: Option<Breaker>,
    pub(super) key: Option<Key>,
    pub(super) sticky: Option<Sticky>,
    pub(super) slow_start: Option<Duration>,
    /// The share of endpoints that must be well.
    pub(super) panic: f64,
    pub(super) rng: Rng,
    turn: AtomicUsize,
}

impl Picker {
    pub(super) fn new(rng: Rng) -> Self {
        Self {
            policy: Policy::default(),
            decay: Duration::from_secs(10),
            outliers: None,
            breaker: None,
            key: None,
            sticky: None,
            slow_start: None,
            panic: 0.5,
            turn: AtomicUsize::new(0),
            rng,
        }
    }

    /// The same options, from the first turn on.
    pub(super) fn again(&self) -> Self {
        Self {
            policy: self.policy,
            decay: self.decay,
            outliers: self.outliers,
            breaker: self.breaker.clone(),
            key: self.key.clone(),
            sticky: self.sticky.clone(),
            slow_start: self.slow_start,
            panic: self.panic,
            ..Self::new(Rng::new())
        }
    }
}

impl<S> Group<S> {
    pub(super) fn new(endpoints: Vec<Endpoint<S>>, policy: Policy) -> Self {
        let weights: Vec<u32> = endpoints.iter().map(|endpoint| endpoint.weight).collect();
        let turns = match policy {
            Policy::Weighted => schedule(&weights),
            // Without weights the turns are the endpoints; weight 0 is out of service all the same.
            Policy::RoundRobin => {
                schedule(&weights.iter().map(|w| (*w).min(1)).collect::<Vec<_>>())
            }
            _ => Box::default(),
        };
        let names = endpoints.iter().map(|endpoint| endpoint.state.name());
        Self {
            hashes: names.map(hash::hash).collect(),
            endpoints: endpoints.into(),
            turns,
            sampler: Sampler::new(&weights),
        }
    }

    /// An endpoint that `allow` allows.
    pub(super) fn pick(
        &self,
        picker: &Picker,
        ask: Ask,
        allow: impl Fn(&EndpointState) -> bool,
    ) -> Option<usize> {
        if self.sampler.total() == 0 {
            return None;
        }
        let usable = |index: usize| {
            let endpoint = &self.endpoints[index];
            endpoint.weight > 0 && allow(&endpoint.state)
        };
        // Of one there is nothing to draw or to compare, and nobody to take a cold one's share.
        if self.endpoints.len() == 1 {
            return usable(0).then_some(0);
        }
        if let Some(window) = picker.slow_start {
            // Passing over an endpoint as often as it is cold takes from its share what it must
            // under every policy. A key has its own lot, so that it moves once and not to and fro.
            let lot = picker.rng.unit();
            let warm = |index: usize| {
                let lot = match (picker.policy, ask.key) {
                    (Policy::Hash, Some(key)) => hash::lot(key, self.hashes[index]),
                    _ => lot,
                };
                self.endpoints[index].state.warmth(ask.at, window) > lot
            };
            let picked = self.pick_of(picker, ask, |index| usable(index) && warm(index));
            if picked.is_some() {
                return picked;
            }
        }
        self.pick_of(picker, ask, usable)
    }

    fn pick_of(&self, picker: &Picker, ask: Ask, usable: impl Fn(usize) -> bool) -> Option<usize> {
        let count = self.endpoints.len();
        match (picker.policy, ask.key) {
            (Policy::Hash, Some(key)) => self.pick_by_hash(key, usable),
            // Without a key there is nothing to be true to.
            (Policy::P2cEwma | Policy::Hash, _) => {
                let draw = || self.sampler.index(picker.rng.below(self.sampler.total()));
                let cost = |index: usize| self.endpoints[index].state.cost(ask.now, picker.decay);
                p2c::pick(count, draw, usable, cost)
            }
            (Policy::RoundRobin | Policy::Weighted, _) => {
                // A second try takes nobody's turn, or with two endpoints every request would
                // begin at the same one.
                let turn = if ask.again {
                    picker.turn.load(Ordering::Relaxed)
                } else {
                    picker.turn.fetch_add(1, Ordering::Relaxed)
                };
                (0..self.turns.len())
                    .map(|step| self.turns[turn.wrapping_add(step) % self.turns.len()])
                    .find(|index| usable(*index))
            }
            (Policy::Random, _) => {
                let draw = || self.sampler.index(picker.rng.below(self.sampler.total()));
                // The first of two that cost the same is the one that was drawn.
                p2c::pick(count, draw, usable, |_| 0.0)
            }
            (Policy::LeastRequest, _) => {
                // From a random place on, so that equals share.
                let start = self.sampler.index(picker.rng.below(self.sampler.total()));
                (0..count)
                    .map(|step| (start + step) % count)
                    .filter(|index| usable(*index))
                    .min_by(|a, b| self.load(*a).total_cmp(&self.load(*b)))
            }
        }
    }

    /// The highest score with room, or, if nobody has room, the highest score.
    fn pick_by_hash(&self, key: u64, usable: impl Fn(usize) -> bool) -> Option<usize> {
        let score =
            |index: usize| hash::score(key, self.hashes[index], self.endpoints[index].weight);
        let best = |also: &dyn Fn(usize) -> bool| {
            (0..self.endpoints.len())
                .filter(|index| usable(*index) && also(*index))
                .max_by(|a, b| score(*a).total_cmp(&score(*b)))
        };
        let active = self
            .endpoints
            .iter()
            .map(|endpoint| endpoint.state.active());
        let total = active.sum::<usize>() + 1;
        let has_room = |index: usize| {
            let endpoint = &self.endpoints[index];
            let active = endpoint.state.active();
            hash::has_room(active, total, endpoint.weight, self.sampler.total())
        };
        best(&has_room).or_else(|| best(&|_| true))
    }

    #[expect(clippy::cast_precision_loss, reason = "a comparison of small counts")]
    fn load(&self, index: usize) -> f64 {
        let endpoint = &self.endpoints[index];
        (endpoint.state.active() + 1) as f64 / f64::from(endpoint.weight)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::balance::Blocked;

    fn group(policy: Policy, weights: &[u32]) -> (Group<()>, Picker) {
        let endpoints = weights
            .iter()
            .enumerate()
            .map(|(index, weight)| Endpoint::new(index.to_string(), ()).weight(*weight))
            .collect();
        let mut picker = Picker::new(Rng::seeded(3));
        picker.policy = policy;
        (Group::new(endpoints, policy), picker)
    }

    fn ask() -> Ask {
        Ask {
            now: Millis::since_start(Duration::ZERO),
            at: Instant::now(),
            again: false,
            key: Some(1),
        }
    }

    fn picks(group: &Group<()>, picker: &Picker, count: usize) -> Vec<usize> {
        (0..count)
            .map(|_| {
                group
                    .pick(picker, ask(), EndpointState::is_available)
                    .unwrap()
            })
            .collect()
    }

    #[test]
    fn turns_are_taken() {
        let (even, picker) = group(Policy::RoundRobin, &[9, 0, 1]);
        assert_eq!(picks(&even, &picker, 4), [0, 2, 0, 2]);
        let (uneven, picker) = group(Policy::Weighted, &[3, 0, 1]);
        assert_eq!(picks(&uneven, &picker, 4), [0, 0, 2, 0]);
    }

    #[test]
    fn the_least_loaded_per_weight_is_chosen() {
        let (group, picker) = group(Policy::LeastRequest, &[1, 4]);
        let mut guards = Vec::new();
        for _ in 0..10 {
            let index = group
                .pick(&picker, ask(), EndpointState::is_available)
                .unwrap();
            guards.push(group.endpoints[index].state.open());
        }
        assert_eq!(group.endpoints[0].state.active(), 2);
        assert_eq!(group.endpoints[1].state.active(), 8);
    }

    #[test]
    fn no_policy_picks_what_is_blocked_tried_or_weightless() {
        for policy in [
            Policy::P2cEwma,
            Policy::RoundRobin,
            Policy::Weighted,
            Policy::LeastRequest,
            Policy::Random,
            Policy::Hash,
        ] {
            let (group, picker) = group(policy, &[1, 1, 1, 0]);
            let state = &group.endpoints[0].state;
            state.set_blocked(Blocked::Ejected, true);
            let tried = |state: &EndpointState| state.is_available() && state.name() != "1";
            for _ in 0..100 {
                assert_eq!(group.pick(&picker, ask(), tried), Some(2), "{policy:?}");
            }
            group.endpoints[2]
                .state
                .set_blocked(Blocked::Draining, true);
            assert_eq!(group.pick(&picker, ask(), tried), None, "{policy:?}");
            let (empty, picker) = self::group(policy, &[]);
            assert_eq!(
                empty.pick(&picker, ask(), EndpointState::is_available),
                None,
                "{policy:?}"
            );
        }
    }

    #[test]
    fn a_key_stays_until_its_endpoint_is_out_or_full() {
        let (group, picker) = group(Policy::Hash, &[1, 1, 1, 1]);
        let pick = |key: u64| {
            let key = Some(hash::hash(&key.to_string()));
            group
                .pick(&picker, Ask { key, ..ask() }, EndpointState::is_available)
                .unwrap()
        };
        let home = pick(7);
        assert!((0..10).all(|_| pick(7) == home));
        // A quiet endpoint has room, whatever its share.
        let open = || group.endpoints[home].state.open();
        let quiet: Vec<_> = (1..hash::QUIET).map(|_| open()).collect();
        assert_eq!(pick(7), home);
        let guard = open();
        let next = pick(7);
        assert_ne!(next, home);
        drop((guard, quiet));
        assert_eq!(pick(7), home);
        let state = &group.endpoints[home].state;
        state.set_blocked(Blocked::Ejected, true);
        assert_eq!(pick(7), next);
        state.set_blocked(Blocked::Ejected, false);
        let homes: std::collections::HashSet<_> = (0..100).map(pick).collect();
        assert_eq!(homes.len(), 4);
    }

    #[test]
    fn random_picks_follow_the_weights() {
        let (group, picker) = group(Policy::Random, &[1, 3]);
        let picked = picks(&group, &picker, 10_000);
        let first = picked.iter().filter(|index| **index == 0).count();
        // 130 is three standard deviations.
        assert!(first.abs_diff(2_500) < 150, "{first}");
    }

    /// Under every policy the share of an endpoint that is half warm is about half of its own.
    #[test]
    fn a_cold_endpoint_gets_a_part_of_its_share() {
        let window = Duration::from_secs(10);
        for policy in [
            Policy::P2cEwma,
            Policy::RoundRobin,
            Policy::Weighted,
            Policy::LeastRequest,
            Policy::Random,
            Policy::Hash,
        ] {
            let (mut group, mut picker) = group(policy, &[1, 1, 1, 1]);
            for warm in &mut group.endpoints[1..] {
                let state = Arc::get_mut(&mut warm.state).expect("nobody shares it yet");
                state.warm_up(window);
            }
            picker.slow_start = Some(window);
            let first = |secs: f64| {
                let picks = (0..4_000).filter(|key| {
                    let ask = Ask {
                        at: Instant::now() + Duration::from_secs_f64(secs),
                        key: Some(hash::hash(&key.to_string())),
                        ..ask()
                    };
                    group.pick(&picker, ask, EndpointState::is_available) == Some(0)
                });
                picks.count()
            };
            let (cold, half, warm) = (first(0.0), first(5.0), first(10.0));
            assert!(cold < 200 && cold > 0, "{policy:?}: {cold} of 100");
            assert!(half.abs_diff(500) < 120, "{policy:?}: {half} of 500");
            assert!(warm.abs_diff(1_000) < 120, "{policy:?}: {warm} of 1000");
        }
    }

    /// A closed loop: 24 clients on three endpoints, one of which is ten times as slow. Its share
    /// must stay far under that of the others.
    #[test]
    fn a_slow_endpoint_gets_less_than_half_of_a_fast_ones_share() {
        let (group, picker) = group(Policy::P2cEwma, &[1, 1, 1]);
        let latency = [5_u64, 5, 50];
        let mut served = [0_u32; 3];
        // (time it ends, endpoint, guard)
        let mut under_way: Vec<(u64, usize, _)> = Vec::new();
        for time in 0..20_000_u64 {
            let at = Millis::since_start(Duration::from_millis(time));
            under_way.retain(|(end, index, _)| {
                let over = *end <= time;
                if over {
                    served[*index] += 1;
                    let took = Duration::from_millis(latency[*index]);
                    group.endpoints[*index]
                        .state
                        .latency()
                        .record(took, at, picker.decay);
                }
                !over
            });
            while under_way.len() < 24 {
                let index = group
                    .pick(
                        &picker,
                        Ask { now: at, ..ask() },
                        EndpointState::is_available,
                    )
                    .unwrap();
                let guard = group.endpoints[index].state.open();
                under_way.push((time + latency[index], index, guard));
            }
        }
        assert!(served[2] * 2 < served[0].min(served[1]), "{served:?}");
        assert!(served[2] > 0);
    }
}
