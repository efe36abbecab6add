use std::{convert::Infallible, str::FromStr, time::SystemTime};

use gateway_core::config::{ConfigError, Flex, Secret};
use http::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{ApiKey, ApiKeyLayer, KeyError};

/// Which keys are known, and where they stand.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyConfig {
    /// The keys: a secret, or a secret with what its bearer may do.
    pub keys: Vec<Flex<KeyConfig>>,
    /// The headers a key may stand in; `authorization` means its `Bearer` scheme. Defaults to
    /// `authorization`, `x-api-key`, `x-goog-api-key` and `api-key`.
    #[serde(default)]
    pub headers: Option<Vec<String>>,
    /// Whether a request without a key passes. Defaults to `false`.
    #[serde(default)]
    pub optional: bool,
    /// Whether the key is removed from the request. Defaults to `true`.
    #[serde(default = "yes")]
    pub strip: bool,
}

/// A key and what its bearer may do; the secret alone is its short form.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyConfig {
    /// The secret.
    pub key: Secret,
    /// The name of the key, in keys and logs.
    #[serde(default)]
    pub id: Option<String>,
    /// The tenant the bearer acts for.
    #[serde(default)]
    pub tenant: Option<String>,
    /// What the bearer may do.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The models the bearer may call. Defaults to all.
    #[serde(default)]
    pub models: Option<Vec<String>>,
    /// When the key stops working, in UTC: `2026-12-31T00:00:00Z`.
    #[serde(default)]
    pub expires: Option<String>,
}

impl FromStr for KeyConfig {
    type Err = Infallible;

    fn from_str(secret: &str) -> Result<Self, Infallible> {
        Ok(Self {
            key: Secret::new(secret),
            id: None,
            tenant: None,
            scopes: Vec::new(),
            models: None,
            expires: None,
        })
    }
}

const fn yes() -> bool {
    true
}

impl ApiKeyLayer {
    /// Builds the layer from its configuration.
    ///
    /// # Errors
    ///
    /// If there is no key, one is empty or stands twice, a header is not a header name, or a date is
    /// not a date.
    pub fn from_config(config: &ApiKeyConfig) -> Result<Self, ConfigError> {
        if config.keys.is_empty() {
            let error = ConfigError::new("keys", "without keys nobody is admitted");
            return Err(error.with_help("list at least one key, or remove the layer"));
        }
        let keys = config
            .keys
            .iter()
            .enumerate()
            .map(|(at, key)| one(key).map_err(|e| e.at(&format!("keys[{at}]"))));
        let keys: Vec<ApiKey> = keys.collect::<Result<_, _>>()?;
        let layer = Self::new(keys)
            .map_err(|error| ConfigError::new(place(&error), error))?
            .optional(config.optional)
            .strip(config.strip);
        let Some(names) = &config.headers else {
            return Ok(layer);
        };
        let names = names.iter().enumerate().map(|(at, name)| {
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                ConfigError::new(
                    format!("headers[{at}]"),
                    format!("`{name}` is not a header name"),
                )
            })
        });
        Ok(layer.headers(names.collect::<Result<Vec<_>, _>>()?))
    }
}

fn one(config: &KeyConfig) -> Result<ApiKey, ConfigError> {
    let mut key = ApiKey::new(config.key.expose());
    key = key.scopes(config.scopes.iter().map(String::as_str));
    if let Some(id) = &config.id {
        key = key.id(id);
    }
    if let Some(tenant) = &config.tenant {
        key = key.tenant(tenant);
    }
    if let Some(models) = &config.models {
        key = key.models(models.iter().map(String::as_str));
    }
    if let Some(expires) = &config.expires {
        let at = date(expires).ok_or_else(|| {
            ConfigError::new("expires", format!("`{expires}` is not a date"))
                .with_help("write `2026-12-31T00:00:00Z`")
        })?;
        key = key.expires_at(at);
    }
    Ok(key)
}

fn place(error: &KeyError) -> String {
    let (KeyError::Empty(at) | KeyError::Repeated(_, at) | KeyError::SameId(_, at)) = error;
    format!("keys[{at}]")
}

/// An RFC 3339 instant in UTC, with or without its time of day.
fn date(text: &str) -> Option<SystemTime> {
    let (day, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
    let time = time.strip_suffix('Z')?;
    let numbers = |text: &str, separator: char| -> Option<Vec<u64>> {
        text.split(separator)
            .map(|part| part.parse().ok())
            .collect()
    };
    let (day, time) = (numbers(day, '-')?, numbers(time, ':')?);
    let (
        [year @ 1970..=9999, month @ 1..=12, day @ 1..=31],
        [hour @ 0..=23, minute @ 0..=59, second @ 0..=59],
    ) = (&*day, &*time)
    else {
        return None;
    };
    let days = days_before(*year, *month) + day - 1;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    SystemTime::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(seconds))
}

/// Days from 1970-01-01 to the first of `month`, by the Gregorian calendar.
fn days_before(year: u64, month: u64) -> u64 {
    const BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let this_year =
        usize::try_from(month - 1).map_or(0, |at| BEFORE[at]) + u64::from(month > 2 && is_leap);
    (year - 1970) * 365 + leaps(year - 1) - leaps(1969) + this_year
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<ApiKeyLayer, ConfigError> {
        ApiKeyLayer::from_config(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn reads_both_forms() {
        build(
            r#"{ "keys": ["a", { "key": "b", "id": "ci", "tenant": "t", "scopes": ["s"],
                 "models": ["fast"], "expires": "2030-01-01" }],
                 "headers": ["x-key"], "optional": true, "strip": false }"#,
        )
        .unwrap();
    }

    #[test]
    fn names_the_key_at_fault() {
        let path = |json| build(json).unwrap_err().path().to_owned();
        assert_eq!(path(r#"{ "keys": [] }"#), "keys");
        assert_eq!(path(r#"{ "keys": ["a", ""] }"#), "keys[1]");
        assert_eq!(path(r#"{ "keys": ["a", "a"] }"#), "keys[1]");
        assert_eq!(
            path(r#"{ "keys": ["a"], "headers": ["a b"] }"#),
            "headers[0]"
        );
        assert_eq!(
            path(r#"{ "keys": [{ "key": "a", "expires": "soon" }] }"#),
            "keys[0].expires"
        );
    }

    #[test]
    fn dates_agree_with_the_calendar() {
        let seconds = |text| {
            date(text)
                .unwrap()
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap()
                .as_secs()
        };
        assert_eq!(seconds("1970-01-01T00:00:01Z"), 1);
        assert_eq!(seconds("2000-03-01"), 951_868_800);
        assert_eq!(seconds("2026-11-22T12:03:11Z"), 1_795_348_991);
        for bad in [
            "2026-13-01",
            "2026-01-01T00:00:00",
            "x",
            "2026-01-01T25:00:00Z",
        ] {
            assert!(date(bad).is_none(), "{bad}");
        }
    }
}
