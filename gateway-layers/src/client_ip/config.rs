use gateway_core::config::ConfigError;
use http::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Cidr, ClientIpLayer};

/// Whose forwarding headers to believe.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientIpConfig {
    /// The networks of the proxies in front. None: the peer is the client.
    pub trusted_proxies: Vec<Cidr>,
    /// The header they write. Defaults to `x-forwarded-for`.
    pub header: Option<String>,
}

impl ClientIpLayer {
    /// Builds the layer from its configuration.
    ///
    /// # Errors
    ///
    /// If `header` is not a header name.
    pub fn from_config(config: &ClientIpConfig) -> Result<Self, ConfigError> {
        let layer = Self::trusting(config.trusted_proxies.iter().copied());
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

    fn read(json: &str) -> Result<ClientIpConfig, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn reads_what_the_builder_takes() {
        let config = read(r#"{"trusted_proxies": ["10.0.0.0/8", "::1"], "header": "Forwarded"}"#);
        let layer = ClientIpLayer::from_config(&config.unwrap()).unwrap();
        let text = format!("{layer:?}");
        assert!(
            text.contains("forwarded") && text.contains("10.0.0.0"),
            "{text}"
        );
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert!(read(r#"{"trusted": []}"#).is_err());
        assert!(read(r#"{"trusted_proxies": ["10.0.0.1/8"]}"#).is_err());
        let config = read(r#"{"header": "a b"}"#).unwrap();
        let error = ClientIpLayer::from_config(&config).unwrap_err();
        assert_eq!(error.path(), "header");
    }
}
