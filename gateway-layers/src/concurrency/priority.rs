use gateway_core::Key;
use http::Request;

/// Which requests matter more when not all can be served.
///
/// A level is a share of the limit up to which its requests are let through. What the lower levels
/// may not use is kept for the higher ones, so that they are turned away last.
#[derive(Clone, Debug)]
pub struct Priority {
    key: Key,
    levels: Vec<(Box<str>, u32)>,
    otherwise: u32,
    /// The different shares, in millionths, the largest first: the place of a share is its rank.
    shares: Box<[u32]>,
}

impl Priority {
    /// The level is the value of `key`: a header, a claim, the tenant, the route. Until levels are added all requests are alike.
    #[must_use]
    pub fn new(key: Key) -> Self {
        Self {
            key,
            levels: Vec::new(),
            otherwise: WHOLE,
            shares: Box::new([WHOLE]),
        }
    }

    /// Requests whose key is `name` may use up to `share` of the limit, from 0 to 1, and at least
    /// one place.
    #[must_use]
    pub fn level(mut self, name: &str, share: f64) -> Self {
        self.levels.retain(|(old, _)| **old != *name);
        self.levels.push((name.into(), millionths(share)));
        self.ranked()
    }

    /// All other requests may use up to `share` of the limit. Defaults to all of it.
    #[must_use]
    pub fn otherwise(mut self, share: f64) -> Self {
        self.otherwise = millionths(share);
        self.ranked()
    }

    fn ranked(mut self) -> Self {
        let levels = self.levels.iter().map(|(_, share)| *share);
        let mut shares: Vec<u32> = levels.chain([self.otherwise]).collect();
        shares.sort_unstable_by(|a, b| b.cmp(a));
        shares.dedup();
        self.shares = shares.into();
        self
    }

    pub(super) const fn shares(&self) -> &[u32] {
        &self.shares
    }

    /// The rank of `request`; 0 is turned away last.
    pub(super) fn rank<B>(&self, request: &Request<B>) -> usize {
        let value = self.key.eval(request);
        let level = value.and_then(|value| {
            // A key's value begins with where it is from: `header:x-priority=batch`.
            let (_, value) = value.as_str().split_once('=')?;
            self.levels.iter().find(|(name, _)| **name == *value)
        });
        let share = level.map_or(self.otherwise, |(_, share)| *share);
        let rank = self.shares.iter().position(|known| *known == share);
        rank.unwrap_or(self.shares.len() - 1)
    }
}

/// How many of `limit` a share of so many millionths is, at least one.
pub(super) fn of(limit: u32, share: u32) -> u32 {
    let part = u64::from(limit) * u64::from(share) / u64::from(WHOLE);
    u32::try_from(part).unwrap_or(u32::MAX).max(1)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to a million after the clamp; not a number is 0"
)]
fn millionths(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * f64::from(WHOLE)).round() as u32
}

pub(super) const WHOLE: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_follow_shares() {
        let priority = Priority::new(Key::header("x-priority"))
            .level("batch", 0.5)
            .level("critical", 1.0)
            .level("report", 0.5)
            .otherwise(0.9);
        let rank = |value: &str| {
            let request = Request::builder().header("x-priority", value).body(());
            priority.rank(&request.unwrap())
        };
        assert_eq!(rank("critical"), 0);
        assert_eq!(rank("unheard of"), 1);
        assert_eq!((rank("batch"), rank("report")), (2, 2));
        assert_eq!(priority.rank(&Request::new(())), 1);
        assert_eq!(priority.shares(), [1_000_000, 900_000, 500_000]);
    }

    #[test]
    fn a_share_is_at_least_one_place() {
        assert_eq!(of(10, WHOLE), 10);
        assert_eq!(of(10, 550_000), 5);
        assert_eq!(of(10, 0), 1);
        assert_eq!(of(u32::MAX, WHOLE), u32::MAX);
    }
}
