//! Which target a key goes to: the one with the highest score of those with a weight.

use crate::rendezvous::score;

/// The target, of those with the hashes `targets`, that wants `key` most. `None` if no weight is
/// above zero.
pub(super) fn choose(key: u64, targets: &[u64], weights: &[u32]) -> Option<usize> {
    let scores = targets.iter().zip(weights).enumerate();
    scores
        .filter(|(_, (_, weight))| **weight > 0)
        .map(|(index, (target, weight))| (index, score(key, *target, *weight)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rendezvous::hash;

    const KEYS: u32 = 20_000;

    fn target(key: u32, targets: &[u64], weights: &[u32]) -> usize {
        choose(hash(&format!("subject=user-{key}")), targets, weights).unwrap()
    }

    fn names(names: &[&str]) -> Vec<u64> {
        names.iter().map(|name| hash(name)).collect()
    }

    #[test]
    fn shares_follow_the_weights() {
        let targets = names(&["a", "b", "c"]);
        let weights = [90, 9, 1];
        let mut counts = [0_u32; 3];
        for key in 0..KEYS {
            counts[target(key, &targets, &weights)] += 1;
        }
        // Pearson's χ², two degrees of freedom: above 13.8 once in a thousand.
        let expected = weights.map(|weight| f64::from(KEYS) * f64::from(weight) / 100.0);
        let chi: f64 = counts
            .iter()
            .zip(expected)
            .map(|(count, expected)| (f64::from(*count) - expected).powi(2) / expected)
            .sum();
        assert!(chi < 13.8, "{chi}: {counts:?}");
    }

    #[test]
    fn a_change_moves_the_difference_and_in_one_direction() {
        let targets = names(&["v1", "v2"]);
        let mut moved = 0;
        for key in 0..KEYS {
            let before = target(key, &targets, &[95, 5]);
            let after = target(key, &targets, &[50, 50]);
            assert!(before == after || (before, after) == (0, 1));
            moved += u32::from(before != after);
        }
        let share = f64::from(moved) / f64::from(KEYS);
        assert!((share - 0.45).abs() < 0.012, "{share}");
    }

    #[test]
    fn targets_that_were_left_alone_keep_theirs() {
        let targets = names(&["a", "b", "c"]);
        for key in 0..2_000 {
            let before = target(key, &targets, &[40, 40, 20]);
            let after = target(key, &targets, &[40, 40, 80]);
            assert!(before == after || after == 2);
        }
    }

    #[test]
    fn the_order_of_targets_does_not_matter() {
        let (ab, ba) = (names(&["a", "b"]), names(&["b", "a"]));
        for key in 0..1_000 {
            assert_eq!(target(key, &ab, &[70, 30]), 1 - target(key, &ba, &[30, 70]));
        }
    }

    #[test]
    fn nothing_goes_to_a_weight_of_zero() {
        let targets = names(&["a", "b"]);
        assert!((0..1_000).all(|key| target(key, &targets, &[0, 1]) == 1));
        assert_eq!(choose(7, &targets, &[0, 0]), None);
    }
}
