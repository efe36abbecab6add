use std::{fmt, time::Duration};

use super::gcra::Gcra;

/// So many requests in a period, and how many of them may come at once.
///
/// ```
/// use gateway_layers::rate_limit::per_minute;
///
/// let quota = per_minute(600).burst(50); // one each 100 ms, up to 50 ahead
/// assert_eq!(quota.limit(), 600);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    limit: u64,
    period: Duration,
    burst: u64,
    gcra: Gcra,
}

impl Quota {
    /// `limit` requests per `period`, all of which may come at once.
    ///
    /// The time between two requests is rounded up to whole nanoseconds, so that a rate is never
    /// exceeded by rounding.
    ///
    /// # Errors
    ///
    /// If `limit` or `period` is zero, or the period is longer than a century.
    pub fn new(limit: u64, period: Duration) -> Result<Self, InvalidQuota> {
        Self::with_burst(limit, period, limit)
    }

    /// `limit` requests per `period`, at most `burst` of them at once.
    ///
    /// # Errors
    ///
    /// If one of them is zero, or an empty bucket would take more than a century to fill.
    pub fn with_burst(limit: u64, period: Duration, burst: u64) -> Result<Self, InvalidQuota> {
        if limit == 0 || period.is_zero() || burst == 0 {
            return Err(InvalidQuota("a quota of zero admits nothing"));
        }
        let too_long = InvalidQuota("the quota takes more than a century to fill");
        let nanos = u64::try_from(period.as_nanos()).map_err(|_| too_long)?;
        let gcra = Gcra::new(nanos.div_ceil(limit), burst).ok_or(too_long)?;
        Ok(Self {
            limit,
            period,
            burst,
            gcra,
        })
    }

    /// How many requests may come at once. Defaults to the limit.
    ///
    /// # Panics
    ///
    /// If `burst` is zero, or would take more than a century to fill; use
    /// [`Quota::with_burst`] for numbers that are not written in the source.
    #[must_use]
    pub fn burst(self, burst: u64) -> Self {
        Self::with_burst(self.limit, self.period, burst).expect("a burst of at least one")
    }

    /// How many requests per period.
    #[must_use]
    pub const fn limit(self) -> u64 {
        self.limit
    }

    /// The period.
    #[must_use]
    pub const fn period(self) -> Duration {
        self.period
    }

    /// How many requests may come at once.
    #[must_use]
    pub const fn max_burst(self) -> u64 {
        self.burst
    }

    pub(super) const fn gcra(self) -> Gcra {
        self.gcra
    }
}

/// `limit` requests per second.
///
/// # Panics
///
/// If `limit` is zero, as all of these; see [`Quota::new`].
#[must_use]
pub fn per_second(limit: u32) -> Quota {
    per(limit, 1)
}

/// `limit` requests per minute.
///
/// # Panics
///
/// If `limit` is zero.
#[must_use]
pub fn per_minute(limit: u32) -> Quota {
    per(limit, 60)
}

/// `limit` requests per hour.
///
/// # Panics
///
/// If `limit` is zero.
#[must_use]
pub fn per_hour(limit: u32) -> Quota {
    per(limit, 3_600)
}

/// `limit` requests per day.
///
/// # Panics
///
/// If `limit` is zero.
#[must_use]
pub fn per_day(limit: u32) -> Quota {
    per(limit, 86_400)
}

fn per(limit: u32, secs: u64) -> Quota {
    Quota::new(limit.into(), Duration::from_secs(secs)).expect("a limit of at least one")
}

/// Why a quota makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidQuota(&'static str);

impl fmt::Display for InvalidQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidQuota {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_refused() {
        let second = Duration::from_secs(1);
        assert!(Quota::new(0, second).is_err());
        assert!(Quota::new(1, Duration::ZERO).is_err());
        assert!(Quota::with_burst(1, second, 0).is_err());
        assert!(Quota::new(1, Duration::MAX).is_err());
        assert!(Quota::with_burst(1, second, u64::MAX).is_err());
        assert!(Quota::new(u64::MAX, second).is_err());
        assert!(Quota::with_burst(u64::MAX, second, 1).is_ok());
    }
}
