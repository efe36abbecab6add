use std::{fmt, str::FromStr, time};

use super::text::{UnitError, leading_number, text_unit};

/// A span of time: `250ms`, `30s`, `1m30s`, `24h`, `7d`.
///
/// Parts go from large to small and each unit appears once, so every value has one obvious
/// spelling and `1s1m` is a slip rather than a time.
///
/// ```
/// use gateway_core::config::Duration;
///
/// let timeout: Duration = "1m30s".parse()?;
/// assert_eq!(timeout.get(), std::time::Duration::from_secs(90));
/// assert_eq!("30".parse::<Duration>().unwrap_err().to_string(), "a duration needs a unit: write `30s` or `30ms`");
/// # Ok::<(), gateway_core::config::UnitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(time::Duration);

impl Duration {
    /// Wraps a [`std::time::Duration`].
    #[must_use]
    pub const fn new(duration: time::Duration) -> Self {
        Self(duration)
    }

    /// A whole number of seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(time::Duration::from_secs(secs))
    }

    /// A whole number of milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(time::Duration::from_millis(millis))
    }

    /// The span as the standard library's type.
    #[must_use]
    pub const fn get(self) -> time::Duration {
        self.0
    }
}

impl From<time::Duration> for Duration {
    fn from(duration: time::Duration) -> Self {
        Self(duration)
    }
}

impl From<Duration> for time::Duration {
    fn from(duration: Duration) -> Self {
        duration.0
    }
}

impl FromStr for Duration {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        if text.is_empty() {
            return Err(malformed(text));
        }
        let mut rest = text;
        let mut smallest = UNITS.len();
        let mut nanos: u128 = 0;
        while !rest.is_empty() {
            let (number, after) = leading_number(rest);
            let number = number.ok_or_else(|| malformed(text))?;
            let end = after
                .bytes()
                .position(|b| b.is_ascii_digit())
                .unwrap_or(after.len());
            let (unit, tail) = after.split_at(end);
            if unit.is_empty() {
                return Err(UnitError::new(format!(
                    "a duration needs a unit: write `{text}s` or `{text}ms`"
                )));
            }
            let index = UNITS
                .iter()
                .position(|(name, _)| *name == unit)
                .ok_or_else(|| malformed(text))?;
            if index >= smallest {
                return Err(malformed(text));
            }
            smallest = index;
            nanos += u128::from(number) * u128::from(UNITS[index].1);
            rest = tail;
        }
        let secs = u64::try_from(nanos / NANOS).map_err(|_| too_long(text))?;
        // Timers add durations to a clock; a century is beyond any use and safe to add.
        if secs > 100 * 365 * 86_400 {
            return Err(too_long(text));
        }
        let subsec = u32::try_from(nanos % NANOS).expect("less than a second of nanoseconds");
        Ok(Self(time::Duration::new(secs, subsec)))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_nanos();
        if rest == 0 {
            return f.write_str("0s");
        }
        for (name, nanos) in UNITS.iter().rev() {
            let count = rest / u128::from(*nanos);
            if count > 0 {
                write!(f, "{count}{name}")?;
            }
            rest %= u128::from(*nanos);
        }
        Ok(())
    }
}

text_unit!(
    Duration,
    expecting "a duration such as `30s`, `1m30s` or `250ms`",
    bare "a duration needs a unit: write `{0}s` or `{0}ms`",
    pattern "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?([0-9]+us)?([0-9]+ns)?$",
    examples ["30s", "1m30s", "250ms"]
);

fn malformed(text: &str) -> UnitError {
    UnitError::new(format!(
        "`{text}` is not a duration: write whole numbers with d, h, m, s, ms, us or ns, large to small, such as `1m30s`"
    ))
}

fn too_long(text: &str) -> UnitError {
    UnitError::new(format!("`{text}` is longer than a century"))
}

const NANOS: u128 = 1_000_000_000;

/// Ascending, so that an index compares as the unit does.
const UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parses_the_documented_forms() {
        for (text, millis) in [
            ("0s", 0),
            ("250ms", 250),
            ("30s", 30_000),
            ("1m30s", 90_000),
            ("24h", 86_400_000),
            ("1d1h1m1s1ms", 90_061_001),
        ] {
            assert_eq!(text.parse(), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "s",
            "30",
            "1m30",
            "30s1m",
            "1s1s",
            "-1s",
            "+1s",
            "1.5s",
            "1 s",
            " 1s",
            "1S",
            "1w",
            "99999999999999999999s",
            "40000d",
            "١s",
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_bare_number_is_told_what_to_write() {
        let error = serde_json::from_str::<Duration>("30")
            .unwrap_err()
            .to_string();
        assert!(error.contains("write `30s` or `30ms`"), "{error}");
    }

    proptest! {
        #[test]
        fn display_reads_back(nanos in 0..3_000_000_000_000_000_000_u64) {
            let duration = Duration::new(time::Duration::from_nanos(nanos));
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }

        #[test]
        fn arbitrary_text_never_panics(text in ".*") {
            let _ = text.parse::<Duration>();
        }
    }
}
