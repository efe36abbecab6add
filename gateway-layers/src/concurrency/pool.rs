//! The places of one limit: who has one, who waits for one.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::{
    limit::{Limit, Limiter},
    priority,
    queue::{Place, Queue},
    sample::Sample,
};

/// What does not change about a pool.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) limit: Limit,
    pub(super) shares: Box<[u32]>,
    pub(super) max_depth: usize,
}

pub(super) struct Pool {
    rules: Arc<Rules>,
    state: Mutex<State>,
}

struct State {
    limiter: Limiter,
    in_flight: u32,
    queue: Queue<oneshot::Sender<Result<Taken, Displaced>>>,
}

/// A place was taken. Whoever has it gives it back with [`Pool::release`].
#[derive(Debug)]
#[must_use = "the place stays taken until it is released"]
pub(super) struct Taken {
    /// How many places were taken then, this one included.
    pub(super) in_flight: u32,
}

/// Somebody more important came while the queue was full.
#[derive(Clone, Copy, Debug)]
pub(super) struct Displaced;

/// How a request for a place was met.
pub(super) enum Entry {
    Taken(Taken),
    Queued(Waiting),
    Full,
}

/// What a pool looks like at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) in_flight: u32,
    pub(super) queued: usize,
    pub(super) limit: u32,
}

impl Pool {
    pub(super) fn new(rules: Arc<Rules>) -> Self {
        Self {
            state: Mutex::new(State {
                limiter: Limiter::new(rules.limit),
                in_flight: 0,
                queue: Queue::new(rules.shares.len()),
            }),
            rules,
        }
    }

    /// Takes a place, or one in the queue.
    pub(super) fn enter(self: &Arc<Self>, rank: usize) -> Entry {
        let mut state = self.lock();
        // Nobody of this rank or a higher one waits while there is a place for this rank: places
        // are handed on where they become free.
        if let Some(taken) = state.take(&self.rules, rank) {
            return Entry::Taken(taken);
        }
        if state.queue.len() >= self.rules.max_depth {
            let Some(least) = state.queue.displace(rank) else {
                return Entry::Full;
            };
            // Whoever does not listen any more has left anyway.
            _ = least.send(Err(Displaced));
        }
        let (sender, receiver) = oneshot::channel();
        let place = state.queue.push(rank, sender);
        Entry::Queued(Waiting {
            pool: Arc::clone(self),
            place,
            receiver,
        })
    }

    /// Gives a place back, to whoever is next.
    pub(super) fn release(&self) {
        let mut state = self.lock();
        state.in_flight -= 1;
        state.hand_on(&self.rules);
    }

    /// Whether samples are of any use.
    pub(super) fn learns(&self) -> bool {
        !matches!(self.rules.limit, Limit::Fixed(_))
    }

    /// Takes in how long an answer took.
    pub(super) fn learn(&self, sample: Sample) {
        let mut state = self.lock();
        state.limiter.take(sample);
        state.hand_on(&self.rules);
    }

    pub(super) fn is_idle(&self) -> bool {
        let state = self.lock();
        state.in_flight == 0 && state.queue.len() == 0
    }

    pub(super) fn level(&self) -> Level {
        let state = self.lock();
        Level {
            in_flight: state.in_flight,
            queued: state.queue.len(),
            limit: state.limiter.limit(),
        }
    }

    /// The numbers are whole whenever the lock is free, so poison is ignored.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, rules: &Rules, rank: usize) -> Option<Taken> {
        if self.in_flight >= priority::of(self.limiter.limit(), rules.shares[rank]) {
            return None;
        }
        self.in_flight += 1;
        Some(Taken {
            in_flight: self.in_flight,
        })
    }

    fn hand_on(&mut self, rules: &Rules) {
        loop {
            let limit = self.limiter.limit();
            let in_flight = self.in_flight;
            let room = |rank: usize| in_flight < priority::of(limit, rules.shares[rank]);
            let Some((_, next)) = self.queue.pop(room) else {
                return;
            };
            let taken = Taken {
                in_flight: in_flight + 1,
            };
            if next.send(Ok(taken)).is_ok() {
                self.in_flight += 1;
            }
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("level", &self.level())
            .finish()
    }
}

