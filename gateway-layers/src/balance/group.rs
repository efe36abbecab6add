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
mod tests;
