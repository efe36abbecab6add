//! Ids for traces and spans: unique, not secret.

use std::{
    cell::Cell,
    hash::{BuildHasher, RandomState},
};

thread_local! {
    static STATE: Cell<[u64; 2]> = Cell::new(seed());
}

/// The standard library seeds its hash maps from the system's randomness.
fn seed() -> [u64; 2] {
    let one = RandomState::new().hash_one(0x5eed_u64);
    let two = RandomState::new().hash_one(0xfeed_u64);
    [one | 1, two]
}

/// The next 64 random bits of this thread (xoroshiro128++).
pub(super) fn next() -> u64 {
    STATE.with(|state| {
        let [a, mut b] = state.get();
        let result = a.wrapping_add(b).rotate_left(17).wrapping_add(a);
        b ^= a;
        state.set([a.rotate_left(49) ^ b ^ (b << 21), b.rotate_left(28)]);
        result
    })
}

pub(super) fn next_u128() -> u128 {
    u128::from(next()) << 64 | u128::from(next())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_do_not_repeat_within_or_across_threads() {
        let draw = || (0..10_000).map(|_| next()).collect::<Vec<_>>();
        let other = std::thread::spawn(draw).join().unwrap();
        let all: HashSet<_> = draw().into_iter().chain(other).collect();
        assert_eq!(all.len(), 20_000);
    }
}
