use std::str::FromStr;

use gateway_core::config::{ConfigError, Duration};
use schemars::JsonSchema;
use serde::Deserialize;

use super::ProxyProtocol;
use crate::client_ip::Cidr;

/// Whose PROXY headers to believe.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProxyProtocolConfig {
    /// The networks of the proxies in front.
    #[serde(default)]
    pub trusted: Vec<Cidr>,
    /// Whether every connection must have a header. Defaults to `required`.
    #[serde(default)]
    pub mode: ProxyProtocolMode,
    /// How long the header may take. Defaults to `3s`.
    #[serde(default)]
    pub timeout: Option<Duration>,
}

/// Whether every connection must have a header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProxyProtocolMode {
    /// A connection without one is closed.
    #[default]
    Required,
    /// It is served as what it is.
    Optional,
}

/// The mode alone; whoever reads the file says who is trusted.
impl FromStr for ProxyProtocolConfig {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let mode = match text {
            "required" => ProxyProtocolMode::Required,
            "optional" => ProxyProtocolMode::Optional,
            _ => {
                let message = format!("`{text}` is neither `required` nor `optional`");
                return Err(ConfigError::new("", message));
            }
        };
        Ok(Self {
            trusted: Vec::new(),
            mode,
            timeout: None,
        })
    }
}

impl ProxyProtocol {
    /// Builds it from its configuration.
    ///
    /// # Errors
    ///
    /// If nobody is trusted, or there is no time for a header.
    pub fn from_config(config: &ProxyProtocolConfig) -> Result<Self, ConfigError> {
        if config.trusted.is_empty() {
            let error = ConfigError::new("trusted", "nobody is trusted, so nobody is served");
            return Err(error.with_help("name the networks of the proxies in front"));
        }
        let required = config.mode == ProxyProtocolMode::Required;
        let built = Self::trusting(config.trusted.iter().copied()).required(required);
        match config.timeout {
            None => Ok(built),
            Some(timeout) if timeout.get().is_zero() => {
                Err(ConfigError::new("timeout", "no header arrives that fast"))
            }
            Some(timeout) => Ok(built.timeout(timeout.get())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<ProxyProtocol, ConfigError> {
        ProxyProtocol::from_config(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn every_key_reaches_the_builder() {
        let built = build(r#"{"trusted": ["10.0.0.0/8"], "mode": "optional", "timeout": "1s"}"#);
        let text = format!("{:?}", built.unwrap());
        for part in ["10.0.0.0", "required: false", "timeout: 1s"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(build(r#"{"trusted": []}"#).unwrap_err().path(), "trusted");
        let none = build(r#"{"trusted": ["::1"], "timeout": "0s"}"#).unwrap_err();
        assert_eq!(none.path(), "timeout");
        let short: ProxyProtocolConfig = "optional".parse().unwrap();
        assert_eq!(short.mode, ProxyProtocolMode::Optional);
        let error = ProxyProtocol::from_config(&short).unwrap_err();
        assert!(error.help().is_some(), "nobody is trusted by accident");
        assert!("true".parse::<ProxyProtocolConfig>().is_err());
    }
}
