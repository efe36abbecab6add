use std::{num::NonZeroU32, path::PathBuf, str::FromStr};

use gateway_core::config::{ConfigError, Duration};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Certificate, ClientAuth, MinVersion, Part, TlsAcceptor, TlsError};

/// How TLS ends on a listener.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsServerConfig {
    /// A PEM file with the certificate and its chain; clients get it unless they ask for a name
    /// that one of `certs` has.
    pub cert: Option<PathBuf>,
    /// The PEM file with its key.
    pub key: Option<PathBuf>,
    /// Certificates for other names.
    pub certs: Vec<CertificateConfig>,
    /// Makes a certificate for these names and addresses at each start. For development.
    #[cfg(feature = "self-signed")]
    pub self_signed: Vec<String>,
    /// The oldest version to accept. Defaults to `"1.2"`.
    pub min_version: Option<MinVersionConfig>,
    /// A PEM file of authorities to verify client certificates against. Defaults to asking for none.
    pub client_ca: Option<PathBuf>,
    /// Whether clients must have a certificate. Defaults to `required` where there is a `client_ca`.
    pub client_auth: Option<ClientAuthConfig>,
    /// The protocols to offer, the preferred one first. Defaults to `[h2, http/1.1]`.
    pub alpn: Option<Vec<AlpnConfig>>,
    /// Whether clients may resume sessions. Defaults to true.
    pub resumption: Option<bool>,
    /// How long a handshake may take. Defaults to `10s`.
    pub handshake_timeout: Option<Duration>,
    /// Handshakes at a time; more wait within their timeout. Defaults to 1024.
    pub max_handshakes: Option<NonZeroU32>,
    /// How often the files are looked at for changes. Defaults to `2s`.
    pub reload: Option<Duration>,
}

/// A certificate for some names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateConfig {
    /// A PEM file with the certificate and its chain.
    pub cert: PathBuf,
    /// The PEM file with its key.
    pub key: PathBuf,
    /// The names it is for. Defaults to those in the certificate.
    #[serde(default)]
    pub hosts: Vec<String>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum MinVersionConfig {
    /// TLS 1.2.
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    Tls13,
}

/// Whether clients must have a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthConfig {
    /// The handshake fails without one.
    Required,
    /// It may be missing; if it is there, it must be good.
    Optional,
}

/// A version of HTTP by its name in ALPN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum AlpnConfig {
    /// HTTP/2.
    #[serde(rename = "h2")]
    H2,
    /// HTTP/1.1.
    #[serde(rename = "http/1.1")]
    Http11,
}

impl From<MinVersionConfig> for MinVersion {
    fn from(version: MinVersionConfig) -> Self {
        match version {
            MinVersionConfig::Tls12 => Self::Tls12,
            MinVersionConfig::Tls13 => Self::Tls13,
        }
    }
}

/// `self_signed`, for the names of this machine as its own programs call it.
impl FromStr for TlsServerConfig {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        #[cfg(feature = "self-signed")]
        if text == "self_signed" {
            let local = ["localhost", "127.0.0.1", "::1"];
            return Ok(Self {
                self_signed: local.map(str::to_owned).into(),
                ..Self::default()
            });
        }
        let message = format!("`{text}` is neither `self_signed` nor a map with `cert` and `key`");
        Err(ConfigError::new("", message))
    }
}

impl TlsServerConfig {
    /// Every path in it, to make them relative to the config file.
    pub fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let own = [&mut self.cert, &mut self.key, &mut self.client_ca];
        let more = self.certs.iter_mut();
        own.into_iter()
            .flatten()
            .chain(more.flat_map(|pair| [&mut pair.cert, &mut pair.key]))
    }

    /// How often the files are looked at.
    #[must_use]
    pub fn reload_every(&self) -> std::time::Duration {
        self.reload
            .map_or(std::time::Duration::from_secs(2), Duration::get)
    }

    /// Where in this struct `part` is.
    fn place(&self, part: Part) -> String {
        let place = |index: usize, key: &str| match (&self.cert, index) {
            (Some(_), 0) => key.to_owned(),
            (Some(_), index) => format!("certs[{}].{key}", index - 1),
            (None, index) => format!("certs[{index}].{key}"),
        };
        match part {
            Part::Certificate(index) => place(index, "cert"),
            Part::Key(index) => place(index, "key"),
            Part::ClientCa => "client_ca".to_owned(),
            Part::Alpn => "alpn".to_owned(),
        }
    }

    /// The key of the certificate at `index` in [`TlsAcceptor::certificates`].
    #[must_use]
    pub fn certificate_path(&self, index: usize) -> String {
        self.place(Part::Certificate(index))
    }

    fn certificates(&self) -> Result<Vec<Certificate>, ConfigError> {
        let mut all = Vec::new();
        match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => all.push(Certificate::from_files(cert, key)),
            (Some(_), None) => return Err(ConfigError::new("cert", "its `key` is missing")),
            (None, Some(_)) => return Err(ConfigError::new("key", "its `cert` is missing")),
            (None, None) => {}
        }
        all.extend(self.certs.iter().map(|pair| {
            Certificate::from_files(&pair.cert, &pair.key).hosts(pair.hosts.iter().cloned())
        }));
        #[cfg(feature = "self-signed")]
        if !self.self_signed.is_empty() {
            let made = Certificate::self_signed(self.self_signed.iter().cloned());
            all.push(made.map_err(|error| ConfigError::new("self_signed", error))?);
        }
        match all.is_empty() {
            true => Err(ConfigError::new("", "there is no certificate")
                .with_help("write `cert` and `key`, or `tls: self_signed` for development")),
            false => Ok(all),
        }
    }
}

