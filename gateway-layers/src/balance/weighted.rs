//! Shares by weight: an interleaved schedule for taking turns, a sampler for drawing at random.

/// The order in which endpoints take turns: each as often as its weight says, spread evenly.
///
/// Smooth weighted round robin as nginx does it, computed once per change of the set instead of
/// under a lock per request. Weights are reduced by their common divisor, and scaled down if a full
/// round would be longer than [`MAX_ROUND`]. Weight 0 gets no turn.
pub(super) fn schedule(weights: &[u32]) -> Box<[usize]> {
    let weights = reduced(weights);
    let total: i64 = weights.iter().sum();
    let mut current = vec![0; weights.len()];
    (0..total)
        .map(|_| {
            for (current, weight) in current.iter_mut().zip(&weights) {
                *current += weight;
            }
            // The first of equals, so that the order is that of the configuration.
            let (best, _) = current
                .iter()
                .enumerate()
                .max_by_key(|(index, current)| (**current, std::cmp::Reverse(*index)))
                .expect("a positive total has a weight to come from");
            current[best] -= total;
            best
        })
        .collect()
}

fn reduced(weights: &[u32]) -> Vec<i64> {
    let divisor = weights.iter().copied().fold(0, gcd).max(1);
    let total: u64 = weights
        .iter()
        .map(|weight| u64::from(weight / divisor))
        .sum();
    weights
        .iter()
        .map(|weight| {
            let weight = u64::from(weight / divisor);
            let scaled = match total {
                0..=MAX_ROUND => weight,
                // What has a share keeps one.
                _ => (weight * MAX_ROUND / total).max(weight.min(1)),
            };
            i64::try_from(scaled).expect("not above the weight, which has 32 bits")
        })
        .collect()
}

const fn gcd(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Draws an index with the probability of its weight.
#[derive(Debug, Default)]
pub(super) struct Sampler {
    /// Running totals; the last one is the sum.
    totals: Box<[u64]>,
}

impl Sampler {
    pub(super) fn new(weights: &[u32]) -> Self {
        let running = weights.iter().scan(0_u64, |total, weight| {
            *total += u64::from(*weight);
            Some(*total)
        });
        Self {
            totals: running.collect(),
        }
    }

    /// The sum of the weights.
    pub(super) fn total(&self) -> u64 {
        self.totals.last().copied().unwrap_or(0)
    }

    /// The index that `point`, below [`total`](Self::total), falls on.
    pub(super) fn index(&self, point: u64) -> usize {
        self.totals.partition_point(|total| *total <= point)
    }
}

/// A round of 64 KiB of memory; shares are exact to a tenth of a per mille.
const MAX_ROUND: u64 = 8192;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn turns_are_spread_evenly() {
        assert_eq!(*schedule(&[5, 1, 1]), [0, 0, 1, 0, 2, 0, 0]);
        assert_eq!(*schedule(&[1, 1, 1]), [0, 1, 2]);
        assert_eq!(*schedule(&[200, 100]), [0, 1, 0]);
        assert_eq!(*schedule(&[0, 3]), [1]);
        assert!(schedule(&[0, 0]).is_empty());
        assert!(schedule(&[]).is_empty());
    }

    #[test]
    fn enormous_weights_keep_their_ratio_and_a_bounded_round() {
        let round = schedule(&[u32::MAX, u32::MAX / 3, 1]);
        assert!(round.len() as u64 <= MAX_ROUND + 3);
        let count = |index| round.iter().filter(|turn| **turn == index).count();
        assert_eq!(count(2), 1);
        let ratio = f64::from(u32::try_from(count(0)).unwrap())
            / f64::from(u32::try_from(count(1)).unwrap());
        assert!((ratio - 3.0).abs() < 0.01, "{ratio}");
    }

    proptest! {
        #[test]
        fn a_round_has_exactly_the_weights(weights in prop::collection::vec(0_u32..20, 1..8)) {
            let round = schedule(&weights);
            let divisor = weights.iter().copied().fold(0, gcd).max(1);
            for (index, weight) in weights.iter().enumerate() {
                let turns = round.iter().filter(|turn| **turn == index).count();
                prop_assert_eq!(turns, (weight / divisor) as usize);
            }
        }

        #[test]
        fn every_point_falls_on_its_weight(weights in prop::collection::vec(0_u32..9, 1..8)) {
            let sampler = Sampler::new(&weights);
            let mut counts = vec![0; weights.len()];
            for point in 0..sampler.total() {
                counts[sampler.index(point)] += 1;
            }
            prop_assert_eq!(counts, weights);
        }
    }
}
