use std::{borrow::Cow, fmt, str::FromStr};

use gateway_layers::transport::target;
use http::Uri;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The base URL of something we call: `http://` or `https://`, a host, perhaps a path; or a Unix
/// socket of this machine, `unix:/run/app.sock`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Url {
    uri: Uri,
    text: Box<str>,
}

impl Url {
    /// Whether its host is the name of a service, of which DNS knows hosts and ports.
    #[must_use]
    pub fn is_service(&self) -> bool {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        scheme.starts_with("srv+")
    }

    /// The URL as `http` knows it.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
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
        let socket = text.starts_with("unix:") || text.starts_with("http+unix:");
        let uri = target(text).ok_or_else(|| match socket {
            true => refuse("is not a socket: write `unix:` and an absolute path"),
            false => refuse("is not a URL"),
        })?;
        match uri.scheme_str() {
            Some("http" | "https") => {}
            Some("srv+http" | "srv+https") if uri.port().is_some() => {
                return Err(refuse("must not have a port: the service records have it"));
            }
            Some("srv+http" | "srv+https") => {}
            Some("unix") if socket => {}
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
        Ok(Self {
            text: match socket {
                true => text.into(),
                false => uri.to_string().into(),
            },
            uri,
        })
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
        f.write_str(&self.text)
    }
}

impl JsonSchema for Url {
    fn schema_name() -> Cow<'static, str> {
        "Url".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "An http:// or https:// URL without a query, or `unix:` and the path of a socket.",
            "pattern": "^((srv\\+)?https?://|unix:/|http\\+unix://)",
            "examples": ["http://127.0.0.1:9001", "https://api.example.com/v1", "unix:/run/app.sock"]
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
        for text in ["unix:/run/app.sock", "http+unix://%2Frun%2Fapp.sock/v1"] {
            assert_eq!(text.parse::<Url>().unwrap().to_string(), text);
        }
        let service: Url = "srv+http://_http._tcp.shop.internal/v1".parse().unwrap();
        assert!(service.is_service());
        for (text, part) in [
            ("unix:app.sock", "absolute path"),
            ("unix://2f72", "absolute path"),
            ("127.0.0.1:9001", "write `http://127.0.0.1:9001`"),
            ("ftp://a", "must begin with"),
            ("http://u:p@a", "user or password"),
            ("http://a?b", "query"),
            ("http://", "is not a URL"),
            ("srv+http://_http._tcp.a:80", "must not have a port"),
            ("", "is not a URL"),
        ] {
            let error = text.parse::<Url>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
