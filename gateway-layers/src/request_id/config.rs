use gateway_core::config::ConfigError;
use http::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;

use super::RequestIdLayer;
use crate::client_ip::Cidr;

/// How requests get their ids.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RequestIdConfig {
    /// The header that carries the id. Defaults to `x-request-id`.
    pub header: Option<String>,
    /// The peers whose ids are kept. Defaults to none.
    pub trusted_proxies: Vec<Cidr>,
}

impl RequestIdLayer {
    /// Builds the layer from its configuration.
    ///
    /// # Errors
    ///
    /// If `header` is not a header name.
    pub fn from_config(config: &RequestIdConfig) -> Result<Self, ConfigError> {
        let layer = Self::new().trusting(config.trusted_proxies.iter().copied());
        let Some(name) = &config.header else {
            return Ok(layer);
        };
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| ConfigError::new("header", format!("`{name}` is not a header name")))?;
        Ok(layer.header(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_builder_takes() {
        let json = r#"{"header": "X-Correlation-Id", "trusted_proxies": ["10.0.0.0/8"]}"#;
        let config: RequestIdConfig = serde_json::from_str(json).unwrap();
        let text = format!("{:?}", RequestIdLayer::from_config(&config).unwrap());
        assert!(
            text.contains("x-correlation-id") && text.contains("10.0.0.0"),
            "{text}"
        );
        assert!(serde_json::from_str::<RequestIdConfig>(r#"{"headers": ""}"#).is_err());
        let bad = RequestIdConfig {
            header: Some(String::new()),
            ..Default::default()
        };
        assert_eq!(
            RequestIdLayer::from_config(&bad).unwrap_err().path(),
            "header"
        );
    }
}
