use gateway_core::config::{ConfigError, Duration};
use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Forwarding, Host, ProxyBuilder, Tunnels};

/// How requests are forwarded.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProxyConfig {
    /// Which `Host` the upstream sees. Defaults to `pass`.
    pub host: HostConfig,
    /// What happens to the client's `X-Forwarded-*` and `Forwarded`. Defaults to `replace`.
    pub forwarding: ForwardingConfig,
    /// Whether to send `Forwarded` (RFC 7239) beside `X-Forwarded-*`. Defaults to `false`.
    pub rfc7239: bool,
    /// The pseudonym in `Via`; empty leaves `Via` alone. Defaults to `gateway`.
    pub via: Option<String>,
    /// Cut from the path before the endpoint's own path is put in front. Defaults to none.
    pub strip_prefix: String,
    /// Headers set by the gateway which a client's `Connection` cannot remove. Defaults to none.
    pub protect: Vec<String>,
    /// How long an upgraded connection may be silent. Defaults to `10m`.
    pub tunnel_idle: Option<Duration>,
    /// Whether `102` and `103` of the upstream are passed on to HTTP/1.1 clients. Defaults to `false`.
    pub interim: bool,
}

/// Which `Host` the upstream sees.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostConfig {
    /// The client's.
    #[default]
    Pass,
    /// The endpoint's own.
    Upstream,
    /// This one.
    Set(String),
}

/// What happens to the forwarding headers of a request.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ForwardingConfig {
    /// Removed, and set to what the gateway knows.
    #[default]
    Replace,
    /// Kept, and the gateway's own hop appended.
    Append,
    /// Kept as they are.
    Keep,
}

impl ProxyBuilder {
    /// Applies a configuration to the builder.
    ///
    /// # Errors
    ///
    /// A header name or value is malformed.
    pub fn configured(mut self, config: &ProxyConfig) -> Result<Self, ConfigError> {
        let host = match &config.host {
            HostConfig::Pass => Host::Pass,
            HostConfig::Upstream => Host::Upstream,
            HostConfig::Set(host) => {
                let host = HeaderValue::from_str(host)
                    .map_err(|_| ConfigError::new("host.set", "not a host name"))?;
                Host::Set(host)
            }
        };
        let forwarding = match config.forwarding {
            ForwardingConfig::Replace => Forwarding::Replace,
            ForwardingConfig::Append => Forwarding::Append,
            ForwardingConfig::Keep => Forwarding::Keep,
        };
        self = self
            .host(host)
            .forwarding(forwarding)
            .rfc7239(config.rfc7239)
            .strip_prefix(&config.strip_prefix)
            .interim(config.interim);
        if let Some(via) = &config.via {
            self = self.via(Some(via.as_str()).filter(|via| !via.is_empty()));
        }
        if let Some(idle) = config.tunnel_idle {
            self = self.tunnels(Tunnels::new().idle_timeout(idle.get()));
        }
        for (index, name) in config.protect.iter().enumerate() {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                ConfigError::new(
                    format!("protect[{index}]"),
                    format!("`{name}` is not a header name"),
                )
            })?;
            self = self.protect([name]);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Proxy;
    use super::*;

    fn build(json: &str) -> Result<ProxyBuilder, ConfigError> {
        let config: ProxyConfig = serde_json::from_str(json).unwrap();
        Proxy::builder("http://127.0.0.1:1/api")
            .unwrap()
            .configured(&config)
    }

    #[test]
    fn every_key_reaches_the_builder() {
        let builder = build(
            r#"{"host": {"set": "a.example"}, "forwarding": "append", "rfc7239": true,
                "via": "edge", "strip_prefix": "/shop", "protect": ["x-user"],
                "tunnel_idle": "5s", "interim": true}"#,
        )
        .unwrap();
        let text = format!("{builder:?}");
        for part in [
            "a.example",
            "Append",
            "edge",
            "/shop",
            "x-user",
            "idle: 5s",
            "interim: true",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(builder.build().is_ok());
    }

    #[test]
    fn faults_are_told_with_their_path() {
        assert_eq!(
            build(r#"{"host": {"set": "a\nb"}}"#).unwrap_err().path(),
            "host.set"
        );
        assert_eq!(
            build(r#"{"protect": ["ok", "a b"]}"#).unwrap_err().path(),
            "protect[1]"
        );
        assert!(serde_json::from_str::<ProxyConfig>(r#"{"hosts": "pass"}"#).is_err());
    }
}
