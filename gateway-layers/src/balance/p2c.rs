//! The power of two choices: draw two, take the cheaper.
//!
//! Choosing the cheapest of all makes every gateway of a fleet run to the same endpoint at once, on
//! news that is already old; choosing at random ignores the news. Two draws get nearly all of the
//! benefit with none of the herd (Mitzenmacher 2001).

/// The cheaper of two distinct usable candidates that `draw` gives; of `count` candidates in all.
///
/// `draw` decides how likely a candidate is to be looked at – its weight – and `cost` which of two
/// wins; on equal costs the one drawn first, so that shares then follow the weights. `None` if
/// nothing is usable.
pub(super) fn pick(
    count: usize,
    mut draw: impl FnMut() -> usize,
    usable: impl Fn(usize) -> bool,
    cost: impl Fn(usize) -> f32,
) -> Option<usize> {
    let first = (0..TRIES).map(|_| draw()).find(|index| usable(*index));
    let Some(first) = first else {
        // Nearly everything is out of service: look at all, from a random place on.
        let start = draw();
        return (0..count)
            .map(|step| (start + step) % count)
            .find(|index| usable(*index));
    };
    let second = (0..TRIES)
        .map(|_| draw())
        .find(|index| *index != first && usable(*index));
    Some(match second {
        Some(second) if cost(second) < cost(first) => second,
        _ => first,
    })
}

/// With half of the endpoints out, one pick in 256 sees only one candidate.
const TRIES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::{rng::Rng, weighted::Sampler};

    fn shares<const N: usize>(
        weights: [u32; N],
        usable: impl Fn(usize) -> bool,
        cost: impl Fn(usize) -> f32,
    ) -> [f64; N] {
        let rng = Rng::seeded(7);
        let sampler = Sampler::new(&weights);
        let mut counts = [0_u32; N];
        for _ in 0..ROUNDS {
            let draw = || sampler.index(rng.below(sampler.total()));
            counts[pick(N, draw, &usable, &cost).unwrap()] += 1;
        }
        counts.map(|count| f64::from(count) / f64::from(ROUNDS))
    }

    const ROUNDS: u32 = 100_000;

    #[test]
    fn equal_costs_follow_the_weights() {
        let [a, b, c] = shares([1, 1, 2], |_| true, |_| 1.0);
        // 0.005 is more than three standard deviations of a share of a quarter.
        assert!((a - 0.25).abs() < 0.005, "{a}");
        assert!((b - 0.25).abs() < 0.005, "{b}");
        assert!((c - 0.5).abs() < 0.006, "{c}");
    }

    #[test]
    fn the_dearest_of_three_gets_nothing_and_the_cheapest_two_thirds() {
        let [a, b, c] = shares([1, 1, 1], |_| true, |index| [1.0, 2.0, 3.0][index]);
        assert!((a - 2.0 / 3.0).abs() < 0.01, "{a}");
        assert!((b - 1.0 / 3.0).abs() < 0.01, "{b}");
        assert!(c < 0.001, "{c}");
    }

    #[test]
    fn what_is_out_of_service_gets_nothing() {
        let [a, b, c] = shares([1, 1, 1], |index| index != 1, |_| 1.0);
        assert_eq!(b, 0.0);
        assert!((a - 0.5).abs() < 0.01 && (c - 0.5).abs() < 0.01);
    }

    #[test]
    fn one_in_a_thousand_is_found() {
        let rng = Rng::seeded(1);
        let draw = || usize::try_from(rng.below(1000)).unwrap();
        assert_eq!(pick(1000, draw, |index| index == 613, |_| 1.0), Some(613));
        let draw = || usize::try_from(rng.below(1000)).unwrap();
        assert_eq!(pick(1000, draw, |_| false, |_| 1.0), None);
    }
}
