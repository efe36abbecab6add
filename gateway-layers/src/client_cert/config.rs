use std::collections::BTreeMap;

use gateway_core::config::ConfigError;
use http::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;

use super::ClientCertLayer;

/// Admits callers whose connection proved a client certificate.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientCertConfig {
    /// Let requests without a certificate pass.
    pub optional: bool,
    /// Headers for upstream and the claims they hold: `x-user: sub`.
    pub to_upstream: BTreeMap<String, String>,
}

impl ClientCertLayer {
    /// Builds the layer from its configuration.
    ///
    /// # Errors
    ///
    /// If a header has a name that none can have.
    pub fn from_config(config: &ClientCertConfig) -> Result<Self, ConfigError> {
        let mut layer = Self::new().optional(config.optional);
        for (name, claim) in &config.to_upstream {
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                ConfigError::new("to_upstream", format!("`{name}` is not a header name"))
            })?;
            layer = layer.claim_to_header(claim, header);
        }
        Ok(layer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_reaches_the_builder() {
        let text = r#"{"optional": true, "to_upstream": {"x-subject": "sub"}}"#;
        let config: ClientCertConfig = serde_json::from_str(text).unwrap();
        let layer = format!("{:?}", ClientCertLayer::from_config(&config).unwrap());
        assert!(
            layer.contains("optional: true") && layer.contains("x-subject"),
            "{layer}"
        );
        let config = serde_json::from_str(r#"{"to_upstream": {"a b": "sub"}}"#).unwrap();
        let error = ClientCertLayer::from_config(&config).unwrap_err();
        assert_eq!(error.path(), "to_upstream");
        assert!(serde_json::from_str::<ClientCertConfig>(r#"{"ca": "x"}"#).is_err());
    }
}
