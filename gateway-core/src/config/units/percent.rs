use std::{fmt, str::FromStr};

use super::text::{UnitError, leading_number, text_unit};

/// A share of a whole: `95%`, `0.5%`, from 0 to 100.
///
/// Kept in integers (millionths), so that shares which add up to 100% in the file add up exactly.
///
/// ```
/// use gateway_core::config::Percent;
///
/// let share: Percent = "2.5%".parse()?;
/// assert_eq!(share.millionths(), 25_000);
/// assert_eq!(share.ratio(), 0.025);
/// # Ok::<(), gateway_core::config::UnitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u32);

impl Percent {
    /// A share in millionths of the whole; `None` above 1 000 000.
    #[must_use]
    pub const fn from_millionths(millionths: u32) -> Option<Self> {
        if millionths <= WHOLE {
            Some(Self(millionths))
        } else {
            None
        }
    }

    /// The share in millionths of the whole.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// The share as a number from 0 to 1.
    #[must_use]
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }
}

impl FromStr for Percent {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, rest) = leading_number(text);
        let whole = number.ok_or_else(|| malformed(text))?;
        let (fraction, rest) = match rest.strip_prefix('.') {
            Some(rest) => fraction(rest).ok_or_else(|| malformed(text))?,
            None => (0, rest),
        };
        match rest {
            "%" => {}
            "" => {
                return Err(UnitError::new(format!(
                    "a percentage needs its sign: write `{text}%`"
                )));
            }
            _ => return Err(malformed(text)),
        }
        u32::try_from(whole)
            .ok()
            .and_then(|whole| whole.checked_mul(PERCENT)?.checked_add(fraction))
            .and_then(Self::from_millionths)
            .ok_or_else(|| UnitError::new(format!("`{text}` is more than 100%")))
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / PERCENT, self.0 % PERCENT);
        if fraction == 0 {
            return write!(f, "{whole}%");
        }
        let digits = format!("{fraction:04}");
        write!(f, "{whole}.{}%", digits.trim_end_matches('0'))
    }
}

text_unit!(
    Percent,
    expecting "a percentage such as `95%`",
    bare "a percentage needs its sign: write `{0}%`",
    pattern "^[0-9]+(\\.[0-9]{1,4})?%$",
    examples ["95%", "0.5%"]
);

/// Up to four digits after the point, scaled to millionths.
fn fraction(text: &str) -> Option<(u32, &str)> {
    let end = text
        .bytes()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len());
    if !(1..=4).contains(&end) {
        return None;
    }
    let scale = [1000, 100, 10, 1][end - 1];
    let digits: u32 = text[..end].parse().ok()?;
    Some((digits * scale, &text[end..]))
}

fn malformed(text: &str) -> UnitError {
    UnitError::new(format!(
        "`{text}` is not a percentage: write a number from 0 to 100 with at most four decimals, such as `95%` or `0.5%`"
    ))
}

const WHOLE: u32 = 1_000_000;
const PERCENT: u32 = WHOLE / 100;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parses_the_documented_forms() {
        for (text, millionths) in [
            ("0%", 0),
            ("95%", 950_000),
            ("0.5%", 5_000),
            ("12.3456%", 123_456),
            ("100%", WHOLE),
        ] {
            assert_eq!(text.parse(), Ok(Percent(millionths)), "{text}");
        }
    }

    #[test]
    fn refuses_and_explains() {
        for (text, part) in [
            ("95", "write `95%`"),
            ("0.5", "write `0.5%`"),
            ("101%", "more than 100%"),
            ("100.0001%", "more than 100%"),
            ("99999999999%", "more than 100%"),
            ("1.%", "is not a percentage"),
            ("1.00001%", "is not a percentage"),
            ("-1%", "is not a percentage"),
            ("", "is not a percentage"),
        ] {
            let error = text.parse::<Percent>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn display_reads_back(millionths in 0..=WHOLE) {
            prop_assert_eq!(Percent(millionths).to_string().parse(), Ok(Percent(millionths)));
        }

        #[test]
        fn arbitrary_text_never_panics(text in ".*", number: u32) {
            let _ = text.parse::<Percent>();
            let _ = format!("{number}{text}").parse::<Percent>();
        }
    }
}
