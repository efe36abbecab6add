//! Who waits, in which order. Pure.

use std::collections::VecDeque;

/// Who waits: by rank, the most important first, and within a rank first come first served.
#[derive(Debug)]
pub(super) struct Queue<T> {
    ranks: Box<[VecDeque<(u64, T)>]>,
    next: u64,
    len: usize,
}

/// Where somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    rank: usize,
    number: u64,
}

impl<T> Queue<T> {
    /// An empty queue with so many ranks, the most important of which is 0.
    pub(super) fn new(ranks: usize) -> Self {
        Self {
            ranks: (0..ranks).map(|_| VecDeque::new()).collect(),
            next: 0,
            len: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, rank: usize, waiter: T) -> Place {
        let number = self.next;
        self.next += 1;
        self.len += 1;
        self.ranks[rank].push_back((number, waiter));
        Place { rank, number }
    }

    /// Whose turn it is among the ranks that `may` pass.
    pub(super) fn pop(&mut self, may: impl Fn(usize) -> bool) -> Option<(usize, T)> {
        let mut ranks = self.ranks.iter_mut().enumerate();
        let (rank, (_, waiter)) = ranks
            .find_map(|(rank, queue)| may(rank).then(|| Some((rank, queue.pop_front()?)))?)?;
        self.len -= 1;
        Some((rank, waiter))
    }

    /// Takes somebody out who no longer waits.
    pub(super) fn leave(&mut self, place: Place) -> Option<T> {
        let queue = &mut self.ranks[place.rank];
        // Numbers only grow from front to back.
        let index = queue
            .binary_search_by_key(&place.number, |(number, _)| *number)
            .ok()?;
        let (_, waiter) = queue.remove(index)?;
        self.len -= 1;
        Some(waiter)
    }

    /// Takes out whoever came last of the least important rank, if it is less important than `rank`.
    pub(super) fn displace(&mut self, rank: usize) -> Option<T> {
        let less = self.ranks.iter_mut().skip(rank + 1).rev();
        let (_, waiter) = less.into_iter().find_map(VecDeque::pop_back)?;
        self.len -= 1;
        Some(waiter)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn by_rank_and_then_by_arrival() {
        let mut queue = Queue::new(2);
        for (rank, waiter) in [(1, 'a'), (0, 'b'), (1, 'c'), (0, 'd')] {
            queue.push(rank, waiter);
        }
        assert_eq!(queue.pop(|rank| rank == 1), Some((1, 'a')));
        let order: Vec<_> = std::iter::from_fn(|| queue.pop(|_| true)).collect();
        assert_eq!(order, [(0, 'b'), (0, 'd'), (1, 'c')]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn the_last_of_the_least_important_gives_way() {
        let mut queue = Queue::new(3);
        for (rank, waiter) in [(2, 'a'), (2, 'b'), (1, 'c')] {
            queue.push(rank, waiter);
        }
        assert_eq!(queue.displace(2), None);
        assert_eq!(queue.displace(1), Some('b'));
        assert_eq!(queue.displace(0), Some('a'));
        assert_eq!(queue.displace(0), Some('c'));
        assert_eq!(queue.displace(0), None);
    }

    proptest! {
        /// Nobody is lost or served twice, whoever leaves.
        #[test]
        fn everybody_leaves_once(steps in prop::collection::vec((0_u8..4, 0_usize..3), 0..200)) {
            let mut queue = Queue::new(3);
            let (mut places, mut out) = (Vec::new(), Vec::new());
            for (step, rank) in steps {
                match step {
                    0 | 1 => {
                        let name = places.len();
                        places.push(queue.push(rank, name));
                    }
                    2 => out.extend(queue.pop(|_| true).map(|(_, name)| name)),
                    _ => {
                        if let Some(place) = places.get(rank) {
                            out.extend(queue.leave(*place));
                        }
                    }
                }
            }
            prop_assert_eq!(queue.len() + out.len(), places.len());
            out.extend(std::iter::from_fn(|| queue.pop(|_| true)).map(|(_, name)| name));
            out.sort_unstable();
            prop_assert_eq!(out, (0..places.len()).collect::<Vec<_>>());
        }
    }
}
