use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

/// A JSON number in its own spelling.
///
/// `1`, `1.0` and `1e0` are the same temperature but not the same bytes; a provider's prompt cache
/// and a client's test both see the difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(CompactString);

impl Number {
    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value, rounded to a double.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        // A JSON number is always within Rust's grammar for `f64`.
        self.0.parse().unwrap_or(f64::NAN)
    }

    /// The value when it is a non-negative integer that fits.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self.0.parse() {
            Ok(value) => Some(value),
            Err(_) => whole(self.as_f64()),
        }
    }
}

fn whole(value: f64) -> Option<u64> {
    // 2^53: above it a double no longer names one integer.
    (value >= 0.0 && value.fract() == 0.0 && value <= 9_007_199_254_740_992.0)
        .then_some(value as u64)
}

/// A JSON number of which only the value counts: how many there are of something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count(Option<u64>);

impl Count {
    /// How many; `None` where it is no whole number, or a negative one.
    pub(crate) const fn get(self) -> Option<u64> {
        self.0
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_u64<E>(self, value: u64) -> Result<Count, E> {
                Ok(Count(Some(value)))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Count, E> {
                Ok(Count(u64::try_from(value).ok()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Count, E> {
                Ok(Count(whole(value)))
            }
        }
        deserializer.deserialize_u64(Visitor)
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(compact_str::format_compact!("{value}"))
    }
}

impl From<f64> for Number {
    /// Spells a double; what JSON cannot spell becomes `0`.
    fn from(value: f64) -> Self {
        if value.is_finite() {
            Self(compact_str::format_compact!("{value:?}"))
        } else {
            Self::from(0)
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        // The only JSON values that start so are numbers.
        if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            Ok(Self(text.into()))
        } else {
            Err(de::Error::custom("expected a number"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_spelling() {
        for text in ["1.0", "1", "-0.5e-3", "123456789012345678901234567890"] {
            assert_eq!(serde_json::from_str::<Number>(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn refuses_what_is_not_a_number() {
        for text in ["\"1\"", "true", "null", "[1]"] {
            assert!(serde_json::from_str::<Number>(text).is_err(), "{text}");
            assert!(serde_json::from_str::<Count>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_count_is_what_the_number_is() {
        for text in [
            "0",
            "7",
            "-0",
            "-1",
            "18446744073709551615",
            "18446744073709551616",
            "1e3",
            "4096.0",
            "1.5",
            "1e30",
        ] {
            let number = serde_json::from_str::<Number>(text).unwrap();
            let count = serde_json::from_str::<Count>(text).unwrap();
            assert_eq!(count.get(), number.as_u64(), "{text}");
        }
    }

    #[test]
    fn reads_integers_however_spelled() {
        let read = |text| serde_json::from_str::<Number>(text).unwrap().as_u64();
        assert_eq!(read("18446744073709551615"), Some(u64::MAX));
        assert_eq!(read("1e3"), Some(1000));
        assert_eq!(read("4096.0"), Some(4096));
        assert_eq!(read("1.5"), None);
        assert_eq!(read("-1"), None);
    }
}
