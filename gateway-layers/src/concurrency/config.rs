use std::{collections::BTreeMap, num::NonZeroU32};

use gateway_core::{
    Key,
    config::{ConfigError, Duration, Percent},
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Aimd, ConcurrencyLayer, Gradient, Limit, Priority};

/// How many requests may be under way.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConcurrencyConfig {
    /// The limit: a number, `{ gradient: { … } }` or `{ aimd: { … } }`.
    pub limit: LimitConfig,
    /// Whose requests are counted for themselves: `subject`, `client_ip`, `header:x-tenant`, …
    /// Defaults to all together.
    #[serde(default)]
    pub key: Option<String>,
    /// Lets requests wait for their turn. Defaults to no waiting.
    #[serde(default)]
    pub queue: Option<QueueConfig>,
    /// Which requests matter more. Defaults to all alike.
    #[serde(default)]
    pub priority: Option<PriorityConfig>,
}

/// How many requests may be under way.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a number from 1, `{ gradient: … }` or `{ aimd: … }`"
)]
pub enum LimitConfig {
    /// So many.
    Fixed(NonZeroU32),
    /// As many as do not make answers slower.
    Gradient {
        /// How.
        gradient: GradientConfig,
    },
    /// As many as are answered in time.
    Aimd {
        /// How.
        aimd: AimdConfig,
    },
}

/// A limit that shrinks when answers take longer than they used to.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GradientConfig {
    /// The limit to begin with. Defaults to 20.
    pub initial: Option<NonZeroU32>,
    /// The least it can be. Defaults to 1.
    pub min: Option<NonZeroU32>,
    /// The most it can be. Defaults to 1000.
    pub max: Option<NonZeroU32>,
    /// Up to how many times the usual latency is good. Defaults to 1.5.
    pub tolerance: Option<f64>,
}

/// A limit that grows while answers come in time and shrinks when one does not.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AimdConfig {
    /// How long an answer's head may take to be in time.
    pub latency: Duration,
    /// The limit to begin with. Defaults to 20.
    #[serde(default)]
    pub initial: Option<NonZeroU32>,
    /// The least it can be. Defaults to 1.
    #[serde(default)]
    pub min: Option<NonZeroU32>,
    /// The most it can be. Defaults to 1000.
    #[serde(default)]
    pub max: Option<NonZeroU32>,
}

/// How requests wait for their turn.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueConfig {
    /// How long a request may wait.
    pub max_wait: Duration,
    /// How many may wait at once; with a key, of each.
    pub max_depth: usize,
}

/// Which requests matter more.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriorityConfig {
    /// What says the level of a request: `header:x-priority`, `claim:plan`, …
    pub key: String,
    /// Levels by name: up to which share of the limit their requests are let through.
    pub levels: BTreeMap<String, Percent>,
    /// The share of all other requests. Defaults to `100%`.
    #[serde(default)]
    pub default: Option<Percent>,
}

impl ConcurrencyLayer {
    /// Builds the layer from its configuration.
    ///
    /// # Errors
    ///
    /// A key that makes no sense, bounds that contradict each other, a queue nobody can wait in, or
    /// an adaptive limit for each key.
    pub fn from_config(config: &ConcurrencyConfig) -> Result<Self, ConfigError> {
        let limit = config.limit.build().map_err(|error| error.at("limit"))?;
        let mut layer = Self::new(limit);
        if let Some(text) = &config.key {
            if !matches!(limit, Limit::Fixed(_)) {
                let message = "an adaptive limit learns about the upstream, not about one caller";
                return Err(ConfigError::new("key", message)
                    .with_help("write a number as the `limit`, or leave `key` out"));
            }
            layer = layer.key(key("key", text)?);
        }
        if let Some(queue) = config.queue {
            let path = match (queue.max_wait.get().is_zero(), queue.max_depth) {
                (true, _) => "queue.max_wait",
                (_, 0) => "queue.max_depth",
                _ => "",
            };
            if !path.is_empty() {
                return Err(ConfigError::new(path, "nobody could wait")
                    .with_help("leave `queue` out to refuse at once"));
            }
            layer = layer.queue(queue.max_wait.get(), queue.max_depth);
        }
        if let Some(priority) = &config.priority {
            layer = layer.priority(priority.build().map_err(|error| error.at("priority"))?);
        }
        Ok(layer)
    }
}

