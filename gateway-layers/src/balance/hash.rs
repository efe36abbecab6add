//! What balancing adds to rendezvous hashing: bounded load, and a slow start.
//!
//! The bound keeps one popular key from drowning its endpoint (Mirrokni et al. 2016): what is above
//! its fair share of the load, and a quarter, is passed over for the next in score.

pub(super) use crate::rendezvous::{hash, score};
use crate::rendezvous::{mix, unit};

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

const BOUND: f64 = 1.25;
/// Requests under way.
pub(super) const QUIET: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

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
