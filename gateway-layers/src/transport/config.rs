use std::path::{Path, PathBuf};

use gateway_core::config::{ConfigError, Duration, Secret};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Client, Protocol};

/// How to connect to an upstream.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientConfig {
    /// How long name resolution, TCP and TLS may take together. Defaults to `3s`.
    pub connect: Option<Duration>,
    /// How long a connection may stay unused. Defaults to `60s`.
    pub idle: Option<Duration>,
    /// How many unused connections are kept per host; 0 turns reuse off. Defaults to 1024.
    pub max_idle: Option<usize>,
    /// Which HTTP to speak. Defaults to `auto`.
    pub protocol: ProtocolConfig,
    /// Whom to trust over TLS. Defaults to the public authorities and the host of the URL.
    pub tls: TlsConfig,
}

/// Which HTTP to speak.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProtocolConfig {
    /// What ALPN selects; HTTP/1.1 in the clear.
    #[default]
    Auto,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only, in the clear by prior knowledge.
    Http2,
}

/// Whom to trust over TLS.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// A PEM file of certificate authorities to trust instead of the public ones.
    pub ca: Option<PathBuf>,
    /// The name to ask for and to find in the certificate, instead of the host of the URL.
    pub server_name: Option<String>,
    /// A PEM file with the certificate to show to the upstream, and its chain.
    pub client_cert: Option<PathBuf>,
    /// The key of `client_cert` in PEM, by reference: `${file:client.key}`.
    pub client_key: Option<Secret>,
    /// The oldest version to accept. Defaults to `"1.2"`.
    pub min_version: Option<TlsVersionConfig>,
    /// Accept any certificate, of anybody. Whoever is between can read and change everything.
    pub insecure_skip_verify: bool,
}

impl TlsConfig {
    /// Every path in it, to make them relative to the config file.
    pub fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [&mut self.ca, &mut self.client_cert].into_iter().flatten()
    }
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub enum TlsVersionConfig {
    /// TLS 1.2.
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    Tls13,
}

impl From<ProtocolConfig> for Protocol {
    fn from(protocol: ProtocolConfig) -> Self {
        match protocol {
            ProtocolConfig::Auto => Self::Auto,
            ProtocolConfig::Http1 => Self::Http1,
            ProtocolConfig::Http2 => Self::Http2,
        }
    }
}

impl Client {
    /// Builds the client from its configuration. Reads the CA file.
    ///
    /// # Errors
    ///
    /// The CA file cannot be read or holds no certificate, or the server name is not a name.
    pub fn from_config(config: &ClientConfig) -> Result<Self, ConfigError> {
        let mut builder = Self::builder().protocol(config.protocol.into());
        if let Some(connect) = config.connect {
            builder = builder.connect_timeout(connect.get());
        }
        if let Some(idle) = config.idle {
            builder = builder.idle_timeout(idle.get());
        }
        if let Some(max) = config.max_idle {
            builder = builder.max_idle_per_host(max);
        }
        if let Some(name) = &config.tls.server_name {
            builder = builder.server_name(name);
        }
        if let Some(path) = &config.tls.ca {
            builder = builder.ca_pem(read("tls.ca", path)?);
        }
        match (&config.tls.client_cert, &config.tls.client_key) {
            (Some(path), Some(key)) => {
                let chain = read("tls.client_cert", path)?;
                builder = builder.client_certificate_pem(chain, key.expose());
            }
            (Some(_), None) => {
                let error = ConfigError::new("tls.client_cert", "its `client_key` is missing");
                return Err(error);
            }
            (None, Some(_)) => {
                let error = ConfigError::new("tls.client_key", "its `client_cert` is missing");
                return Err(error);
            }
            (None, None) => {}
        }
        if let Some(TlsVersionConfig::Tls13) = config.tls.min_version {
            builder = builder.tls13_only(true);
        }
        builder = builder.danger_accept_any_certificate(config.tls.insecure_skip_verify);
        builder
            .build()
            .map_err(|error| ConfigError::new("tls", error))
    }
}

fn read(option: &str, path: &Path) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(path)
        .map_err(|error| ConfigError::new(option, format!("`{}`: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(json: &str) -> Result<Client, ConfigError> {
        Client::from_config(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn every_key_reaches_the_builder() {
        let ca = concat!(env!("CARGO_MANIFEST_DIR"), "/src/transport/testdata/ca.pem");
        let cert = ca.replace("ca.pem", "server.pem");
        let key = std::fs::read_to_string(ca.replace("ca.pem", "server.key")).unwrap();
        let client = build(&format!(
            r#"{{"connect": "1s", "idle": "2s", "max_idle": 3, "protocol": "http2",
                "tls": {{"ca": "{ca}", "server_name": "a.example", "client_cert": "{cert}",
                    "client_key": {key:?}, "min_version": "1.3", "insecure_skip_verify": true}}}}"#
        ))
        .unwrap();
        let text = format!("{client:?}");
        for part in [
            "timeout: 1s",
            "2s",
            "max_idle: 3",
            "Http2",
            "a.example",
            "any: true",
            "client_auth: true",
            "tls13: true",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn faults_are_told_with_their_path() {
        let missing = build(r#"{"tls": {"ca": "/nowhere/ca.pem"}}"#).unwrap_err();
        assert_eq!(missing.path(), "tls.ca");
        for (half, path) in [
            ("client_cert", "tls.client_cert"),
            ("client_key", "tls.client_key"),
        ] {
            let error = build(&format!(r#"{{"tls": {{"{half}": "x"}}}}"#)).unwrap_err();
            assert_eq!(error.path(), path);
            assert!(error.message().contains("missing"), "{error:?}");
        }
        let name = build(r#"{"tls": {"server_name": "a b"}}"#).unwrap_err();
        assert_eq!(name.path(), "tls");
        assert!(serde_json::from_str::<ClientConfig>(r#"{"tls": {"verify": false}}"#).is_err());
    }
}
