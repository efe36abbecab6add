use gateway_core::config::{ByteSize, ConfigError, Duration, Percent};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{On, RetryBudget, RetryLayer};

/// When and how often a failed request is sent again.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetryConfig {
    /// How often a request is sent at most, the first time included. Defaults to 2.
    pub attempts: Option<u32>,
    /// What is worth another attempt: `connect`, `reset`, `timeout`, or a status.
    /// Defaults to `[connect, reset, 502, 503, 504]`.
    #[serde(rename = "for")]
    pub on: Option<Vec<OnConfig>>,
    /// How long one attempt may take to its head. Defaults to no bound.
    pub per_try: Option<Duration>,
    /// The bound of the first wait, which doubles. Defaults to `25ms`.
    pub backoff: Option<Duration>,
    /// The longest wait. Defaults to `1s`.
    pub max_backoff: Option<Duration>,
    /// The longest `Retry-After` that is waited for. Defaults to `1s`.
    pub retry_after: Option<Duration>,
    /// The share of requests that may be retries. Defaults to `20%`.
    pub budget: Option<Percent>,
    /// How many retries a second there may be where the share is less. Defaults to 3.
    pub floor: Option<u32>,
    /// How much of a body is kept to be sent again. Defaults to `64KiB`.
    pub replay: Option<ByteSize>,
}

/// What is worth another attempt.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "`connect`, `reset`, `timeout` or a status")]
pub enum OnConfig {
    /// A failure of the connection.
    Failure(FailureConfig),
    /// A status of the upstream.
    Status(u16),
}

/// A failure of the connection.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureConfig {
    /// No connection could be made.
    Connect,
    /// The connection ended before the head of the answer.
    Reset,
    /// No head in time.
    Timeout,
}

impl RetryConfig {
    /// The budget it describes, to be shared with others.
    #[must_use]
    pub fn shared_budget(&self) -> RetryBudget {
        let (per_mille, floor) = self.allowance();
        RetryBudget::new(per_mille, floor)
    }

    fn allowance(&self) -> (u32, u32) {
        let per_mille = self.budget.map_or(200, |share| share.millionths() / 1000);
        (per_mille, self.floor.unwrap_or(3))
    }
}

impl RetryLayer {
    /// Builds the layer from its configuration.
    ///
    /// # Errors
    ///
    /// No attempts at all, or a status that is not one.
    pub fn from_config(config: &RetryConfig) -> Result<Self, ConfigError> {
        let mut layer = Self::new();
        if let Some(attempts) = config.attempts {
            if attempts == 0 {
                return Err(ConfigError::new("attempts", "no attempt at all")
                    .with_help("1 sends each request once"));
            }
            layer = layer.attempts(attempts);
        }
        if let Some(on) = &config.on {
            layer = layer.on(conditions(on)?);
        }
        if let Some(per_try) = config.per_try {
            layer = layer.per_try(per_try.get());
        }
        let base = config.backoff.unwrap_or(Duration::from_millis(25));
        let max = config.max_backoff.unwrap_or(Duration::from_secs(1));
        layer = layer.backoff(base.get(), max.get());
        if let Some(max) = config.retry_after {
            layer = layer.retry_after(max.get());
        }
        if let Some(replay) = config.replay {
            layer = layer.replay(replay.as_usize());
        }
        let (per_mille, floor) = config.allowance();
        Ok(layer.budget(per_mille, floor))
    }
}

fn conditions(on: &[OnConfig]) -> Result<Vec<On>, ConfigError> {
    let each = on.iter().enumerate();
    each.map(|(index, on)| match on {
        OnConfig::Failure(FailureConfig::Connect) => Ok(On::Connect),
        OnConfig::Failure(FailureConfig::Reset) => Ok(On::Reset),
        OnConfig::Failure(FailureConfig::Timeout) => Ok(On::Timeout),
        OnConfig::Status(status) => StatusCode::from_u16(*status)
            .map(On::Status)
            .map_err(|_| ConfigError::new(format!("for[{index}]"), "not a status")),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<RetryLayer, ConfigError> {
        RetryLayer::from_config(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn every_key_reaches_the_layer() {
        let layer = build(
            r#"{"attempts": 3, "for": ["connect", "timeout", 429], "per_try": "7s",
                "backoff": "5ms", "max_backoff": "6s", "retry_after": "8s", "budget": "10%",
                "floor": 9, "replay": "1KiB"}"#,
        )
        .unwrap();
        let text = format!("{layer:?}");
        for part in [
            "attempts: 3",
            "[Connect, Timeout, Status(429)]",
            "per_try: Some(7s)",
            "base: 5ms",
            "max: 6s",
            "retry_after: 8s",
            "per_mille: 100",
            "floor: 9",
            "replay: 1024",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn faults_are_told_with_their_path() {
        assert_eq!(build(r#"{"attempts": 0}"#).unwrap_err().path(), "attempts");
        assert_eq!(build(r#"{"for": [502, 1]}"#).unwrap_err().path(), "for[1]");
        let unknown = serde_json::from_str::<RetryConfig>(r#"{"for": ["5xx"]}"#).unwrap_err();
        assert!(unknown.to_string().contains("`connect`"), "{unknown}");
    }
}
