use std::{borrow::Cow, num::NonZeroU16, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Where a listener sends its clients: `https`, or `https:8443` for clients that named a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Redirect {
    /// The port for clients that named one; that of the listener with TLS, if nothing is said.
    pub port: Option<NonZeroU16>,
}

/// The text is not a place to send clients to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no redirect: write `https`, or `https:8443` for another port")]
pub struct RedirectError(String);

impl FromStr for Redirect {
    type Err = RedirectError;

    fn from_str(text: &str) -> Result<Self, RedirectError> {
        let refuse = || RedirectError(text.to_owned());
        let rest = text.strip_prefix("https").ok_or_else(refuse)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(port.parse().map_err(|_| refuse())?),
            None if rest.is_empty() => None,
            None => return Err(refuse()),
        };
        Ok(Self { port })
    }
}

impl TryFrom<String> for Redirect {
    type Error = RedirectError;

    fn try_from(text: String) -> Result<Self, RedirectError> {
        text.parse()
    }
}

impl From<Redirect> for String {
    fn from(redirect: Redirect) -> Self {
        match redirect.port {
            Some(port) => format!("https:{port}"),
            None => "https".to_owned(),
        }
    }
}

impl JsonSchema for Redirect {
    fn schema_name() -> Cow<'static, str> {
        "Redirect".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "`https`, and perhaps the port for clients that named one.",
            "pattern": "^https(:[0-9]+)?$",
            "examples": ["https", "https:8443"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_perhaps_a_port() {
        let read = |text: &str| text.parse::<Redirect>().map(String::from);
        for text in ["https", "https:8443"] {
            assert_eq!(read(text).unwrap(), text);
        }
        for text in ["http", "", "https:", "https:0", "https:99999", "https://a"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
