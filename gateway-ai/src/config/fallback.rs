use std::{borrow::Cow, fmt};

use gateway_core::config::Duration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use crate::fallback::{Commit, Condition, Fallback};

/// When the next target is asked, and how long anything may take.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FallbackConfig {
    /// `connect`, statuses, `4xx`, `5xx`. Defaults to connect, 401, 402, 408, 429 and 5xx.
    #[serde(default, rename = "for")]
    pub conditions: Option<Vec<ConditionConfig>>,
    /// How long a stream may take to its first token; exceeding it always falls back. Defaults to 5m.
    #[serde(default)]
    pub first_token: Option<Duration>,
    /// How long one target may take to an answer that is not streamed. Defaults to no limit.
    #[serde(default)]
    pub attempt: Option<Duration>,
    /// How long a stream may be silent. Defaults to 2m.
    #[serde(default)]
    pub idle: Option<Duration>,
    /// How long all attempts together may take, to the end of a stream. Defaults to no limit.
    #[serde(default)]
    pub total: Option<Duration>,
    /// Up to when another target may take over. Defaults to `first_content`.
    #[serde(default)]
    pub commit: CommitConfig,
}

/// Up to when another target may take over.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommitConfig {
    /// Until a reader would see something.
    #[default]
    FirstContent,
    /// Until the first event of any sort.
    FirstEvent,
}

/// `connect`, a status, `4xx` or `5xx`.
#[derive(Clone, Copy, Debug)]
pub struct ConditionConfig(pub Condition);

impl FallbackConfig {
    pub(super) fn policy(&self) -> Fallback {
        let mut policy = match &self.conditions {
            Some(conditions) => Fallback::never().with(conditions.iter().map(|c| c.0)),
            None => Fallback::default(),
        };
        policy = policy.commit(match self.commit {
            CommitConfig::FirstContent => Commit::FirstContent,
            CommitConfig::FirstEvent => Commit::FirstEvent,
        });
        if let Some(limit) = self.first_token {
            policy = policy.first_token(limit.get());
        }
        if let Some(limit) = self.attempt {
            policy = policy.attempt(limit.get());
        }
        if let Some(limit) = self.idle {
            policy = policy.idle(limit.get());
        }
        if let Some(limit) = self.total {
            policy = policy.total(limit.get());
        }
        policy
    }
}

impl<'de> Deserialize<'de> for ConditionConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = ConditionConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`connect`, a status such as 429, `4xx` or `5xx`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ConditionConfig, E> {
        text.parse().map(ConditionConfig).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, status: u64) -> Result<ConditionConfig, E> {
        self.visit_str(&status.to_string())
    }

    fn visit_i64<E: de::Error>(self, status: i64) -> Result<ConditionConfig, E> {
        self.visit_str(&status.to_string())
    }
}

impl JsonSchema for ConditionConfig {
    fn schema_name() -> Cow<'static, str> {
        "FallbackCondition".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "enum": ["connect", "4xx", "5xx"] },
                { "type": "integer", "minimum": 400, "maximum": 599 },
            ]
        })
    }
}
