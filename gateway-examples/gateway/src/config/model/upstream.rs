use std::{num::NonZeroU32, str::FromStr};

use gateway_core::config::{ConfigError, Duration, Flex};
use gateway_layers::{
    balance::{BalanceConfig, EndpointConfig, PolicyConfig, WeightedEndpoint},
    proxy::ProxyConfig,
    timeout::TimeoutConfig,
    transport,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::url::{Url, UrlError};

/// A service behind the gateway: one or more endpoints that answer alike.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// Where it can be reached: URLs, or maps with a URL and a weight.
    pub endpoints: Vec<Flex<Endpoint>>,
    /// How an endpoint is chosen. Defaults to `p2c_ewma`.
    #[serde(default)]
    pub balance: PolicyConfig,
    /// How long the phases of a call may take.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// How requests are forwarded: `Host`, forwarding headers, prefixes.
    #[serde(default)]
    pub proxy: ProxyConfig,
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

impl Upstream {
    /// The endpoints and the policy as the balancer takes them.
    #[must_use]
    pub fn balance(&self) -> BalanceConfig {
        let endpoints = self.endpoints.iter().map(|endpoint| {
            EndpointConfig::Weighted(WeightedEndpoint {
                url: endpoint.url.to_string(),
                weight: endpoint.weight.get(),
            })
        });
        BalanceConfig {
            endpoints: endpoints.collect(),
            balance: self.balance,
        }
    }

    /// The client that keeps the connections of this upstream.
    ///
    /// # Errors
    ///
    /// If the certificates or the server name make no sense.
    pub fn client(&self) -> Result<transport::Client, ConfigError> {
        let mut builder = transport::Client::builder()
            .connect_timeout(self.timeouts.connect.get())
            .idle_timeout(self.pool.idle_timeout.get())
            .max_idle_per_host(self.pool.max_idle as usize)
            .protocol(self.protocol.into());
        if let Some(pem) = &self.tls.ca {
            builder = builder.ca_pem(pem.as_bytes());
        }
        if let Some(name) = &self.tls.server_name {
            builder = builder.server_name(name);
        }
        builder
            .build()
            .map_err(|error| ConfigError::new("tls", error))
    }
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
            ..Self::default()
        }
    }
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

impl From<Protocol> for transport::Protocol {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Auto => Self::Auto,
            Protocol::Http1 => Self::Http1,
            Protocol::Http2 => Self::Http2,
        }
    }
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
