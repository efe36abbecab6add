//! The generic cell rate algorithm, in whole nanoseconds.
//!
//! A bucket is one number: the time at which it will be full again (the *theoretical arrival time*
//! of ATM's GCRA). A bucket whose time has passed is full, and the same as one that was never
//! seen, which is what lets a store forget it without forgiving anybody anything.

/// A rate and how far ahead of it a caller may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gcra {
    /// Time that gives one token back.
    interval: u64,
    /// Time that gives a whole empty bucket back.
    tolerance: u64,
}

/// Tokens were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// The new state of the bucket.
    pub(super) full_at: u64,
    /// How long until the tokens are really there; zero unless the caller is patient.
    pub(super) wait: u64,
}

/// Tokens were not taken; they will be there after this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotYet {
    pub(super) retry_after: u64,
}

impl Gcra {
    /// A bucket of `burst` tokens that gains one each `interval`; `None` if it would take more
    /// than centuries to fill.
    pub(super) const fn new(interval: u64, burst: u64) -> Option<Self> {
        match interval.checked_mul(burst) {
            // Half the range is kept for clocks, so that no sum of time and debt overflows.
            Some(tolerance) if tolerance <= u64::MAX / 4 && tolerance > 0 => Some(Self {
                interval,
                tolerance,
            }),
            _ => None,
        }
    }

    /// Takes `tokens` at `now`, at most `patience` before they are there.
    ///
    /// More tokens than the bucket holds are never there; the answer is then the time of a whole
    /// bucket, so that a client backs off rather than asks again at once.
    pub(super) fn take(
        self,
        full_at: u64,
        now: u64,
        tokens: u64,
        patience: u64,
    ) -> Result<Taken, NotYet> {
        if tokens == 0 {
            return Ok(Taken { full_at, wait: 0 });
        }
        let debt = full_at.saturating_sub(now);
        let price = self.price(tokens);
        if price > self.tolerance {
            return Err(NotYet {
                retry_after: debt.max(self.tolerance),
            });
        }
        let wait = (debt + price).saturating_sub(self.tolerance);
        if wait > patience {
            return Err(NotYet { retry_after: wait });
        }
        Ok(Taken {
            full_at: full_at.max(now) + price,
            wait,
        })
    }

    /// Gives `tokens` back that were taken and are still owed.
    pub(super) fn refund(self, full_at: u64, tokens: u64) -> u64 {
        full_at.saturating_sub(self.price(tokens))
    }

    /// How many tokens are there at `now`.
    pub(super) const fn remaining(self, full_at: u64, now: u64) -> u64 {
        let debt = full_at.saturating_sub(now);
        self.tolerance.saturating_sub(debt) / self.interval
    }

    fn price(self, tokens: u64) -> u64 {
        self.interval.saturating_mul(tokens)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn bucket(interval: u64, burst: u64) -> Gcra {
        Gcra::new(interval, burst).unwrap()
    }

    #[test]
    fn a_burst_then_the_rate() {
        let gcra = bucket(SECOND, 3);
        let (mut full_at, now) = (0, 100 * SECOND);
        for left in [2, 1, 0] {
            let taken = gcra.take(full_at, now, 1, 0).unwrap();
            full_at = taken.full_at;
            assert_eq!(gcra.remaining(full_at, now), left);
        }
        let refused = gcra.take(full_at, now, 1, 0);
        assert_eq!(
            refused,
            Err(NotYet {
                retry_after: SECOND
            })
        );
        assert!(gcra.take(full_at, now + SECOND - 1, 1, 0).is_err());
        assert!(gcra.take(full_at, now + SECOND, 1, 0).is_ok());
    }

    #[test]
    fn more_than_a_bucket_is_never_there() {
        let gcra = bucket(SECOND, 3);
        let refused = gcra.take(0, 0, 4, u64::MAX);
        assert_eq!(
            refused,
            Err(NotYet {
                retry_after: 3 * SECOND
            })
        );
        assert!(gcra.take(0, 0, u64::MAX, 0).is_err());
    }

    #[test]
    fn patience_reserves_ahead_and_a_refund_gives_back() {
        let gcra = bucket(SECOND, 1);
        let now = 10 * SECOND;
        let first = gcra.take(0, now, 1, SECOND).unwrap();
        let second = gcra.take(first.full_at, now, 1, SECOND).unwrap();
        assert_eq!((first.wait, second.wait), (0, SECOND));
        assert!(gcra.take(second.full_at, now, 1, SECOND).is_err());
        let back = gcra.refund(second.full_at, 1);
        assert_eq!(back, first.full_at);
        assert!(gcra.take(back, now, 1, SECOND).is_ok());
    }

    #[test]
    fn impossible_buckets_are_not_made() {
        assert!(Gcra::new(u64::MAX / 2, 3).is_none());
        assert!(Gcra::new(0, 3).is_none());
    }

    proptest! {
        /// In any window no more is admitted than a full bucket and what the window refills.
        #[test]
        fn never_admits_more_than_promised(
            interval in 1_u64..5_000_000_000,
            burst in 1_u64..50,
            steps in proptest::collection::vec((0_u64..3_000_000_000, 0_u64..8), 1..200),
        ) {
            let gcra = bucket(interval, burst);
            let (mut now, mut full_at, mut admitted) = (7, 0, 0);
            let start = now;
            for (step, tokens) in steps {
                now += step;
                if let Ok(taken) = gcra.take(full_at, now, tokens, 0) {
                    prop_assert!(taken.full_at >= full_at);
                    prop_assert!(gcra.remaining(taken.full_at, now) < burst || tokens == 0);
                    (full_at, admitted) = (taken.full_at, admitted + tokens);
                }
                prop_assert!(admitted <= burst + (now - start) / interval);
            }
        }

        /// What is refused now is admitted after the time that was promised.
        #[test]
        fn retry_after_is_true(interval in 1_u64..1_000_000, burst in 1_u64..20, tokens in 1_u64..20, debt in 0_u64..20_000_000) {
            let gcra = bucket(interval, burst);
            let now = 1 << 40;
            if let Err(NotYet { retry_after }) = gcra.take(now + debt, now, tokens, 0) && tokens <= burst {
                prop_assert!(gcra.take(now + debt, now + retry_after, tokens, 0).is_ok());
                prop_assert!(gcra.take(now + debt, now + retry_after - 1, tokens, 0).is_err());
            }
        }
    }
}