impl LimitConfig {
    fn build(&self) -> Result<Limit, ConfigError> {
        match self {
            Self::Fixed(limit) => Ok(Limit::Fixed(*limit)),
            Self::Gradient { gradient } => {
                let mut built = Gradient::new();
                let (min, max) = bounds("gradient", gradient.min, gradient.max, built.max)?;
                built = built.between(min, max);
                built = built.initial(gradient.initial.map_or(built.initial, NonZeroU32::get));
                if let Some(tolerance) = gradient.tolerance {
                    if !(1.0..=100.0).contains(&tolerance) {
                        let path = "gradient.tolerance";
                        return Err(ConfigError::new(path, "write a number from 1 to 100"));
                    }
                    built = built.tolerance(tolerance);
                }
                Ok(Limit::Gradient(built))
            }
            Self::Aimd { aimd } => {
                if aimd.latency.get().is_zero() {
                    return Err(ConfigError::new("aimd.latency", "no answer is in time"));
                }
                let mut built = Aimd::new(aimd.latency.get());
                let (min, max) = bounds("aimd", aimd.min, aimd.max, built.max)?;
                built = built.between(min, max);
                built = built.initial(aimd.initial.map_or(built.initial, NonZeroU32::get));
                Ok(Limit::Aimd(built))
            }
        }
    }
}

fn bounds(
    at: &str,
    min: Option<NonZeroU32>,
    max: Option<NonZeroU32>,
    default: u32,
) -> Result<(u32, u32), ConfigError> {
    let min = min.map_or(1, NonZeroU32::get);
    let max = max.map_or(default.max(min), NonZeroU32::get);
    if max < min {
        return Err(ConfigError::new(format!("{at}.max"), "less than `min`"));
    }
    Ok((min, max))
}

impl PriorityConfig {
    fn build(&self) -> Result<Priority, ConfigError> {
        let mut priority = Priority::new(key("key", &self.key)?);
        if self.levels.is_empty() {
            return Err(ConfigError::new("levels", "without levels all are alike"));
        }
        for (name, share) in &self.levels {
            if share.millionths() == 0 {
                let message = "its requests would never be let through";
                return Err(ConfigError::new(format!("levels.{name}"), message));
            }
            priority = priority.level(name, share.ratio());
        }
        Ok(match self.default {
            Some(share) => priority.otherwise(share.ratio()),
            None => priority,
        })
    }
}

fn key(path: &str, text: &str) -> Result<Key, ConfigError> {
    text.parse().map_err(|error| ConfigError::new(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<ConcurrencyLayer, ConfigError> {
        ConcurrencyLayer::from_config(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn every_key_reaches_the_layer() {
        let fixed = build(
            r#"{"limit": 7, "key": "client_ip", "queue": {"max_wait": "2s", "max_depth": 9},
                "priority": {"key": "header:x-p", "levels": {"batch": "50%"}, "default": "90%"}}"#,
        );
        let gradient = build(
            r#"{"limit": {"gradient": {"initial": 5, "min": 2, "max": 50, "tolerance": 2}}}"#,
        );
        let aimd =
            build(r#"{"limit": {"aimd": {"initial": 6, "min": 3, "max": 60, "latency": "1s"}}}"#);
        for (layer, parts) in [
            (
                fixed,
                "Fixed(7)|ClientIp|max_wait: 2s|max_depth: 9|(\"batch\", 500000)|otherwise: 900000",
            ),
            (
                gradient,
                "Gradient { initial: 5, min: 2, max: 50, tolerance: 2.0 }",
            ),
            (aimd, "Aimd { initial: 6, min: 3, max: 60, latency: 1s }"),
        ] {
            let text = format!("{:?}", layer.unwrap());
            for part in parts.split('|') {
                assert!(text.contains(part), "{part} in {text}");
            }
        }
    }

    #[test]
    fn faults_are_told_with_their_path() {
        for (json, path) in [
            (r#"{"limit": 1, "key": "nonsense("}"#, "key"),
            (r#"{"limit": {"gradient": {}}, "key": "client_ip"}"#, "key"),
            (
                r#"{"limit": {"gradient": {"min": 9, "max": 8}}}"#,
                "limit.gradient.max",
            ),
            (
                r#"{"limit": {"gradient": {"tolerance": 0.5}}}"#,
                "limit.gradient.tolerance",
            ),
            (
                r#"{"limit": {"aimd": {"latency": "0s"}}}"#,
                "limit.aimd.latency",
            ),
            (
                r#"{"limit": 1, "queue": {"max_wait": "0s", "max_depth": 1}}"#,
                "queue.max_wait",
            ),
            (
                r#"{"limit": 1, "queue": {"max_wait": "1s", "max_depth": 0}}"#,
                "queue.max_depth",
            ),
            (
                r#"{"limit": 1, "priority": {"key": "client_ip", "levels": {}}}"#,
                "priority.levels",
            ),
            (
                r#"{"limit": 1, "priority": {"key": "client_ip", "levels": {"a": "0%"}}}"#,
                "priority.levels.a",
            ),
        ] {
            assert_eq!(build(json).unwrap_err().path(), path, "{json}");
        }
        for json in [
            r#"{"limit": 0}"#,
            r#"{"limit": {"vegas": {}}}"#,
            r#"{"limit": {"aimd": {}}}"#,
        ] {
            let error = serde_json::from_str::<ConcurrencyConfig>(json).unwrap_err();
            assert!(error.to_string().contains("`{ aimd: … }`"), "{error}");
        }
    }
}
