use std::{borrow::Cow, fmt, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// A string that is never printed.
///
/// In a file it is written as a reference – `${env:NAME}`, `${env:NAME:-default}` or
/// `${file:/run/secrets/x}` – which the loader resolves and which dumps show as `‹env:NAME›`.
/// Text written out is accepted, with a warning that the secret is now wherever the file is.
///
/// ```
/// use gateway_core::config::Secret;
///
/// let secret = Secret::new("s3cr3t");
/// assert_eq!(secret.expose(), "s3cr3t");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps `text`.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Arc::from(text.into()))
    }

    /// The text itself. Each call is a place where the secret may leak, so it has a loud name.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The name tells the loader that a literal here deserves a warning; every other format
        // sees an ordinary newtype around a string.
        deserializer.deserialize_newtype_struct(TOKEN, Visitor)
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A secret by reference: ${env:NAME}, ${env:NAME:-default} or ${file:/path}.",
            "writeOnly": true,
            "examples": ["${env:NAME}", "${file:/run/secrets/name}"]
        })
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret such as `${env:NAME}` or `${file:/path}`")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, d: D) -> Result<Secret, D::Error> {
        d.deserialize_str(self)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret::new(text))
    }
}

/// The newtype name by which the loader recognises a secret.
pub(super) const TOKEN: &str = "$gateway::Secret";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_plain_string_and_never_prints_it() {
        let secret: Secret = serde_json::from_str("\"hunter2\"").unwrap();
        assert_eq!(secret.expose(), "hunter2");
        assert!(!format!("{:?}", Some(&secret)).contains("hunter2"));
        assert!(serde_json::from_str::<Secret>("5").is_err());
    }
}
