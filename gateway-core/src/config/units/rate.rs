use std::{fmt, num::NonZeroU64, str::FromStr, time};

use super::{
    duration::Duration,
    text::{UnitError, leading_number, text_unit},
};

/// So many events in a period: `600/min`, `10/s`, `10000/day`, `5/10s`.
///
/// ```
/// use gateway_core::config::Rate;
///
/// let rate: Rate = "600/min".parse()?;
/// assert_eq!(rate.count().get(), 600);
/// assert_eq!(rate.period(), std::time::Duration::from_secs(60));
/// # Ok::<(), gateway_core::config::UnitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    count: NonZeroU64,
    period: time::Duration,
}

impl Rate {
    /// `count` events in `period`; `None` for an empty period.
    #[must_use]
    pub fn new(count: NonZeroU64, period: time::Duration) -> Option<Self> {
        (!period.is_zero()).then_some(Self { count, period })
    }

    /// How many.
    #[must_use]
    pub const fn count(self) -> NonZeroU64 {
        self.count
    }

    /// In how long; never zero.
    #[must_use]
    pub const fn period(self) -> time::Duration {
        self.period
    }
}

impl FromStr for Rate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, rest) = leading_number(text);
        let count = number.ok_or_else(|| malformed(text))?;
        if rest.is_empty() {
            return Err(UnitError::new(format!(
                "a rate needs a period: write `{text}/s`, `{text}/min` or `{text}/day`"
            )));
        }
        let unit = rest.strip_prefix('/').ok_or_else(|| malformed(text))?;
        let named = PERIODS.iter().find(|(names, _)| names.contains(&unit));
        let period = match named {
            Some((_, secs)) => time::Duration::from_secs(*secs),
            None if unit == "m" => {
                return Err(UnitError::new(format!(
                    "`{text}` could mean minutes or months: write `{count}/min`"
                )));
            }
            None => unit.parse::<Duration>().map_err(|_| malformed(text))?.get(),
        };
        let count = NonZeroU64::new(count).ok_or_else(|| {
            UnitError::new(format!("`{text}` admits nothing: a rate is at least 1"))
        })?;
        Self::new(count, period).ok_or_else(|| malformed(text))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = PERIODS
            .iter()
            .find(|(_, secs)| time::Duration::from_secs(*secs) == self.period);
        match named {
            Some((names, _)) => write!(f, "{}/{}", self.count, names[0]),
            None => write!(f, "{}/{}", self.count, Duration::new(self.period)),
        }
    }
}

text_unit!(
    Rate,
    expecting "a rate such as `600/min`, `10/s` or `10000/day`",
    bare "a rate needs a period: write `{0}/s`, `{0}/min` or `{0}/day`",
    pattern "^[0-9]+/([a-z]+|[0-9].*)$",
    examples ["600/min", "10/s", "10000/day"]
);

fn malformed(text: &str) -> UnitError {
    UnitError::new(format!(
        "`{text}` is not a rate: write a whole number and a period, such as `600/min`, `10/s`, `10000/day` or `5/10s`"
    ))
}

const PERIODS: [(&[&str], u64); 5] = [
    (&["s", "sec", "second"], 1),
    (&["min", "minute"], 60),
    (&["hour", "h"], 3_600),
    (&["day", "d"], 86_400),
    (&["week"], 604_800),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(count: u64, secs: u64) -> Rate {
        Rate::new(
            NonZeroU64::new(count).unwrap(),
            time::Duration::from_secs(secs),
        )
        .unwrap()
    }

    #[test]
    fn parses_the_documented_forms() {
        for (text, count, secs) in [
            ("600/min", 600, 60),
            ("10/s", 10, 1),
            ("10000/day", 10_000, 86_400),
            ("1/hour", 1, 3_600),
            ("5/10s", 5, 10),
        ] {
            assert_eq!(text.parse(), Ok(rate(count, secs)), "{text}");
        }
    }

    #[test]
    fn refuses_and_explains() {
        for (text, part) in [
            ("600", "write `600/s`"),
            ("600/m", "write `600/min`"),
            ("0/min", "admits nothing"),
            ("5/0s", "is not a rate"),
            ("/min", "is not a rate"),
            ("600/fortnight", "is not a rate"),
            ("600 / min", "is not a rate"),
        ] {
            let error = text.parse::<Rate>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn display_reads_back(count in 1_u64.., secs in 1_u64..1_000_000) {
            let rate = rate(count, secs);
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }

        #[test]
        fn arbitrary_text_never_panics(text in ".*", number: u32) {
            let _ = text.parse::<Rate>();
            let _ = format!("{number}/{text}").parse::<Rate>();
        }
    }
}
