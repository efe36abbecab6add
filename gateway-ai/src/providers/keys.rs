use std::{
    fmt,
    hash::{DefaultHasher, Hasher as _},
    sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use http::HeaderValue;
use tokio::time::Instant;

use crate::guardian::account;

/// The keys of one provider: turns are taken, and a key that was refused rests.
///
/// Resting decides *between* keys and never refuses a call: where every key rests, the one that
/// rests the shortest is used. A provider with one key is therefore always asked, and whoever mends
/// the account sees it at once.
pub struct KeyPool {
    keys: Box<[Key]>,
    next: AtomicUsize,
    epoch: Instant,
}

struct Key {
    /// The header value, built once and marked sensitive.
    value: HeaderValue,
    /// What it is told apart by where the key itself must not go.
    mark: u64,
    /// Milliseconds after the pool's epoch until which the key rests.
    rests_until: AtomicU64,
    /// Refusals in a row.
    strikes: AtomicU32,
}

/// Which of a provider's keys a conversation's turn should be made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Near {
    /// The conversation.
    pub(crate) seed: u64,
    /// The account that took the turn before.
    pub(crate) last: Option<u64>,
    /// The provider.
    pub(crate) base: u64,
}

/// Why a key was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// Too much for now (429).
    RateLimited,
    /// The account cannot pay (402, or 429 with `insufficient_quota`).
    Exhausted,
    /// The key is unknown, revoked or not allowed (401, 403).
    Dead,
}

impl KeyFault {
    /// How long the key rests where the provider does not say; doubled with every strike.
    const fn rest(self) -> Duration {
        match self {
            Self::RateLimited => Duration::from_secs(1),
            Self::Exhausted | Self::Dead => Duration::from_secs(60),
        }
    }
}

impl KeyPool {
    /// A pool of header values. `now` is the pool's beginning of time.
    pub fn new(values: impl IntoIterator<Item = HeaderValue>, now: Instant) -> Self {
        let keys = values
            .into_iter()
            .map(|mut value| {
                value.set_sensitive(true);
                let mut hasher = DefaultHasher::new();
                hasher.write(value.as_bytes());
                Key {
                    mark: hasher.finish(),
                    value,
                    rests_until: AtomicU64::new(0),
                    strikes: AtomicU32::new(0),
                }
            })
            .collect();
        Self {
            keys,
            next: AtomicUsize::new(0),
            epoch: now,
        }
    }

    /// The number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none: the provider is called without credentials.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The first key, whoever's turn it is.
    #[must_use]
    pub fn first(&self) -> Option<HeaderValue> {
        self.keys.first().map(|key| key.value.clone())
    }

    /// The key that is nearest to what a conversation's account has cached, with its mark, leaving
    /// out the indices in `tried` and keys that rest as long as others are left.
    pub(crate) fn pick_near(
        &self,
        near: Near,
        tried: &[usize],
        now: Instant,
    ) -> Option<(usize, HeaderValue)> {
        let now = self.millis(now);
        let index = (0..self.keys.len()).min_by_key(|index| {
            let key = &self.keys[*index];
            let rest = key.rests_until.load(Relaxed).saturating_sub(now);
            let far = near.last != Some(account(near.base, key.mark));
            // Of accounts that are all alike the one that the conversation's hash draws.
            let lot = (near.seed ^ key.mark).wrapping_mul(SPREAD);
            (tried.contains(index), rest, far, lot ^ (lot >> 32))
        })?;
        Some((index, self.keys[index].value.clone()))
    }

    /// What a key is told apart by; nothing of it can be read there.
    pub(crate) fn mark(&self, index: usize) -> u64 {
        self.keys.get(index).map_or(0, |key| key.mark)
    }

    /// The key whose turn it is, leaving out the indices in `tried` as long as others are left.
    #[must_use]
    pub fn pick(&self, tried: &[usize], now: Instant) -> Option<(usize, HeaderValue)> {
        // Nobody takes turns with an only key, and it is asked whether it rests or not.
        if let [only] = &*self.keys {
            return Some((0, only.value.clone()));
        }
        let count = self.keys.len();
        if count == 0 {
            return None;
        }
        let first = self.next.fetch_add(1, Relaxed);
        let now = self.millis(now);
        let index = (0..count)
            .map(|step| first.wrapping_add(step) % count)
            .min_by_key(|index| {
                let until = self.keys[*index].rests_until.load(Relaxed);
                (tried.contains(index), until.saturating_sub(now))
            })?;
        Some((index, self.keys[index].value.clone()))
    }

    /// Whether a key that is neither in `tried` nor resting is left.
    #[must_use]
    pub fn has_fresh(&self, tried: &[usize], now: Instant) -> bool {
        let now = self.millis(now);
        self.keys
            .iter()
            .enumerate()
            .any(|(index, key)| !tried.contains(&index) && key.rests_until.load(Relaxed) <= now)
    }

