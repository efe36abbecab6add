//! A bounded table of buckets. Time is an argument.
//!
//! Open addressing with linear probing and no tombstones. A general hash map would do, but grows
//! when entries come and go at its bound, and cannot sample an entry at random, which is how the
//! one that gives way is found.

/// What a bucket is found by: 128 bits of a keyed hash of policy and key.
///
/// The hash is seeded per process and never leaves it, so collisions cannot be sought; and a table
/// of hashes is bounded in bytes however long the keys are that clients send.
pub(super) type Digest = [u64; 2];

/// Buckets by digest.
#[derive(Debug)]
pub(super) struct Table {
    /// At most three quarters are taken, so that every search meets a free one.
    slots: Vec<Slot>,
    len: usize,
    capacity: usize,
    swept: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    digest: Digest,
    /// Zero: the slot is free.
    full_at: u64,
}

impl Table {
    /// An empty table that will hold at most `capacity` buckets.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            slots: Vec::new(),
            len: 0,
            capacity: capacity.max(1),
            swept: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Memory in use.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
    }

    /// When the bucket is full; one that is not in the table is.
    pub(super) fn get(&self, digest: Digest) -> u64 {
        self.find(digest).map_or(0, |at| self.slots[at].full_at)
    }

    pub(super) fn set(&mut self, digest: Digest, full_at: u64, now: u64) {
        if let Some(at) = self.find(digest) {
            self.slots[at].full_at = full_at.max(1);
        } else if full_at > now {
            self.make_room(digest, now);
            self.insert(Slot { digest, full_at });
        }
    }

    /// Forgets full buckets, which loses nothing, before the table grows and now and then.
    fn make_room(&mut self, newcomer: Digest, now: u64) {
        let due = if self.is_tight() { SOON } else { ROUTINE };
        if now.saturating_sub(self.swept) >= due {
            self.sweep(now);
        }
        if self.len >= self.capacity {
            self.evict(newcomer);
        } else if self.is_tight() {
            let most = slots_for(self.capacity);
            self.rebuild((self.slots.len() * 2).max(FEWEST).min(most));
        }
    }

    const fn is_tight(&self) -> bool {
        self.len >= self.capacity || slots_for(self.len + 1) > self.slots.len()
    }

    fn sweep(&mut self, now: u64) {
        self.swept = now;
        let full = self.slots.iter_mut().filter(|slot| slot.full_at <= now);
        full.for_each(|slot| slot.full_at = 0);
        self.len = self.slots.iter().filter(|slot| slot.full_at > 0).count();
        let wanted = slots_for(self.len * 2).max(FEWEST);
        let size = if wanted * 4 < self.slots.len() {
            wanted
        } else {
            self.slots.len()
        };
        self.rebuild(size);
    }

    fn rebuild(&mut self, size: usize) {
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        self.len = 0;
        for slot in old.into_iter().filter(|slot| slot.full_at > 0) {
            self.insert(slot);
        }
    }

    /// Every bucket is owed something: the least indebted of a few gives way.
    ///
    /// Its caller gains what was owed, which is little; whoever is being refused owes most and
    /// stays. Where to look is decided by a hash nobody can predict.
    fn evict(&mut self, newcomer: Digest) {
        let start = self.home(newcomer);
        let around = (start..self.slots.len()).chain(0..start);
        let victim = around
            .filter(|at| self.slots[*at].full_at > 0)
            .take(SAMPLE)
            .min_by_key(|at| self.slots[*at].full_at);
        if let Some(at) = victim {
            self.remove(at);
        }
    }

    fn find(&self, digest: Digest) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mut at = self.home(digest);
        while self.slots[at].full_at > 0 {
            if self.slots[at].digest == digest {
                return Some(at);
            }
            at = self.after(at);
        }
        None
    }

    fn insert(&mut self, slot: Slot) {
        let mut at = self.home(slot.digest);
        while self.slots[at].full_at > 0 {
            at = self.after(at);
        }
        self.slots[at] = slot;
        self.len += 1;
    }

    /// Closes the gap, so that every entry can still be reached from its home.
    fn remove(&mut self, at: usize) {
        let (mut gap, mut next) = (at, self.after(at));
        while self.slots[next].full_at > 0 {
            let home = self.home(self.slots[next].digest);
            let stays = if gap <= next {
                gap < home && home <= next
            } else {
                gap < home || home <= next
            };
            if !stays {
                self.slots[gap] = self.slots[next];
                gap = next;
            }
            next = self.after(next);
        }
        self.slots[gap] = Slot::default();
        self.len -= 1;
    }

    /// Scales the hash to the size, which need not be a power of two.
    fn home(&self, digest: Digest) -> usize {
        let scaled = (u128::from(digest[0]) * self.slots.len() as u128) >> 64;
        usize::try_from(scaled).expect("less than the number of slots")
    }

    const fn after(&self, at: usize) -> usize {
        if at + 1 == self.slots.len() {
            0
        } else {
            at + 1
        }
    }
}

