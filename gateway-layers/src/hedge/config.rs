use std::str::FromStr;

use gateway_core::config::{ConfigError, Duration};
use schemars::JsonSchema;
use serde::Deserialize;

use super::HedgeLayer;

/// When a safe request is sent a second time because its answer takes unusually long.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HedgeConfig {
    /// After which time: `50ms`, or longer than which share of the latest answers took: `p95`.
    pub after: String,
    /// How often it is sent beyond the first time at most, up to 3. Defaults to 1.
    #[serde(default)]
    pub max: Option<u32>,
}

impl HedgeLayer {
    /// Builds the layer from its configuration.
    ///
    /// # Errors
    ///
    /// `after` is neither a time nor a quantile, or `max` is not from 1 to 3.
    pub fn from_config(config: &HedgeConfig) -> Result<Self, ConfigError> {
        let fault = |message: &str| {
            ConfigError::new("after", message.to_owned())
                .with_help("write a time such as `50ms`, or a quantile from `p50` to `p99.9`")
        };
        let layer = match config.after.strip_prefix('p') {
            Some(quantile) => match quantile.parse::<f64>() {
                Ok(percent) if (50.0..=99.9).contains(&percent) => {
                    Self::after_quantile(percent / 100.0)
                }
                _ => return Err(fault("not a quantile from `p50` to `p99.9`")),
            },
            None => match Duration::from_str(&config.after) {
                Ok(time) if !time.get().is_zero() => Self::after(time.get()),
                Ok(_) => return Err(fault("every request would be sent twice")),
                Err(error) => return Err(fault(&error.to_string())),
            },
        };
        match config.max {
            None => Ok(layer),
            Some(max @ 1..=3) => Ok(layer.max(max)),
            Some(_) => Err(ConfigError::new("max", "write a number from 1 to 3")
                .with_help("leave `hedge` out to send each request once")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<HedgeLayer, ConfigError> {
        HedgeLayer::from_config(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn every_key_reaches_the_layer() {
        for (json, part) in [
            (r#"{"after": "p95"}"#, "after: Quantile(950)"),
            (r#"{"after": "p99.5"}"#, "after: Quantile(995)"),
            (r#"{"after": "50ms"}"#, "after: Time(50ms)"),
            (r#"{"after": "50ms", "max": 3}"#, "max: 3"),
        ] {
            let text = format!("{:?}", build(json).unwrap());
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn faults_are_told_with_their_path() {
        for (json, path) in [
            (r#"{"after": "p10"}"#, "after"),
            (r#"{"after": "p100"}"#, "after"),
            (r#"{"after": "pp"}"#, "after"),
            (r#"{"after": "0s"}"#, "after"),
            (r#"{"after": "50"}"#, "after"),
            (r#"{"after": "p95", "max": 0}"#, "max"),
            (r#"{"after": "p95", "max": 4}"#, "max"),
        ] {
            assert_eq!(build(json).unwrap_err().path(), path, "{json}");
        }
    }
}