    /// The key was refused: it rests for as long as the provider said, or for a time that doubles
    /// with every refusal in a row.
    pub fn refused(&self, index: usize, fault: KeyFault, after: Option<Duration>, now: Instant) {
        let Some(key) = self.keys.get(index) else {
            return;
        };
        let strikes = key.strikes.fetch_add(1, Relaxed).min(MAX_DOUBLINGS);
        let rest = after
            .unwrap_or_else(|| fault.rest() * 2_u32.pow(strikes))
            .min(LONGEST_REST);
        key.rests_until.fetch_max(self.millis(now + rest), Relaxed);
    }

    /// The key was accepted: its strikes are forgotten.
    pub fn accepted(&self, index: usize) {
        if let Some(key) = self.keys.get(index)
            && key.strikes.load(Relaxed) != 0
        {
            key.strikes.store(0, Relaxed);
            key.rests_until.store(0, Relaxed);
        }
    }

    fn millis(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_millis()).unwrap_or(u64::MAX)
    }
}

impl fmt::Debug for KeyPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPool")
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

/// Odd, and its bits without a pattern.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
const MAX_DOUBLINGS: u32 = 6;
const LONGEST_REST: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(keys: &[&'static str], now: Instant) -> KeyPool {
        KeyPool::new(keys.iter().map(|key| HeaderValue::from_static(key)), now)
    }

    fn picks(pool: &KeyPool, tried: &[usize], now: Instant, count: usize) -> Vec<usize> {
        (0..count)
            .map(|_| pool.pick(tried, now).unwrap().0)
            .collect()
    }

    #[test]
    fn takes_turns() {
        let now = Instant::now();
        assert_eq!(
            picks(&pool(&["a", "b", "c"], now), &[], now, 4),
            [0, 1, 2, 0]
        );
        assert!(pool(&[], now).pick(&[], now).is_none());
    }

    #[test]
    fn a_conversation_stays_with_its_key_until_that_rests() {
        let now = Instant::now();
        let pool = pool(&["a", "b", "c"], now);
        let near = |seed, last| Near {
            seed,
            last,
            base: 5,
        };
        let pick = |near: Near| pool.pick_near(near, &[], now).unwrap().0;
        let mut drawn = [0; 3];
        for seed in 0..300_u64 {
            let seed = seed.wrapping_mul(0xD129_0D3F_0E2B_97C5);
            assert_eq!(pick(near(seed, None)), pick(near(seed, None)));
            drawn[pick(near(seed, None))] += 1;
        }
        assert!(drawn.iter().all(|count| *count > 50), "{drawn:?}");
        let at = |index| Some(account(5, pool.mark(index)));
        for index in 0..3 {
            assert_eq!(pick(near(1, at(index))), index);
        }
        pool.refused(1, KeyFault::RateLimited, None, now);
        assert_ne!(pick(near(1, at(1))), 1);
        let others = pool.pick_near(near(1, at(0)), &[0, 2], now).unwrap().0;
        assert_eq!(others, 1);
    }

    #[test]
    fn a_refused_key_rests_as_long_as_the_provider_says() {
        let now = Instant::now();
        let pool = pool(&["a", "b"], now);
        pool.refused(0, KeyFault::RateLimited, Some(Duration::from_secs(7)), now);
        assert_eq!(picks(&pool, &[], now, 3), [1, 1, 1]);
        let later = now + Duration::from_secs(7);
        assert!(picks(&pool, &[], later, 2).contains(&0));
    }

    #[test]
    fn where_all_rest_the_shortest_rest_wins() {
        let now = Instant::now();
        let pool = pool(&["a", "b"], now);
        pool.refused(0, KeyFault::Dead, None, now);
        pool.refused(1, KeyFault::RateLimited, None, now);
        assert_eq!(picks(&pool, &[], now, 2), [1, 1]);
        assert!(!pool.has_fresh(&[], now));
    }

    #[test]
    fn one_key_is_always_asked() {
        let now = Instant::now();
        let pool = pool(&["a"], now);
        pool.refused(0, KeyFault::Dead, None, now);
        assert_eq!(picks(&pool, &[0], now, 2), [0, 0]);
    }

    #[test]
    fn rests_double_and_success_forgives() {
        let now = Instant::now();
        let pool = pool(&["a", "b"], now);
        pool.refused(0, KeyFault::RateLimited, None, now);
        pool.refused(0, KeyFault::RateLimited, None, now);
        assert!(!pool.has_fresh(&[1], now + Duration::from_millis(1500)));
        assert!(pool.has_fresh(&[1], now + Duration::from_secs(2)));
        pool.accepted(0);
        assert!(pool.has_fresh(&[1], now));
    }

    #[test]
    fn debug_shows_no_key() {
        assert!(!format!("{:?}", pool(&["hunter2"], Instant::now())).contains("hunter2"));
    }
}
