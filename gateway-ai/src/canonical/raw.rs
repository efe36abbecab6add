use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

/// JSON text kept exactly as it was written.
///
/// Schemas, tool results and unknown fields are never re-serialised: key order, number spelling and
/// escapes survive. The nesting depth is bounded when it is read, because the text may be handed to
/// something recursive later.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Raw(Box<str>);

impl Raw {
    /// The deepest nesting that is accepted.
    pub const MAX_DEPTH: usize = 96;

    /// Takes JSON text.
    ///
    /// # Errors
    ///
    /// When the text is not one JSON value or is nested deeper than [`Raw::MAX_DEPTH`].
    pub fn new(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Spells a value as JSON.
    #[must_use]
    pub fn from_value(value: &serde_json::Value) -> Self {
        Self(value.to_string().into_boxed_str())
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the text into a type.
    ///
    /// # Errors
    ///
    /// When the text does not have the shape of `T`.
    pub fn read<'de, T: Deserialize<'de>>(&'de self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// Whether the text is a JSON object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.0.trim_start().starts_with('{')
    }

    /// Whether the text is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0.trim() == "null"
    }

    pub(crate) fn from_raw(raw: &RawValue) -> Result<Self, TooDeep> {
        Self::bounded(raw.get())
    }

    /// Takes text that is known to be JSON, checking its depth alone.
    pub(crate) fn bounded(text: &str) -> Result<Self, TooDeep> {
        if depth(text.as_bytes()) > Self::MAX_DEPTH {
            return Err(TooDeep);
        }
        Ok(Self(text.into()))
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Self::from_raw(raw).map_err(de::Error::custom)
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// JSON is nested deeper than is accepted.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("JSON is nested too deeply")]
pub(crate) struct TooDeep;

/// The deepest nesting in a JSON text, without recursion.
fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut position) = (0_usize, 0, 0);
    while let Some(&byte) = text.get(position) {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => position = string_end(text, position + 1),
            _ => {}
        }
        position += 1;
    }
    deepest
}

/// The index of the quote that ends the string whose content starts at `position`.
fn string_end(text: &[u8], mut position: usize) -> usize {
    while let Some(&byte) = text.get(position) {
        match byte {
            b'\\' => position += 2,
            b'"' => return position,
            _ => position += 1,
        }
    }
    position
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_spelling() {
        let text = r#"{"b":1.0,"a":123456789012345678901234567890,"c":1e2,"d":"\u00e4"}"#;
        assert_eq!(Raw::new(text).unwrap().as_str(), text);
        let nested: Vec<Raw> = serde_json::from_str(&format!("[{text}]")).unwrap();
        assert_eq!(serde_json::to_string(&nested).unwrap(), format!("[{text}]"));
    }

    #[test]
    fn bounds_the_depth() {
        let nested = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        assert!(Raw::new(&nested(Raw::MAX_DEPTH)).is_ok());
        assert!(Raw::new(&nested(Raw::MAX_DEPTH + 1)).is_err());
        assert!(Raw::new(&nested(1_000_000)).is_err());
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert_eq!(depth(br#"{"a":"[[[[\"[[\\","b":[1]}"#), 2);
    }
}