/// A place in the queue. Dropped, it is free, and so is the place that may have come meanwhile.
#[derive(Debug)]
#[must_use = "a place in the queue that is dropped is lost"]
pub(super) struct Waiting {
    pool: Arc<Pool>,
    place: Place,
    /// The place, when its turn has come.
    pub(super) receiver: oneshot::Receiver<Result<Taken, Displaced>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.pool.lock().queue.leave(self.place).is_some() {
            return;
        }
        // It is sent under the lock that takes it from the queue, so it is here by now.
        if let Ok(Ok(Taken { .. })) = self.receiver.try_recv() {
            self.pool.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn pool(limit: u32, shares: &[u32], max_depth: usize) -> Arc<Pool> {
        Arc::new(Pool::new(Arc::new(Rules {
            limit: Limit::Fixed(NonZeroU32::new(limit).unwrap()),
            shares: shares.into(),
            max_depth,
        })))
    }

    fn waiting(pool: &Arc<Pool>, rank: usize) -> Waiting {
        match pool.enter(rank) {
            Entry::Queued(waiting) => waiting,
            Entry::Taken(_) => panic!("there was a place"),
            Entry::Full => panic!("the queue was full"),
        }
    }

    fn taken(pool: &Arc<Pool>, rank: usize) -> bool {
        matches!(pool.enter(rank), Entry::Taken(_))
    }

    #[test]
    fn places_are_handed_on_in_order() {
        let pool = pool(1, &[1_000_000], 10);
        assert!(taken(&pool, 0));
        let (mut first, mut second) = (waiting(&pool, 0), waiting(&pool, 0));
        pool.release();
        assert!(first.receiver.try_recv().unwrap().is_ok());
        assert!(second.receiver.try_recv().is_err());
        assert_eq!(pool.level().in_flight, 1);
        drop(first);
        assert_eq!(
            pool.level().in_flight,
            1,
            "what was received is not given back"
        );
        pool.release();
        assert!(second.receiver.try_recv().unwrap().is_ok());
    }

    #[test]
    fn whoever_leaves_gives_back_what_came_meanwhile() {
        let pool = pool(1, &[1_000_000], 10);
        assert!(taken(&pool, 0));
        let (first, mut second) = (waiting(&pool, 0), waiting(&pool, 0));
        pool.release();
        drop(first);
        assert!(second.receiver.try_recv().unwrap().is_ok());
        pool.release();
        assert!(pool.is_idle());
    }

    #[test]
    fn a_share_is_kept_for_the_important() {
        let pool = pool(4, &[1_000_000, 500_000], 1);
        assert!(taken(&pool, 1) && taken(&pool, 1));
        let mut unimportant = waiting(&pool, 1);
        assert!(matches!(pool.enter(1), Entry::Full));
        assert!(taken(&pool, 0) && taken(&pool, 0));
        // The queue is full, and whoever matters less gives way.
        let mut important = waiting(&pool, 0);
        assert!(unimportant.receiver.try_recv().unwrap().is_err());
        assert!(matches!(pool.enter(0), Entry::Full));
        pool.release();
        assert!(important.receiver.try_recv().unwrap().is_ok());
        assert_eq!(pool.level().in_flight, 4);
        drop((unimportant, important));
        for _ in 0..4 {
            pool.release();
        }
        assert!(pool.is_idle());
    }

    #[test]
    fn threads_never_get_more_than_the_limit() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let pool = pool(3, &[1_000_000, 700_000], 0);
        let (now, most) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (pool, now, most) = (&pool, &now, &most);
                scope.spawn(move || {
                    for _ in 0..2_000 {
                        if taken(pool, thread % 2) {
                            most.fetch_max(
                                now.fetch_add(1, Ordering::SeqCst) + 1,
                                Ordering::SeqCst,
                            );
                            std::thread::yield_now();
                            now.fetch_sub(1, Ordering::SeqCst);
                            pool.release();
                        }
                    }
                });
            }
        });
        assert!(most.into_inner() <= 3);
        assert!(pool.is_idle());
    }
}
