use std::str::FromStr;

use gateway_core::{
    Key,
    config::{ConfigError, Duration, Secret},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::balance::{Balance, SameSite, StickyCookie};

/// By what a client is kept at its endpoint. `cookie` alone will do.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StickyConfig {
    /// By a signed cookie that the gateway sets.
    Cookie(Box<StickyCookieConfig>),
    /// By the hash of this header, such as `x-user`.
    Header(String),
    /// By the hash of this key, such as `subject.or(client_ip)`.
    Key(String),
}

/// A signed cookie that names the endpoint.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StickyCookieConfig {
    /// Its name. Defaults to one that is different for every upstream.
    pub name: Option<String>,
    /// For which paths it is sent. Defaults to `/`.
    pub path: Option<String>,
    /// How long a client stays. Defaults to the end of the browser's session.
    pub max_age: Option<Duration>,
    /// With which requests from other sites it is sent. Defaults to `lax`.
    pub same_site: SameSiteConfig,
    /// Whether it is sent over HTTPS alone. Defaults to whether the client came by HTTPS.
    pub secure: Option<bool>,
    /// The key it is signed with, of 16 bytes or more. Defaults to a random one of the process.
    pub key: Option<Secret>,
}

/// With which requests from other sites a browser sends the cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SameSiteConfig {
    /// With none.
    Strict,
    /// With links that are followed.
    #[default]
    Lax,
    /// With all, over HTTPS.
    None,
}

/// A sticky balancer is made with `cookie` or a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write `cookie`, or a map with `cookie`, `header` or `key`")]
pub struct NotSticky(());

impl FromStr for StickyConfig {
    type Err = NotSticky;

    fn from_str(text: &str) -> Result<Self, NotSticky> {
        match text {
            "cookie" => Ok(Self::Cookie(Box::default())),
            _ => Err(NotSticky(())),
        }
    }
}

impl StickyConfig {
    pub(super) fn apply<S: Clone>(
        &self,
        balance: Balance<S>,
        by_hash: bool,
    ) -> Result<Balance<S>, ConfigError> {
        let (at, key) = match self {
            Self::Cookie(cookie) => {
                let cookie = cookie.build().map_err(|error| error.at("cookie"))?;
                return Ok(balance.sticky(&cookie));
            }
            Self::Header(name) => ("header", format!("header:{name}").parse::<Key>()),
            Self::Key(key) => ("key", key.parse()),
        };
        let key = key.map_err(|error| ConfigError::new(at, error))?;
        if by_hash {
            let error =
                ConfigError::new("", "`balance: { hash: … }` already says where a key goes");
            return Err(error.with_help("leave one of the two out"));
        }
        Ok(balance.hash_on(key))
    }
}

impl StickyCookieConfig {
    fn build(&self) -> Result<StickyCookie, ConfigError> {
        let mut cookie = StickyCookie::new().same_site(match self.same_site {
            SameSiteConfig::Strict => SameSite::Strict,
            SameSiteConfig::Lax => SameSite::Lax,
            SameSiteConfig::None => SameSite::None,
        });
        if let Some(name) = &self.name {
            cookie = cookie
                .name(name)
                .map_err(|error| ConfigError::new("name", error))?;
        }
        if let Some(path) = &self.path {
            cookie = cookie
                .path(path)
                .map_err(|error| ConfigError::new("path", error))?;
        }
        if let Some(age) = self.max_age {
            cookie = cookie.max_age(age.get());
        }
        if let Some(secure) = self.secure {
            cookie = cookie.secure(secure);
        }
        if let Some(key) = &self.key {
            cookie = cookie
                .key(key.expose().as_bytes())
                .map_err(|error| ConfigError::new("key", error))?;
        }
        Ok(cookie)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(json: &str) -> Result<StickyCookie, ConfigError> {
        let config: StickyCookieConfig = serde_json::from_str(json).unwrap();
        config.build()
    }

    #[test]
    fn every_key_reaches_the_cookie() {
        let built = cookie(
            r#"{"name": "at", "path": "/shop", "max_age": "8h", "same_site": "strict",
                "secure": true, "key": "0123456789abcdef"}"#,
        );
        let text = format!("{:?}", built.unwrap());
        for part in ["at", "/shop", "28800s", "Strict", "Some(true)"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("0123456789abcdef"));
    }

    #[test]
    fn faults_are_told_with_their_path() {
        for (json, path) in [
            (r#"{"name": "a b"}"#, "name"),
            (r#"{"path": "shop"}"#, "path"),
            (r#"{"key": "short"}"#, "key"),
        ] {
            assert_eq!(cookie(json).unwrap_err().path(), path);
        }
        assert!("cooky".parse::<StickyConfig>().is_err());
        assert!(serde_json::from_str::<StickyConfig>(r#"{"cookie": {"nam": "x"}}"#).is_err());
        let bad: StickyConfig = serde_json::from_str(r#"{"key": "nonsense("}"#).unwrap();
        let balance = Balance::<()>::new("x", []);
        assert_eq!(bad.apply(balance, false).unwrap_err().path(), "key");
    }
}