impl TlsAcceptor {
    /// Builds the acceptor from its configuration. Reads the files.
    ///
    /// # Errors
    ///
    /// A file cannot be read or used, a key is not its certificate's, or options contradict.
    pub fn from_config(config: &TlsServerConfig) -> Result<Self, ConfigError> {
        let mut builder = Self::builder();
        for certificate in config.certificates()? {
            builder = builder.certificate(certificate);
        }
        if let Some(version) = config.min_version {
            builder = builder.min_version(version.into());
        }
        builder = match (&config.client_ca, config.client_auth) {
            (None, None) => builder,
            (None, Some(_)) => {
                let message = "without a `client_ca` no client can be verified";
                return Err(ConfigError::new("client_auth", message));
            }
            (Some(path), auth) => builder.client_ca_file(path).client_auth(match auth {
                Some(ClientAuthConfig::Optional) => ClientAuth::Optional,
                _ => ClientAuth::Required,
            }),
        };
        if let Some(protocols) = &config.alpn {
            if protocols.is_empty() {
                return Err(ConfigError::new(
                    "alpn",
                    "without a protocol there is none to speak",
                ));
            }
            builder = builder.alpn(protocols.iter().map(|protocol| match protocol {
                AlpnConfig::H2 => "h2",
                AlpnConfig::Http11 => "http/1.1",
            }));
        }
        if let Some(resumption) = config.resumption {
            builder = builder.resumption(resumption);
        }
        if let Some(timeout) = config.handshake_timeout {
            if timeout.get().is_zero() {
                return Err(ConfigError::new(
                    "handshake_timeout",
                    "no handshake is that fast",
                ));
            }
            builder = builder.handshake_timeout(timeout.get());
        }
        if let Some(max) = config.max_handshakes {
            builder = builder.max_handshakes(max.get() as usize);
        }
        let refuse = |error: TlsError| {
            ConfigError::new(config.place(error.part()), error.message().to_owned())
        };
        builder.build().map_err(refuse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::tests::{Dir, ca, leaf};

    fn read(json: &str) -> TlsServerConfig {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn every_key_reaches_the_builder() {
        let dir = Dir::new("config");
        let (cert, key) = dir.pair("a", &leaf(&["a.example"]));
        let (other, other_key) = dir.pair("b", &leaf(&["b.example"]));
        let client_ca = dir.file("ca.pem", &ca("clients").pem());
        let mut config = read(&format!(
            r#"{{"cert": "a.crt", "key": "{key}", "min_version": "1.3", "client_ca": "{client_ca}",
                "client_auth": "optional", "alpn": ["http/1.1"], "resumption": false,
                "handshake_timeout": "3s", "max_handshakes": 7, "reload": "5s",
                "certs": [{{"cert": "{other}", "key": "{other_key}", "hosts": ["*.c.example"]}}]}}"#
        ));
        for path in config.paths_mut() {
            *path = dir.path().join(&*path);
        }
        assert_eq!(config.cert.as_deref(), Some(std::path::Path::new(&cert)));
        assert_eq!(config.reload_every().as_secs(), 5);
        let acceptor = TlsAcceptor::from_config(&config).unwrap();
        let infos = acceptor.certificates();
        assert_eq!(infos[0].hosts, ["a.example"]);
        assert_eq!(infos[1].hosts, ["*.c.example"]);
        let text = format!("{acceptor:?}");
        for part in [
            "Tls13",
            "ca.pem",
            "Optional",
            "resumption: false",
            "handshake_timeout: 3s",
            "max_handshakes: 7",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn faults_are_told_with_their_path() {
        let dir = Dir::new("faults");
        let (cert, key) = dir.pair("a", &leaf(&["a.example"]));
        let (_, wrong) = dir.pair("b", &leaf(&["b.example"]));
        let empty = dir.file("empty.pem", "");
        let good = format!(r#""cert": "{cert}", "key": "{key}""#);
        for (json, path, part) in [
            (String::new(), "", "no certificate"),
            (format!(r#""cert": "{cert}""#), "cert", "`key` is missing"),
            (
                format!(r#""cert": "/nowhere", "key": "{key}""#),
                "cert",
                "/nowhere",
            ),
            (
                format!(r#""cert": "{cert}", "key": "{wrong}""#),
                "key",
                "not the key",
            ),
            (
                format!(r#""cert": "{key}", "key": "{key}""#),
                "cert",
                "no certificate",
            ),
            (
                format!(r#""cert": "{cert}", "key": "{empty}""#),
                "key",
                "no private key",
            ),
            (
                format!(r#"{good}, "certs": [{{"cert": "{cert}", "key": "{wrong}"}}]"#),
                "certs[0].key",
                "not the key",
            ),
            (
                format!(r#"{good}, "client_ca": "{empty}""#),
                "client_ca",
                "no certificate",
            ),
            (
                format!(r#"{good}, "client_auth": "optional""#),
                "client_auth",
                "client_ca",
            ),
            (format!(r#"{good}, "alpn": []"#), "alpn", "protocol"),
        ] {
            let error = TlsAcceptor::from_config(&read(&format!("{{{json}}}"))).unwrap_err();
            assert_eq!(error.path(), path, "{json}");
            assert!(error.message().contains(part), "{json}: {error:?}");
        }
        assert!(serde_json::from_str::<TlsServerConfig>(r#"{"min_version": "1.1"}"#).is_err());
    }

    #[cfg(feature = "self-signed")]
    #[test]
    fn self_signed_is_a_word() {
        let config: TlsServerConfig = "self_signed".parse().unwrap();
        let acceptor = TlsAcceptor::from_config(&config).unwrap();
        assert_eq!(acceptor.certificates()[0].hosts, ["localhost"]);
        assert!("acme".parse::<TlsServerConfig>().is_err());
    }
}
