use gateway_core::config::Duration;
use schemars::JsonSchema;
use serde::Deserialize;

use super::TimeoutLayer;

/// How long each stage of an answer may take. What is not set is not bounded.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TimeoutConfig {
    /// To the head of the answer, from the last part of the request.
    pub first_byte: Option<Duration>,
    /// A pause in the answer's body.
    pub idle: Option<Duration>,
    /// A pause in the request's body.
    pub upload_idle: Option<Duration>,
    /// To the end of the answer.
    pub total: Option<Duration>,
    /// Whether a client may shorten the total time with `x-gateway-timeout`. Defaults to `false`.
    pub header: bool,
}

impl TimeoutLayer {
    /// Builds the layer from its configuration. Nothing in it can be wrong.
    #[must_use]
    pub fn from_config(config: &TimeoutConfig) -> Self {
        let set =
            |layer: Self, value: Option<Duration>, set: fn(Self, std::time::Duration) -> Self| {
                match value {
                    Some(value) => set(layer, value.get()),
                    None => layer,
                }
            };
        let layer = Self::new().header(config.header);
        let layer = set(layer, config.first_byte, Self::first_byte);
        let layer = set(layer, config.idle, Self::idle);
        let layer = set(layer, config.upload_idle, Self::upload_idle);
        set(layer, config.total, Self::total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_reaches_the_layer() {
        let config: TimeoutConfig = serde_json::from_str(
            r#"{"first_byte": "1s", "idle": "2s", "upload_idle": "3s", "total": "4s",
                "header": true}"#,
        )
        .unwrap();
        let text = format!("{:?}", TimeoutLayer::from_config(&config));
        for part in [
            "first_byte: Some(1s)",
            "idle: Some(2s)",
            "upload_idle: Some(3s)",
            "total: Some(4s)",
            "header: true",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(serde_json::from_str::<TimeoutConfig>(r#"{"connect": "1s"}"#).is_err());
    }
}
