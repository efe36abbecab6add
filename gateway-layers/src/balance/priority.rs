//! Which priority gets a request when not all endpoints are well. Pure.
//!
//! The model is Envoy's. A level whose endpoints are well by 5/7 of their weight takes everything:
//! losing one of four is what spare capacity is for. Below, what is missing spills to the next
//! level, so that a level that falls ill is relieved little by little and not all at once.

/// One level: the weight that is well, and all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) well: u64,
    pub(super) all: u64,
}

impl Level {
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    fn share(self) -> f64 {
        if self.all == 0 {
            return 0.0;
        }
        self.well as f64 / self.all as f64
    }

    fn capacity(self) -> f64 {
        (self.share() * SPARE).min(1.0)
    }
}

/// What a request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// The index of the level.
    pub(super) level: usize,
    /// Whether the level's endpoints are to be used without regard to what was found about them.
    pub(super) panic: bool,
}

/// The level for a request whose lot is `lot`, in [0, 1).
///
/// Panic is for when all levels together cannot take what comes: then a level of which less than
/// the share `panic` is well would bury the few that are left, and all of it is used.
pub(super) fn choose(levels: &[Level], panic: f64, lot: f64) -> Verdict {
    let total: f64 = levels.iter().map(|level| level.capacity()).sum();
    if total <= 0.0 {
        let level = levels.iter().position(|level| level.all > 0).unwrap_or(0);
        return Verdict { level, panic: true };
    }
    let mut left = lot * total.min(1.0);
    let mut level = 0;
    for (index, candidate) in levels.iter().enumerate() {
        let capacity = candidate.capacity();
        if capacity > 0.0 {
            level = index;
        }
        if left < capacity {
            break;
        }
        left -= capacity;
    }
    Verdict {
        level,
        panic: total < 1.0 && levels[level].share() < panic,
    }
}

/// Overprovisioning: a level is planned to take everything with 5/7 of itself.
const SPARE: f64 = 1.4;

#[cfg(test)]
mod tests {
    use super::*;

    fn level(well: u64, all: u64) -> Level {
        Level { well, all }
    }

    /// The share of each level, and how much of it in panic, in per cent.
    fn shares(levels: &[Level], panic: f64) -> Vec<(u32, bool)> {
        let mut shares = vec![(0, false); levels.len()];
        for lot in 0..1000 {
            let verdict = choose(levels, panic, f64::from(lot) / 1000.0);
            shares[verdict.level].0 += 1;
            shares[verdict.level].1 = verdict.panic;
        }
        shares
            .into_iter()
            .map(|(count, panic)| ((count + 5) / 10, panic))
            .collect()
    }

    #[test]
    fn the_next_level_takes_what_is_missing() {
        // Envoy's own table, for two levels of which the second is well.
        for (well, first) in [(100, 100), (72, 100), (71, 99), (50, 70), (25, 35), (0, 0)] {
            let got = shares(&[level(well, 100), level(100, 100)], 0.5);
            assert_eq!(got, [(first, false), (100 - first, false)], "{well} %");
        }
        let got = shares(&[level(25, 100), level(25, 100), level(100, 100)], 0.5);
        assert_eq!(got, [(35, false), (35, false), (30, false)]);
    }

    #[test]
    fn too_little_everywhere_is_shared_out_and_a_panic() {
        let got = shares(&[level(25, 100), level(25, 100)], 0.5);
        assert_eq!(got, [(50, true), (50, true)]);
        assert_eq!(shares(&[level(1, 3)], 0.5), [(100, true)]);
        assert_eq!(shares(&[level(1, 2)], 0.5), [(100, false)]);
        assert_eq!(shares(&[level(1, 3)], 0.0), [(100, false)]);
    }

    #[test]
    fn with_nobody_well_the_first_level_that_is_there_is_used() {
        assert_eq!(shares(&[level(0, 3)], 0.0), [(100, true)]);
        let got = shares(&[level(0, 0), level(0, 2)], 0.5);
        assert_eq!(got, [(0, false), (100, true)]);
        assert!(choose(&[], 0.5, 0.3).panic);
    }
}
