use std::{borrow::Cow, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The permissions of a file, in octal as `chmod` has them: `"0660"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mode(u32);

impl Mode {
    /// The permission bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

/// The text is not a mode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a mode: write it in octal and in quotes, such as \"0660\"")]
pub struct ModeError(String);

impl FromStr for Mode {
    type Err = ModeError;

    fn from_str(text: &str) -> Result<Self, ModeError> {
        let digits = (3..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let bits = u32::from_str_radix(text, 8).ok();
        bits.filter(|bits| digits && *bits <= 0o777)
            .map(Self)
            .ok_or_else(|| ModeError(text.to_owned()))
    }
}

impl TryFrom<String> for Mode {
    type Error = ModeError;

    fn try_from(text: String) -> Result<Self, ModeError> {
        text.parse()
    }
}

impl From<Mode> for String {
    fn from(mode: Mode) -> Self {
        format!("{:04o}", mode.0)
    }
}

impl JsonSchema for Mode {
    fn schema_name() -> Cow<'static, str> {
        "Mode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^0?[0-7]{3}$", "examples": ["0660"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_only() {
        assert_eq!("0660".parse::<Mode>().unwrap().bits(), 0o660);
        assert_eq!(String::from("600".parse::<Mode>().unwrap()), "0600");
        for text in ["", "66", "0888", "1777", "+660", "rw-rw----"] {
            assert!(text.parse::<Mode>().is_err(), "{text}");
        }
    }
}
