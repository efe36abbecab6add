//! How many retries the upstream can bear.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::time::Instant;

/// A budget for attempts beyond the first, shared by all who make some: clones are the same one.
#[derive(Clone, Debug)]
pub struct RetryBudget {
    budget: Arc<Budget>,
    start: Instant,
}

impl RetryBudget {
    /// So many for a thousand requests over ten seconds, and where that is less, what so many a second
    /// come to in ten.
    #[must_use]
    pub fn new(per_thousand: u32, floor_per_second: u32) -> Self {
        Self {
            budget: Arc::new(Budget::new(per_thousand, floor_per_second)),
            start: Instant::now(),
        }
    }

    /// Counts a request.
    pub(crate) fn deposit(&self) {
        self.budget.deposit(self.second());
    }

    /// Takes one attempt, if there is one left.
    pub(crate) fn withdraw(&self) -> bool {
        self.budget.withdraw(self.second())
    }

    fn second(&self) -> u32 {
        u32::try_from(self.start.elapsed().as_secs()).unwrap_or(u32::MAX)
    }
}

/// Allows retries in proportion to requests, over a sliding ten seconds.
///
/// A limit per request multiplies: with two retries each, an upstream that fails under load gets
/// three times the load. A share of the traffic bounds what retrying can add to an outage, and a
/// floor lets a quiet route retry at all.
#[derive(Debug)]
struct Budget {
    /// Retries per thousand requests.
    per_mille: u64,
    floor_per_second: u64,
    requests: Window,
    retries: Window,
}

impl Budget {
    fn new(per_mille: u32, floor_per_second: u32) -> Self {
        Self {
            per_mille: per_mille.into(),
            floor_per_second: floor_per_second.into(),
            requests: Window::default(),
            retries: Window::default(),
        }
    }

    /// Counts a request that arrives in second `now`.
    fn deposit(&self, now: u32) {
        self.requests.add(now);
    }

    /// Takes one retry, if there is one left in second `now`.
    fn withdraw(&self, now: u32) -> bool {
        let earned = self.requests.sum(now) * self.per_mille / 1000;
        // Not on top of the share: in an outage under load there are no more retries than it says.
        let floor = self.floor_per_second * SLOTS as u64;
        // Taken before it is counted: of two that ask at once for the last one, neither may get it,
        // but never both.
        self.retries.add(now);
        let left = self.retries.sum(now) <= earned.max(floor);
        if !left {
            self.retries.take_back(now);
        }
        left
    }
}

/// Counts per second, for the last [`SLOTS`] seconds.
#[derive(Debug, Default)]
struct Window {
    /// Each the second in the high half and the count in the low half.
    slots: [AtomicU64; SLOTS],
}

impl Window {
    fn add(&self, now: u32) {
        let slot = &self.slots[now as usize % SLOTS];
        // It cannot fail: the closure always gives a next word.
        _ = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            let fresh = word >> 32 != u64::from(now);
            let word = if fresh { u64::from(now) << 32 } else { word };
            Some(word + 1)
        });
    }

    /// Takes one back that was added in second `now`.
    fn take_back(&self, now: u32) {
        let slot = &self.slots[now as usize % SLOTS];
        // A slot that has gone on to another second has forgotten it already.
        _ = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            let counted = word >> 32 == u64::from(now) && word & u64::from(u32::MAX) > 0;
            counted.then(|| word - 1)
        });
    }

    fn sum(&self, now: u32) -> u64 {
        let oldest = u64::from(now).saturating_sub(SLOTS as u64 - 1);
        let words = self.slots.iter().map(|slot| slot.load(Ordering::Relaxed));
        words
            .filter(|word| (oldest..=u64::from(now)).contains(&(word >> 32)))
            .map(|word| word & u64::from(u32::MAX))
            .sum()
    }
}

const SLOTS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn withdrawn(budget: &Budget, now: u32, tries: usize) -> usize {
        (0..tries).filter(|_| budget.withdraw(now)).count()
    }

    #[test]
    fn a_share_of_the_requests() {
        let budget = Budget::new(200, 0);
        assert!(!budget.withdraw(0));
        for _ in 0..100 {
            budget.deposit(0);
        }
        assert_eq!(withdrawn(&budget, 3, 100), 20);
        // Both are forgotten ten seconds after they happened.
        assert_eq!(withdrawn(&budget, 9, 10), 0);
        assert_eq!(withdrawn(&budget, 10, 10), 0);
        for _ in 0..100 {
            budget.deposit(20);
        }
        assert_eq!(withdrawn(&budget, 20, 100), 20);
    }

    #[test]
    fn the_floor_is_there_without_requests() {
        // All at once, if it must be: a quiet route may have one busy moment.
        let budget = Budget::new(200, 3);
        assert_eq!(withdrawn(&budget, 100, 100), 30);
        assert_eq!(withdrawn(&budget, 109, 100), 0);
        assert_eq!(withdrawn(&budget, 110, 100), 30);
    }

    #[test]
    fn never_more_than_there_are_however_many_ask_at_once() {
        for _ in 0..20 {
            let budget = Budget::new(100, 0);
            for _ in 0..1_000 {
                budget.deposit(0);
            }
            let taken: usize = std::thread::scope(|scope| {
                let askers: Vec<_> = (0..4)
                    .map(|_| scope.spawn(|| withdrawn(&budget, 0, 200)))
                    .collect();
                askers.into_iter().map(|asker| asker.join().unwrap()).sum()
            });
            assert!((50..=100).contains(&taken), "{taken}");
        }
    }

    #[test]
    fn in_an_outage_the_floor_adds_nothing_to_the_share() {
        let budget = Budget::new(200, 3);
        let (mut requests, mut retries) = (0, 0);
        for second in 0..30 {
            for _ in 0..200 {
                budget.deposit(second);
                requests += 1;
                retries += u32::from(budget.withdraw(second));
            }
        }
        assert!(retries * 5 <= requests, "{retries} of {requests}");
        assert!(retries * 6 >= requests, "{retries} of {requests}");
    }
}
