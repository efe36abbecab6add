use gateway_core::config::{ConfigError, Duration};
use schemars::JsonSchema;
use serde::Deserialize;

use super::TimeoutLayer;

/// How long an answer may take. What is not set has no limit.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TimeoutConfig {
    /// From the call to the response head.
    pub first_byte: Option<Duration>,
    /// The longest pause of the response body.
    pub idle: Option<Duration>,
    /// The longest pause of the request body.
    pub upload_idle: Option<Duration>,
    /// From the call to the end of the response.
    pub total: Option<Duration>,
    /// Whether clients may shorten the total with `x-gateway-timeout`. Defaults to `false`.
    pub client_header: bool,
}

impl TimeoutLayer {
    /// Builds the layer from its configuration.
    ///
    /// # Errors
    ///
    /// If a clock is set to zero, which no answer could meet.
    pub fn from_config(config: &TimeoutConfig) -> Result<Self, ConfigError> {
        let mut layer = Self::new().client_header(config.client_header);
        let clocks: [(&str, Option<Duration>, Setter); 4] = [
            ("first_byte", config.first_byte, Self::first_byte),
            ("idle", config.idle, Self::idle),
            ("upload_idle", config.upload_idle, Self::upload_idle),
            ("total", config.total, Self::total),
        ];
        for (name, limit, set) in clocks {
            let Some(limit) = limit else { continue };
            let limit = std::time::Duration::from(limit);
            if limit.is_zero() {
                let error = ConfigError::new(name, "no answer can take no time");
                return Err(error.with_help("remove it for no limit"));
            }
            layer = set(layer, limit);
        }
        Ok(layer)
    }
}

type Setter = fn(TimeoutLayer, std::time::Duration) -> TimeoutLayer;

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<TimeoutLayer, ConfigError> {
        TimeoutLayer::from_config(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn reads_what_the_builder_takes() {
        let all = r#"{"first_byte": "3s", "idle": "60s", "upload_idle": "30s", "total": "5m", "client_header": true}"#;
        let text = format!("{:?}", build(all).unwrap());
        for set in [
            "first_byte: Some(3s)",
            "idle: Some(60s)",
            "total: Some(300s)",
            "client_header: true",
        ] {
            assert!(text.contains(set), "{text}");
        }
        assert_eq!(build(r#"{"idle": "0s"}"#).unwrap_err().path(), "idle");
        assert!(serde_json::from_str::<TimeoutConfig>(r#"{"idle": 3}"#).is_err());
    }
}
