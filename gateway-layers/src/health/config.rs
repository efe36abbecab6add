use gateway_core::config::{ConfigError, Duration};
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Probe;

/// What to ask an endpoint, how often, and what to make of the answers. A path alone will do.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a path, or `{ path, … }`")]
pub enum ProbeConfig {
    /// `GET` this path, with the defaults.
    Path(String),
    /// In detail.
    Detailed(ProbeDetails),
}

/// A probe in detail.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbeDetails {
    /// The path to ask for.
    pub path: String,
    /// The method. Defaults to `GET`.
    #[serde(default)]
    pub method: Option<String>,
    /// The time between two probes of an endpoint. Defaults to `5s`.
    #[serde(default)]
    pub every: Option<Duration>,
    /// How long an answer may take. Defaults to `2s`.
    #[serde(default)]
    pub timeout: Option<Duration>,
    /// How many good probes in a row bring an endpoint back. Defaults to 2.
    #[serde(default)]
    pub up: Option<u32>,
    /// How many bad probes in a row take an endpoint out. Defaults to 3.
    #[serde(default)]
    pub down: Option<u32>,
    /// The one status that is good. Defaults to any from 200 to 399.
    #[serde(default)]
    pub status: Option<u16>,
    /// What the body must contain. Defaults to nothing.
    #[serde(default)]
    pub body: Option<String>,
}

impl Probe {
    /// Builds the probe from its configuration.
    ///
    /// # Errors
    ///
    /// The path or the method is malformed.
    pub fn from_config(config: &ProbeConfig) -> Result<Self, ConfigError> {
        let details = match config {
            ProbeConfig::Path(path) => {
                return Self::get(path).map_err(|error| ConfigError::new("", error));
            }
            ProbeConfig::Detailed(details) => details,
        };
        let mut probe =
            Self::get(&details.path).map_err(|error| ConfigError::new("path", error))?;
        if let Some(method) = &details.method {
            let method = Method::from_bytes(method.as_bytes())
                .map_err(|_| ConfigError::new("method", "not a method"))?;
            probe = probe.method(method);
        }
        if let Some(every) = details.every {
            probe = probe.every(every.get());
        }
        if let Some(timeout) = details.timeout {
            probe = probe.timeout(timeout.get());
        }
        if let Some(up) = details.up {
            probe = probe.up_after(up);
        }
        if let Some(down) = details.down {
            probe = probe.down_after(down);
        }
        if let Some(status) = details.status {
            probe = probe.expect_status(status..=status);
        }
        if let Some(body) = &details.body {
            probe = probe.expect_body(body);
        }
        Ok(probe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<Probe, ConfigError> {
        Probe::from_config(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn every_key_reaches_the_probe() {
        let probe = build(
            r#"{"path": "/ping", "method": "HEAD", "every": "9s", "timeout": "8s", "up": 7,
                "down": 6, "status": 204, "body": "pong"}"#,
        )
        .unwrap();
        let text = format!("{probe:?}");
        for part in [
            "/ping",
            "HEAD",
            "every: 9s",
            "timeout: 8s",
            "up: 7",
            "down: 6",
            "204..=204",
            "pong",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(build(r#""/healthz""#).is_ok());
    }

    #[test]
    fn faults_are_told_with_their_path() {
        assert_eq!(build(r#""healthz""#).unwrap_err().path(), "");
        assert_eq!(build(r#"{"path": "x"}"#).unwrap_err().path(), "path");
        let method = build(r#"{"path": "/", "method": "A B"}"#).unwrap_err();
        assert_eq!(method.path(), "method");
        assert!(serde_json::from_str::<ProbeConfig>(r#"{"path": "/", "each": "1s"}"#).is_err());
    }
}