const fn slots_for(len: usize) -> usize {
    (len * 4).div_ceil(3) + 1
}

const SAMPLE: usize = 8;
const FEWEST: usize = 8;
const SOON: u64 = 1_000_000_000;
const ROUTINE: u64 = 30 * SOON;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// Spreads like a hash does.
    fn digest(n: u64) -> Digest {
        [n.wrapping_mul(0x9e37_79b9_7f4a_7c15), n]
    }

    #[test]
    fn full_buckets_are_forgotten_and_memory_is_given_back() {
        let mut table = Table::new(100_000);
        for n in 0..50_000 {
            table.set(digest(n), 10 * SECOND, SECOND);
        }
        assert_eq!(table.len(), 50_000);
        let before = table.slots.len();
        table.set(digest(1 << 40), 100 * SECOND, 60 * SECOND);
        assert_eq!(table.len(), 1);
        assert!(table.slots.len() < before / 8);
    }

    #[test]
    fn the_bound_holds_and_the_most_indebted_stay() {
        let mut table = Table::new(1_000);
        for n in 0..100 {
            table.set(digest(n), 1_000 * SECOND, SECOND);
        }
        for n in 100..20_000 {
            table.set(digest(n), 2 * SECOND + n, SECOND);
            assert!(table.len() <= 1_000);
        }
        let kept = (0..100).filter(|n| table.get(digest(*n)) > 0).count();
        assert_eq!(kept, 100);
    }

    #[test]
    fn a_bucket_in_debt_survives_while_there_is_room() {
        let mut table = Table::new(1_000);
        table.set(digest(0), 90 * SECOND, SECOND);
        for n in 1..5_000 {
            // Each is full again before the next second.
            table.set(digest(n), n * SECOND / 100 + 1, n * SECOND / 100);
        }
        assert_eq!(table.get(digest(0)), 90 * SECOND);
    }

    #[test]
    fn no_room_is_room_for_one() {
        let mut table = Table::new(0);
        for n in 0..100 {
            table.set(digest(n), 10 * SECOND, SECOND);
            assert_eq!((table.len(), table.get(digest(n))), (1, 10 * SECOND));
        }
    }

    proptest! {
        /// Below the bound the table is a map that forgets nothing that is owed.
        #[test]
        fn behaves_as_a_map(steps in proptest::collection::vec((0_u64..300, 0_u64..40, 0_u64..3), 1..1_500)) {
            let mut table = Table::new(400);
            let mut model = HashMap::new();
            let mut now = SECOND;
            for (n, debt, step) in steps {
                now += step * SECOND / 3;
                table.set(digest(n), now + debt * SECOND, now);
                model.insert(n, now + debt * SECOND);
                for (n, full_at) in &model {
                    let found = table.get(digest(*n));
                    prop_assert!(found == *full_at || *full_at <= now);
                }
            }
        }

        /// At the bound every entry that is there can be found, and no more are there.
        #[test]
        fn removal_leaves_no_holes(keys: Vec<(u64, u64)>) {
            let mut table = Table::new(24);
            for (key, debt) in keys {
                let digest = [key, key];
                table.set(digest, (debt >> 2) + 2, 1);
                prop_assert!(table.get(digest) > 0);
                let there = table.slots.iter().filter(|slot| slot.full_at > 0);
                let digests: Vec<_> = there.map(|slot| slot.digest).collect();
                prop_assert!(digests.len() <= 24 && digests.len() == table.len());
                for digest in digests {
                    prop_assert!(table.find(digest).is_some());
                }
            }
        }
    }
}
