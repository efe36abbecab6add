use std::sync::atomic::{AtomicU64, Ordering};

/// A random sequence that many threads draw from without a lock (SplitMix64).
///
/// Picking an endpoint needs numbers that are unlike their neighbours, not ones that are secret.
#[derive(Debug)]
pub(super) struct Rng {
    state: AtomicU64,
}

impl Rng {
    pub(super) const fn seeded(seed: u64) -> Self {
        Self {
            state: AtomicU64::new(seed),
        }
    }

    /// Seeded by the process's own randomness, so that a fleet of gateways does not move in step.
    pub(super) fn new() -> Self {
        use std::hash::{BuildHasher as _, RandomState};
        Self::seeded(RandomState::new().hash_one(0_u8))
    }

    pub(super) fn next(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15;
        let mut z = self
            .state
            .fetch_add(step, Ordering::Relaxed)
            .wrapping_add(step);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In [0, 1).
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(super) fn unit(&self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Below `bound`, which must not be 0. By multiplication: the bias of 2⁻⁶⁴ × `bound` is nothing.
    pub(super) fn below(&self, bound: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).expect("the high half of a 128-bit product has 64 bits")
    }
}
