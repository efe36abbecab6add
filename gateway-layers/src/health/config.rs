use std::{collections::BTreeMap, ops::RangeInclusive};

use gateway_core::config::{ConfigError, Duration};
use http::{HeaderName, HeaderValue, Method};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Probe;

/// What to ask an endpoint, how often, and what to make of the answers. A path alone will do, and so
/// will `tcp` and `grpc`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a path, `tcp`, `grpc`, or `{ path, … }`")]
pub enum ProbeConfig {
    /// `GET` this path; or `tcp`, to connect and no more; or `grpc`, to ask the server's health
    /// service; each with the defaults.
    Short(String),
    /// In detail.
    Detailed(Box<ProbeDetails>),
}

/// A probe in detail. Exactly one of `path`, `tcp` and `grpc` says what is asked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeDetails {
    /// The path to ask for.
    pub path: Option<String>,
    /// Connects, and no more.
    pub tcp: bool,
    /// The gRPC service to ask the health service for; empty for the server. The upstream must speak
    /// HTTP/2.
    pub grpc: Option<String>,
    /// The method. Defaults to `GET`.
    pub method: Option<String>,
    /// More headers to send. Defaults to none.
    pub headers: BTreeMap<String, String>,
    /// The time between two probes of an endpoint. Defaults to `5s`.
    pub every: Option<Duration>,
    /// How long an answer may take. Defaults to `2s`.
    pub timeout: Option<Duration>,
    /// How many good probes in a row bring an endpoint back. Defaults to 2.
    pub up: Option<u32>,
    /// How many bad probes in a row take an endpoint out. Defaults to 3.
    pub down: Option<u32>,
    /// The status that is good, or the range, such as `200-299`. Defaults to `200-399`.
    pub status: Option<StatusConfig>,
    /// What the body must contain. Defaults to nothing.
    pub body: Option<String>,
}

/// One status or a range.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a status such as 204, or a range such as `200-299`"
)]
pub enum StatusConfig {
    /// This one.
    One(u16),
    /// From the first to the last.
    Range(String),
}

impl StatusConfig {
    fn range(&self) -> Option<RangeInclusive<u16>> {
        let (first, last) = match self {
            Self::One(status) => (*status, *status),
            Self::Range(text) => {
                let (first, last) = text.split_once('-').unwrap_or((text, text));
                (first.trim().parse().ok()?, last.trim().parse().ok()?)
            }
        };
        let is_status = |status: u16| (100..600).contains(&status);
        (first <= last && is_status(first) && is_status(last)).then_some(first..=last)
    }
}

impl Probe {
    /// Builds the probe from its configuration.
    ///
    /// # Errors
    ///
    /// It does not say what to ask, or an option is malformed or of another kind of probe.
    pub fn from_config(config: &ProbeConfig) -> Result<Self, ConfigError> {
        match config {
            ProbeConfig::Short(text) if text == "tcp" => Ok(Self::tcp()),
            ProbeConfig::Short(text) if text == "grpc" => Ok(Self::grpc("")),
            ProbeConfig::Short(path) => {
                Self::get(path).map_err(|error| ConfigError::new("", error))
            }
            ProbeConfig::Detailed(details) => Self::detailed(details),
        }
    }

    fn detailed(details: &ProbeDetails) -> Result<Self, ConfigError> {
        let mut probe = match (&details.path, details.tcp, &details.grpc) {
            (Some(path), false, None) => {
                Self::get(path).map_err(|error| ConfigError::new("path", error))?
            }
            (None, true, None) => Self::tcp(),
            (None, false, Some(service)) => Self::grpc(service),
            _ => {
                let error = ConfigError::new("", "a probe has one of `path`, `tcp` and `grpc`");
                return Err(error.with_help("write `path: /healthz`, `tcp: true` or `grpc: \"\"`"));
            }
        };
        details.only_for_http()?;
        details.not_nothing()?;
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
        probe.asking(details)
    }

    fn asking(mut self, details: &ProbeDetails) -> Result<Self, ConfigError> {
        if let Some(method) = &details.method {
            let method = Method::from_bytes(method.as_bytes())
                .map_err(|_| ConfigError::new("method", "not a method"))?;
            self = self.method(method);
        }
        for (name, value) in &details.headers {
            let path = format!("headers.{name}");
            let header = HeaderName::try_from(name)
                .map_err(|_| ConfigError::new(path.as_str(), "not the name of a header"))?;
            let value = HeaderValue::try_from(value)
                .map_err(|_| ConfigError::new(path, "not the value of a header"))?;
            self = self.header(header, value);
        }
        if let Some(status) = &details.status {
            let range = status.range().ok_or_else(|| {
                ConfigError::new(
                    "status",
                    "not a status from 100 to 599, and not a range of them",
                )
            })?;
            self = self.expect_status(range);
        }
        if let Some(body) = &details.body {
            self = self.expect_body(body);
        }
        Ok(self)
    }
}

