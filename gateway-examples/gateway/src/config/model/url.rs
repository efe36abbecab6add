use std::{borrow::Cow, fmt, str::FromStr};

use http::Uri;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The base URL of something we call: `http://` or `https://`, a host, perhaps a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Url(Uri);

impl Url {
    /// The URL as `http` knows it.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.0
    }
}

/// Why a text is not the URL of an upstream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` {reason}")]
pub struct UrlError {
    text: String,
    reason: String,
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let refuse = |reason: &str| UrlError {
            text: text.to_owned(),
            reason: reason.to_owned(),
        };
        let uri: Uri = text.parse().map_err(|_| refuse("is not a URL"))?;
        match uri.scheme_str() {
            Some("http" | "https") => {}
            Some(_) => return Err(refuse("must begin with `http://` or `https://`")),
            None => return Err(refuse(&format!("has no scheme: write `http://{text}`"))),
        }
        let Some(authority) = uri.authority() else {
            return Err(refuse("has no host"));
        };
        if authority.as_str().contains('@') {
            return Err(refuse(
                "must not hold a user or password: set a header instead",
            ));
        }
        if uri.query().is_some() {
            return Err(refuse("must not have a query: the request brings its own"));
        }
        Ok(Self(uri))
    }
}

impl TryFrom<String> for Url {
    type Error = UrlError;

    fn try_from(text: String) -> Result<Self, UrlError> {
        text.parse()
    }
}

impl From<Url> for String {
    fn from(url: Url) -> Self {
        url.to_string()
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl JsonSchema for Url {
    fn schema_name() -> Cow<'static, str> {
        "Url".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "An http:// or https:// URL without a query.",
            "pattern": "^https?://",
            "examples": ["http://127.0.0.1:9001", "https://api.example.com/v1"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_base_urls_only() {
        assert_eq!(
            "http://127.0.0.1:9001/v1"
                .parse::<Url>()
                .unwrap()
                .uri()
                .path(),
            "/v1"
        );
        for (text, part) in [
            ("127.0.0.1:9001", "write `http://127.0.0.1:9001`"),
            ("ftp://a", "must begin with"),
            ("http://u:p@a", "user or password"),
            ("http://a?b", "query"),
            ("http://", "is not a URL"),
            ("", "is not a URL"),
        ] {
            let error = text.parse::<Url>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
