//! Weighted rendezvous hashing: the same key goes to the same place.
//!
//! Every place has a score for every key and the highest wins, so that a place that leaves moves its
//! own keys and no others, with no ring to build and weights that are exact.

/// A hash of `text` that is the same in every process and release: gateways must agree.
pub(crate) fn hash(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(fnv)
}

/// How much the place with the hash `place` wants the key with the hash `key`.
///
/// −w ÷ ln u, for u uniform in (0, 1): the highest of several is each with the probability of its
/// weight.
pub(crate) fn score(key: u64, place: u64, weight: u32) -> f64 {
    -f64::from(weight) / unit(mix(key ^ place)).ln()
}

/// A number in (0, 1) of 64 random bits.
#[expect(
    clippy::cast_precision_loss,
    reason = "53 of 64 random bits are enough"
)]
pub(crate) fn unit(random: u64) -> f64 {
    ((random >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

/// The finaliser of SplitMix64.
pub(crate) const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: usize = 20_000;

    fn owner(key: usize, places: &[(&str, u32)]) -> usize {
        let key = hash(&format!("user-{key}"));
        let scores = places
            .iter()
            .map(|(name, weight)| score(key, hash(name), *weight));
        let best = scores.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        best.unwrap().0
    }

    #[test]
    fn shares_follow_the_weights() {
        let places = [("a", 1), ("b", 1), ("c", 2)];
        let mut counts = [0_u32; 3];
        for key in 0..KEYS {
            counts[owner(key, &places)] += 1;
        }
        let share = counts.map(|count| f64::from(count) / 20_000.0);
        // 0.012 is more than three standard deviations.
        assert!((share[0] - 0.25).abs() < 0.012, "{share:?}");
        assert!((share[1] - 0.25).abs() < 0.012, "{share:?}");
        assert!((share[2] - 0.5).abs() < 0.012, "{share:?}");
    }

    #[test]
    fn who_leaves_moves_its_own_keys_only() {
        let all = [("a", 1), ("b", 1), ("c", 1), ("d", 1)];
        for key in 0..1_000 {
            let before = owner(key, &all);
            let after = owner(key, &all[..3]);
            assert!(before == 3 || before == after);
        }
    }

    #[test]
    fn the_hash_does_not_change_between_releases() {
        assert_eq!(hash(""), 0xf52a_15e9_a9b5_e89b);
    }
}
