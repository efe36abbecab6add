//! Rendezvous hashing with bounded load: the same key goes to the same endpoint.
//!
//! Every endpoint has a score for every key and the highest wins, so that an endpoint that leaves
//! moves its own keys and no others, with no ring to build and weights that are exact. The bound
//! keeps one popular key from drowning its endpoint (Mirrokni et al. 2016): what is above its fair
//! share of the load, and a quarter, is passed over for the next in score.

/// A hash of `text` that is the same in every process and release: gateways must agree.
pub(super) fn hash(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(fnv)
}

/// How much the endpoint with the hash `endpoint` wants the key with the hash `key`.
///
/// −w / ln u, for u uniform in (0, 1): the highest of several is each with the probability of its
/// weight.
pub(super) fn score(key: u64, endpoint: u64, weight: u32) -> f64 {
    -f64::from(weight) / unit(mix(key ^ endpoint)).ln()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "53 of 64 random bits are enough"
)]
fn unit(random: u64) -> f64 {
    ((random >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

/// How early in a slow start the endpoint with the hash `endpoint` gets the key with the hash `key`:
/// in [0, 1), and unlike its score.
pub(super) fn lot(key: u64, endpoint: u64) -> f64 {
    unit(mix(mix(key ^ endpoint)))
}

/// Whether an endpoint with `active` requests may take one more of `total` (the new one included).
///
/// One that is quiet may, whatever its share: at three in the morning two requests of one user are
/// all there is, and must not part.
#[expect(clippy::cast_precision_loss, reason = "a comparison of small counts")]
pub(super) fn has_room(active: usize, total: usize, weight: u32, weights: u64) -> bool {
    let share = total as f64 * f64::from(weight) / weights.max(1) as f64;
    active < QUIET || (active as f64) < (share * BOUND).ceil()
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const BOUND: f64 = 1.25;
/// Requests under way.
pub(super) const QUIET: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: usize = 20_000;

    fn owner(key: usize, endpoints: &[(&str, u32)]) -> usize {
        let key = hash(&format!("user-{key}"));
        let scores = endpoints
            .iter()
            .map(|(name, weight)| score(key, hash(name), *weight));
        let best = scores.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        best.unwrap().0
    }

    #[test]
    fn shares_follow_the_weights() {
        let endpoints = [("a", 1), ("b", 1), ("c", 2)];
        let mut counts = [0_u32; 3];
        for key in 0..KEYS {
            counts[owner(key, &endpoints)] += 1;
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
        assert_eq!(hash("subject=alice"), hash("subject=alice"));
        assert_eq!(hash(""), 0xf52a_15e9_a9b5_e89b);
    }

    #[test]
    fn room_is_a_quarter_more_than_the_share() {
        // A hundred requests on four equal endpoints: 25 each, and a quarter, is room for 32.
        assert!(has_room(31, 100, 1, 4));
        assert!(!has_room(32, 100, 1, 4));
        assert!(has_room(0, 1, 1, 100));
        assert!(has_room(QUIET - 1, QUIET, 1, 100));
        assert!(!has_room(QUIET, QUIET + 1, 1, 100));
    }
}
