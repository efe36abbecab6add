use gateway_core::config::{ConfigError, Duration};
use schemars::JsonSchema;
use serde::Deserialize;

use super::HstsLayer;

/// What browsers are told about HTTPS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HstsConfig {
    /// For how long they come over HTTPS only; `0s` makes them forget. Defaults to `365d`.
    pub max_age: Option<Duration>,
    /// Whether it holds for subdomains, too.
    pub include_subdomains: bool,
    /// Whether browsers may ship with it.
    pub preload: bool,
}

impl HstsLayer {
    /// Builds the layer from its configuration.
    ///
    /// # Errors
    ///
    /// If `preload` is asked for without what the preload list asks for.
    pub fn from_config(config: &HstsConfig) -> Result<Self, ConfigError> {
        let max_age = config.max_age.map_or(YEAR, Duration::get);
        if config.preload && (max_age < YEAR || !config.include_subdomains) {
            let error = ConfigError::new("preload", "no preload list takes it like this");
            let help = "it takes `include_subdomains: true` and a `max_age` of 365d at least";
            return Err(error.with_help(help));
        }
        Ok(Self::new(max_age)
            .include_subdomains(config.include_subdomains)
            .preload(config.preload))
    }
}

const YEAR: std::time::Duration = std::time::Duration::from_secs(365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<HstsLayer, ConfigError> {
        HstsLayer::from_config(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn every_key_reaches_the_builder() {
        let json = r#"{"max_age": "400d", "include_subdomains": true, "preload": true}"#;
        let text = format!("{:?}", build(json).unwrap());
        for part in ["34560000s", "include_subdomains: true", "preload: true"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        for json in [
            r#"{"preload": true}"#,
            r#"{"preload": true, "include_subdomains": true, "max_age": "1d"}"#,
        ] {
            assert_eq!(build(json).unwrap_err().path(), "preload");
        }
    }
}
