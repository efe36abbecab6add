use std::{fmt, str::FromStr};

use super::text::{UnitError, leading_number, text_unit};

/// A number of bytes: `10MiB`, `64KiB`, `1MB`, `512B`.
///
/// `MiB` counts in 1024s and `MB` in 1000s, as IEC 80000-13 has it; `10M` and `10mb` are refused
/// because readers disagree about what they mean.
///
/// ```
/// use gateway_core::config::ByteSize;
///
/// assert_eq!("10MiB".parse::<ByteSize>()?.get(), 10 * 1024 * 1024);
/// assert_eq!("1MB".parse::<ByteSize>()?.get(), 1_000_000);
/// # Ok::<(), gateway_core::config::UnitError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// `bytes` bytes.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// `kib` × 1024 bytes.
    #[must_use]
    pub const fn kib(kib: u64) -> Self {
        Self(kib * 1024)
    }

    /// `mib` × 1024 × 1024 bytes.
    #[must_use]
    pub const fn mib(mib: u64) -> Self {
        Self(mib * 1024 * 1024)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number of bytes as a length in memory, `usize::MAX` where it does not fit.
    #[must_use]
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl From<u64> for ByteSize {
    fn from(bytes: u64) -> Self {
        Self(bytes)
    }
}

impl From<ByteSize> for u64 {
    fn from(size: ByteSize) -> Self {
        size.0
    }
}

impl FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = leading_number(text);
        let number = number.ok_or_else(|| malformed(text))?;
        if unit.is_empty() {
            return Err(UnitError::new(format!(
                "a size needs a unit: write `{number}B`, `{number}KiB` or `{number}MiB`"
            )));
        }
        let known = UNITS.iter().find(|(name, _)| *name == unit);
        let Some((_, factor)) = known else {
            return Err(near_miss(number, unit).unwrap_or_else(|| malformed(text)));
        };
        number
            .checked_mul(*factor)
            .map(Self)
            .ok_or_else(|| UnitError::new(format!("`{text}` does not fit in 64 bits")))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = UNITS
            .iter()
            .find(|(_, factor)| self.0 >= *factor && self.0.is_multiple_of(*factor));
        match exact {
            Some((unit, factor)) => write!(f, "{}{unit}", self.0 / factor),
            None => write!(f, "{}B", self.0),
        }
    }
}

text_unit!(
    ByteSize,
    expecting "a size such as `10MiB`, `64KiB` or `1MB`",
    bare "a size needs a unit: write `{0}B`, `{0}KiB` or `{0}MiB`",
    pattern "^[0-9]+(B|KiB|MiB|GiB|TiB|KB|kB|MB|GB|TB)$",
    examples ["10MiB", "64KiB", "1MB"]
);

fn malformed(text: &str) -> UnitError {
    UnitError::new(format!(
        "`{text}` is not a size: write a whole number with B, KiB, MiB, GiB, KB, MB or GB, such as `10MiB`"
    ))
}

/// `10M`, `10mb`, `10Mib`: the letter is known, the meaning is not.
fn near_miss(number: u64, unit: &str) -> Option<UnitError> {
    let mut rest = unit.chars();
    let letter = rest.next()?.to_ascii_uppercase();
    let tail = rest.as_str();
    let vague = ["", "b", "ib", "i"].contains(&tail.to_ascii_lowercase().as_str());
    (vague && "KMGT".contains(letter)).then(|| {
        UnitError::new(format!(
            "`{number}{unit}` is ambiguous: write `{number}{letter}iB` (1024s) or `{number}{letter}B` (1000s)"
        ))
    })
}

/// Descending and binary first, so that `Display` prefers `1MiB`.
const UNITS: [(&str, u64); 10] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("kB", 1_000),
    ("B", 1),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parses_the_documented_forms() {
        for (text, bytes) in [
            ("0B", 0),
            ("512B", 512),
            ("64KiB", 65_536),
            ("1kB", 1_000),
            ("1MB", 1_000_000),
            ("10MiB", 10_485_760),
            ("2GiB", 2_147_483_648),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize::new(bytes)), "{text}");
        }
    }

    #[test]
    fn refuses_and_explains() {
        for (text, part) in [
            ("10", "write `10B`"),
            ("10M", "`10MiB` (1024s) or `10MB` (1000s)"),
            ("10mb", "`10MiB` (1024s)"),
            ("10Mib", "`10MiB` (1024s)"),
            ("10 MiB", "is not a size"),
            ("MiB", "is not a size"),
            ("-1B", "is not a size"),
            ("1.5MiB", "is not a size"),
            ("10é", "is not a size"),
            ("99999999TiB", "does not fit"),
        ] {
            let error = text.parse::<ByteSize>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn display_reads_back(bytes: u64) {
            let size = ByteSize::new(bytes);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }

        #[test]
        fn arbitrary_text_never_panics(text in ".*", number: u32) {
            let _ = text.parse::<ByteSize>();
            let _ = format!("{number}{text}").parse::<ByteSize>();
        }
    }
}