impl ProbeDetails {
    /// What can never be, or would never pause.
    fn not_nothing(&self) -> Result<(), ConfigError> {
        let is_zero = |time: Option<Duration>| time.is_some_and(|time| time.get().is_zero());
        for (path, nothing, message) in [
            (
                "every",
                is_zero(self.every),
                "probing without a pause is an attack",
            ),
            (
                "timeout",
                is_zero(self.timeout),
                "no answer comes that fast",
            ),
            ("up", self.up == Some(0), "it takes at least one probe"),
            ("down", self.down == Some(0), "it takes at least one probe"),
        ] {
            if nothing {
                return Err(ConfigError::new(path, message));
            }
        }
        Ok(())
    }

    fn only_for_http(&self) -> Result<(), ConfigError> {
        let given = [
            ("method", self.method.is_some(), false),
            ("headers", !self.headers.is_empty(), self.grpc.is_some()),
            ("status", self.status.is_some(), false),
            ("body", self.body.is_some(), false),
        ];
        let stray = given
            .into_iter()
            .find(|(_, given, allowed)| *given && !allowed && self.path.is_none());
        match stray {
            Some((name, ..)) => Err(ConfigError::new(
                name,
                "only a probe with a `path` has this",
            )),
            None => Ok(()),
        }
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
            r#"{"path": "/ping", "method": "HEAD", "headers": {"host": "shop.example"},
                "every": "9s", "timeout": "8s", "up": 7, "down": 6, "status": "204-206",
                "body": "pong"}"#,
        )
        .unwrap();
        let text = format!("{probe:?}");
        for part in [
            "/ping",
            "HEAD",
            "shop.example",
            "every: 9s",
            "timeout: 8s",
            "up: 7",
            "down: 6",
            "204..=206",
            "pong",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(build(r#""/healthz""#).is_ok());
        assert!(format!("{:?}", build(r#""tcp""#).unwrap()).contains("Tcp"));
        assert!(format!("{:?}", build(r#"{"tcp": true, "up": 1}"#).unwrap()).contains("Tcp"));
        let grpc = build(r#"{"grpc": "shop.Cart", "headers": {"x-a": "b"}}"#).unwrap();
        let text = format!("{grpc:?}");
        assert!(text.contains("shop.Cart") && text.contains("x-a"), "{text}");
        assert!(format!("{:?}", build(r#""grpc""#).unwrap()).contains("Grpc"));
        let one = build(r#"{"path": "/", "status": 204}"#).unwrap();
        assert!(format!("{one:?}").contains("204..=204"));
    }

    #[test]
    fn faults_are_told_with_their_path() {
        for (json, path) in [
            (r#""healthz""#, ""),
            (r#"{"path": "x"}"#, "path"),
            (r#"{"path": "/", "method": "A B"}"#, "method"),
            (r#"{"path": "/", "headers": {"a b": "c"}}"#, "headers.a b"),
            (r#"{"path": "/", "headers": {"a": "\n"}}"#, "headers.a"),
            (r#"{"path": "/", "status": "500-200"}"#, "status"),
            (r#"{"path": "/", "status": 99}"#, "status"),
            (r#"{"path": "/", "tcp": true}"#, ""),
            (r#"{"tcp": true, "every": "0s"}"#, "every"),
            (r#"{"tcp": true, "timeout": "0s"}"#, "timeout"),
            (r#"{"tcp": true, "up": 0}"#, "up"),
            (r#"{"tcp": true, "down": 0}"#, "down"),
            (r#"{"every": "1s"}"#, ""),
            (r#"{"tcp": true, "body": "x"}"#, "body"),
            (r#"{"tcp": true, "headers": {"a": "b"}}"#, "headers"),
            (r#"{"grpc": "", "status": 200}"#, "status"),
        ] {
            let error = build(json).unwrap_err();
            assert_eq!(error.path(), path, "{json}");
        }
        assert!(serde_json::from_str::<ProbeConfig>(r#"{"path": "/", "each": "1s"}"#).is_err());
    }
}
