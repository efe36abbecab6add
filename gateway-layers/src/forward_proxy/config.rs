use std::collections::BTreeMap;

use gateway_core::config::{ConfigError, Duration, OneOrMany, Secret};
use schemars::JsonSchema;
use serde::Deserialize;

use super::ForwardProxy;
use crate::client_ip::Cidr;

/// Where clients may go, and which clients.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ForwardProxyConfig {
    /// Hosts that may be asked for: `api.example.com`, `*.example.com`, `example.com:8443`. Defaults
    /// to all.
    pub allow: OneOrMany<String>,
    /// Hosts that may not, also if they are allowed.
    pub deny: OneOrMany<String>,
    /// Ports that may be asked for where the host's pattern names none. Defaults to 80 and 443.
    pub ports: Option<Vec<u16>>,
    /// Networks that may be reached although they are not public.
    pub allow_addresses: OneOrMany<Cidr>,
    /// Networks that may not be reached.
    pub deny_addresses: OneOrMany<Cidr>,
    /// Secrets by user: `Basic` takes both, `Bearer` the secret alone. Without users everybody is
    /// admitted.
    pub users: BTreeMap<String, Secret>,
    /// The realm of the challenge. Defaults to `gateway`.
    pub realm: Option<String>,
    /// How long connecting may take. Defaults to `5s`.
    pub connect: Option<Duration>,
    /// How long a tunnel may be silent. Defaults to `5m`.
    pub idle: Option<Duration>,
    /// The pseudonym in `Via`. Defaults to `gateway`.
    pub via: Option<String>,
}

impl ForwardProxy {
    /// Builds the proxy from its configuration.
    ///
    /// # Errors
    ///
    /// As of [`build`](super::ForwardProxyBuilder::build).
    pub fn from_config(config: &ForwardProxyConfig) -> Result<Self, ConfigError> {
        let mut builder = Self::builder();
        for pattern in config.allow.iter() {
            builder = builder.allow(pattern);
        }
        for pattern in config.deny.iter() {
            builder = builder.deny(pattern);
        }
        if let Some(ports) = &config.ports {
            builder = builder.ports(ports.iter().copied());
        }
        for network in config.allow_addresses.iter() {
            builder = builder.allow_addresses(*network);
        }
        for network in config.deny_addresses.iter() {
            builder = builder.deny_addresses(*network);
        }
        for (name, secret) in &config.users {
            builder = builder.user(name, secret.expose());
        }
        if let Some(realm) = &config.realm {
            builder = builder.realm(realm);
        }
        if let Some(connect) = config.connect {
            builder = builder.connect_timeout(connect.get());
        }
        if let Some(idle) = config.idle {
            builder = builder.idle_timeout(idle.get());
        }
        if let Some(via) = &config.via {
            builder = builder.via(via);
        }
        builder
            .build()
            .map_err(|error| ConfigError::new(error.path(), error.message()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<ForwardProxy, ConfigError> {
        ForwardProxy::from_config(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn every_key_reaches_the_builder() {
        let proxy = build(
            r#"{"allow": ["*.a.example"], "deny": "b.a.example", "ports": [8080],
                "allow_addresses": "10.1.0.0/16", "deny_addresses": ["10.1.2.0/24"],
                "users": {"ci": "s3cret"}, "realm": "r", "connect": "1s", "idle": "2s",
                "via": "edge"}"#,
        )
        .unwrap();
        let text = format!("{proxy:?}");
        for part in [
            "a.example",
            "b.a.example",
            "8080",
            "10.1.0.0",
            "10.1.2.0",
            "ci",
            "1s",
            "idle: 2s",
            "edge",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("s3cret"));
    }

    #[test]
    fn faults_are_told_with_their_path() {
        for (json, path) in [
            (r#"{"allow": ["a", "b/c"]}"#, "allow[1]"),
            (r#"{"deny": "*x"}"#, "deny[0]"),
            (r#"{"users": {"a": ""}}"#, "users.a"),
            (r#"{"users": {"a": "x", "b": "x"}}"#, "users.b"),
            (r#"{"users": {"a:b": "x"}}"#, "users.a:b"),
            (r#"{"connect": "0s"}"#, "connect"),
            (r#"{"idle": "0s"}"#, "idle"),
            (r#"{"via": "a b"}"#, "via"),
            (r#"{"realm": "\""}"#, "realm"),
        ] {
            assert_eq!(build(json).unwrap_err().path(), path, "{json}");
        }
        assert!(serde_json::from_str::<ForwardProxyConfig>(r#"{"hosts": []}"#).is_err());
    }
}
