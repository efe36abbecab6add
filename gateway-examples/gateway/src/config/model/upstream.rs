use std::{num::NonZeroU32, str::FromStr};

use gateway_core::config::{Duration, Flex};
use gateway_layers::timeout::TimeoutConfig;
use schemars::JsonSchema;
use serde::Deserialize;

use super::url::{Url, UrlError};

/// A service behind the gateway: one or more endpoints that answer alike.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// Where it can be reached: URLs, or maps with a URL and a weight.
    pub endpoints: Vec<Flex<Endpoint>>,
    /// How an endpoint is chosen. Defaults to `p2c_ewma`.
    #[serde(default)]
    pub balance: Balance,
    /// How long the phases of a call may take.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// Which `Host` the upstream sees. Defaults to `pass`.
    #[serde(default)]
    pub host: HostHeader,
    /// Which HTTP to speak. Defaults to `auto`.
    #[serde(default)]
    pub protocol: Protocol,
    /// How unused connections are kept.
    #[serde(default)]
    pub pool: Pool,
    /// How `https` endpoints are verified.
    #[serde(default)]
    pub tls: UpstreamTls,
}

/// One address of an upstream.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Its base URL.
    pub url: Url,
    /// Its share of the requests, relative to the others. Defaults to 1.
    #[serde(default = "one")]
    pub weight: NonZeroU32,
}

impl FromStr for Endpoint {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        Ok(Self {
            url: text.parse()?,
            weight: one(),
        })
    }
}

/// How an endpoint is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Balance {
    /// Of two at random the one that answers sooner under its present load.
    #[default]
    P2cEwma,
    /// Of two at random the one with fewer requests in flight.
    LeastRequest,
    /// In turn, by weight.
    RoundRobin,
    /// At random, by weight.
    Random,
}

/// How long the phases of a call may take.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// Name resolution, TCP and TLS together. Defaults to `3s`.
    pub connect: Duration,
    /// From the request's last byte to the response's head. Defaults to `60s`.
    pub first_byte: Duration,
    /// Between two pieces of the response body. Defaults to `60s`.
    pub idle: Duration,
    /// Between two pieces of the request body. Defaults to no limit.
    pub upload_idle: Option<Duration>,
    /// The whole exchange, body included. Defaults to no limit.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            first_byte: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            upload_idle: None,
            total: None,
        }
    }
}

/// All but the connection, which the pool waits for.
impl From<&Timeouts> for TimeoutConfig {
    fn from(timeouts: &Timeouts) -> Self {
        Self {
            first_byte: Some(timeouts.first_byte),
            idle: Some(timeouts.idle),
            upload_idle: timeouts.upload_idle,
            total: timeouts.total,
            client_header: false,
        }
    }
}

/// Which `Host` the upstream sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostHeader {
    /// The client's.
    #[default]
    Pass,
    /// The endpoint's own.
    Upstream,
    /// This one.
    Set(String),
}

/// Which HTTP is spoken to an upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// HTTP/2 where TLS negotiates it, HTTP/1.1 otherwise.
    #[default]
    Auto,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, without TLS by prior knowledge.
    Http2,
}

/// How unused connections are kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pool {
    /// Unused connections per endpoint; 0 turns reuse off. Defaults to 1024.
    pub max_idle: u32,
    /// How long a connection may stay unused. Defaults to `60s`.
    pub idle_timeout: Duration,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            max_idle: 1024,
            idle_timeout: Duration::from_secs(60),
        }
    }
}

/// How `https` endpoints are verified. They always are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpstreamTls {
    /// PEM text of the authorities to trust instead of the public ones: `${file:/etc/ca.pem}`.
    pub ca: Option<String>,
    /// The name to send and to look for in the certificate. Defaults to the host of the URL.
    pub server_name: Option<String>,
}

const fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}
