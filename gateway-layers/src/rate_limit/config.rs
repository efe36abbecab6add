use std::{num::NonZeroU64, time::Duration};

use gateway_core::{
    Key,
    config::{ConfigError, Rate},
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::{
    MemoryStore, Mode, OnMissing, OnStoreError, Policy, Quota, RateLimitHeaders, RateLimitLayer,
    Store,
};

/// How many requests are admitted, of whom.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimitConfig {
    /// The rate: `600/min`.
    pub rate: Rate,
    /// How many requests may come at once. Defaults to the number in `rate`.
    #[serde(default)]
    pub burst: Option<NonZeroU64>,
    /// What to count by: `subject`, `client_ip`, `header:x-tenant`, `subject.or(client_ip)`, …
    /// Defaults to `client_ip`.
    #[serde(default)]
    pub key: Option<String>,
    /// Further policies that must be met too.
    #[serde(default)]
    pub policies: Vec<RateLimitPolicyConfig>,
    /// How many tokens a request takes. Without it, the cost a layer outside has set, or 1.
    #[serde(default)]
    pub cost: Option<u64>,
    /// What to do with a request that has no key. Defaults to `share`.
    #[serde(default)]
    pub on_missing: OnMissing,
    /// What to do when the quota is used up: `reject` or `queue: { max_wait, max_depth }`.
    #[serde(default)]
    pub mode: Mode,
    /// Count and log, but refuse nothing.
    #[serde(default)]
    pub shadow: bool,
    /// What responses say about the limits. Defaults to `all`.
    #[serde(default)]
    pub headers: Option<RateLimitHeaders>,
}

/// One more policy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimitPolicyConfig {
    /// The name in headers and refusals.
    pub name: String,
    /// The rate.
    pub rate: Rate,
    /// How many requests may come at once. Defaults to the number in `rate`.
    #[serde(default)]
    pub burst: Option<NonZeroU64>,
    /// What to count by. Defaults to the key of the layer.
    #[serde(default)]
    pub key: Option<String>,
}

impl RateLimitLayer {
    /// Builds the layer from its configuration, counting in a memory store of its own.
    ///
    /// # Errors
    ///
    /// If a quota, key or policy name makes no sense.
    pub fn from_config(config: &RateLimitConfig) -> Result<Self, ConfigError> {
        Self::from_config_with(config, MemoryStore::new(), OnStoreError::Local)
    }
}

impl<St: Store> RateLimitLayer<St> {
    /// Builds the layer from its configuration, counting in `store`.
    ///
    /// # Errors
    ///
    /// If a quota, key or policy name makes no sense.
    pub fn from_config_with(
        config: &RateLimitConfig,
        store: St,
        on_error: OnStoreError,
    ) -> Result<Self, ConfigError> {
        let quota = quota(config.rate, config.burst)?;
        let mut layer = Self::with_store(quota, store, on_error)
            .on_missing(config.on_missing)
            .mode(config.mode)
            .shadow(config.shadow);
        layer = match config.cost {
            Some(cost) => layer.cost(cost),
            None => layer.cost_from_extension(),
        };
        if let Some(key) = &config.key {
            layer = layer.key(parse_key(key)?);
        }
        if let Some(headers) = config.headers {
            layer = layer.headers(headers);
        }
        let mut names = vec!["default"];
        for (index, policy) in config.policies.iter().enumerate() {
            let at = |error: ConfigError| error.at(&format!("policies[{index}]"));
            if names.contains(&policy.name.as_str()) {
                let message = format!("policy `{}` is defined twice", policy.name);
                return Err(at(ConfigError::new("name", message)));
            }
            names.push(&policy.name);
            layer = layer.policy(policy.build().map_err(at)?);
        }
        Ok(layer)
    }
}

impl RateLimitPolicyConfig {
    fn build(&self) -> Result<Policy, ConfigError> {
        let quota = quota(self.rate, self.burst)?;
        let policy =
            Policy::new(&self.name, quota).map_err(|error| ConfigError::new("name", error))?;
        match &self.key {
            Some(key) => Ok(policy.key(parse_key(key)?)),
            None => Ok(policy),
        }
    }
}

fn quota(rate: Rate, burst: Option<NonZeroU64>) -> Result<Quota, ConfigError> {
    let burst = burst.unwrap_or(rate.count());
    Quota::with_burst(rate.count().get(), rate.period(), burst.get())
        .map_err(|error| ConfigError::new("rate", error))
}

fn parse_key(text: &str) -> Result<Key, ConfigError> {
    text.parse().map_err(|error| ConfigError::new("key", error))
}

pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    gateway_core::config::Duration::deserialize(deserializer).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> RateLimitConfig {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn reads_every_setting() {
        let config = read(
            r#"{"rate": "600/min", "burst": 50, "key": "subject.or(client_ip)", "cost": 2,
                "on_missing": "deny", "mode": {"queue": {"max_wait": "2s", "max_depth": 100}},
                "shadow": true, "headers": "standard",
                "policies": [{"name": "daily", "rate": "10000/day", "key": "tenant"}]}"#,
        );
        let layer = RateLimitLayer::from_config(&config).unwrap();
        let text = format!("{layer:?}");
        for part in [
            "burst: 50",
            "Or((Subject, ClientIp))",
            "Fixed(2)",
            "Deny",
            "max_wait: 2s",
            "max_depth: 100",
            "shadow: true",
            "Standard",
            "daily",
            "Tenant",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(
            read(r#"{"rate": "1/s", "mode": "reject"}"#).mode,
            Mode::Reject
        );
    }

    #[test]
    fn mistakes_have_a_path() {
        for (json, path) in [
            (r#"{"rate": "1/s", "key": "subjet"}"#, "key"),
            (
                r#"{"rate": "1/s", "policies": [{"name": "a b", "rate": "1/s"}]}"#,
                "policies[0].name",
            ),
            (
                r#"{"rate": "1/s", "policies": [{"name": "default", "rate": "1/s"}]}"#,
                "policies[0].name",
            ),
            (
                r#"{"rate": "1/week", "burst": 18446744073709551615}"#,
                "rate",
            ),
        ] {
            let error = RateLimitLayer::from_config(&read(json)).unwrap_err();
            assert_eq!(error.path(), path);
        }
        for json in [
            "{}",
            r#"{"rate": "600"}"#,
            r#"{"rate": "1/s", "bursts": 1}"#,
            r#"{"rate": "1/s", "mode": {"queue": {"max_wait": 2, "max_depth": 1}}}"#,
        ] {
            assert!(
                serde_json::from_str::<RateLimitConfig>(json).is_err(),
                "{json}"
            );
        }
    }
}
