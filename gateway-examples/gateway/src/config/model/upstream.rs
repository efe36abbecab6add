use std::{num::NonZeroU32, str::FromStr};

use gateway_core::config::{Duration, Flex, Percent};
use gateway_layers::{
    balance::{
        BalanceConfig, EndpointConfig, OutlierConfig, PolicyConfig, StickyConfig, WeightedEndpoint,
    },
    circuit_breaker::CircuitBreakerConfig,
    dns::ResolveConfig,
    health::ProbeConfig,
    hedge::HedgeConfig,
    proxy::ProxyConfig,
    retry::RetryConfig,
    timeout::TimeoutConfig,
    transport::{ClientConfig, ProtocolConfig, TlsConfig},
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::url::{Url, UrlError};

/// A service behind the gateway: one or more endpoints that answer alike.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// Where it can be reached: URLs, or maps with a URL, a weight and a priority.
    pub endpoints: Vec<Flex<Endpoint>>,
    /// How the names of endpoints are resolved, each address an endpoint. Defaults to one endpoint
    /// per name; service records, `srv+http://…`, are always resolved.
    #[serde(default)]
    pub resolve: Option<ResolveConfig>,
    /// How an endpoint is chosen. Defaults to `p2c_ewma`.
    #[serde(default)]
    pub balance: PolicyConfig,
    /// Keeps a client at its endpoint, by `cookie`, `header` or `key`. Defaults to not.
    #[serde(default)]
    pub sticky: Option<Flex<StickyConfig>>,
    /// Over which time an endpoint that is new or back gets its share. Defaults to at once.
    #[serde(default)]
    pub slow_start: Option<Duration>,
    /// The share of endpoints that must be well for the news about the others to be heeded. Defaults
    /// to `50%`.
    #[serde(default)]
    pub panic: Option<Percent>,
    /// When an endpoint that keeps failing is left alone. Defaults to never.
    #[serde(default)]
    pub outlier: Option<OutlierConfig>,
    /// How endpoints are asked whether they are well. Defaults to not at all.
    #[serde(default)]
    pub probe: Option<ProbeConfig>,
    /// When an endpoint that fails gets no requests at all for a while. Defaults to never.
    #[serde(default)]
    pub breaker: Option<CircuitBreakerConfig>,
    /// When a failed request is sent again, elsewhere. Defaults to never.
    #[serde(default)]
    pub retry: Option<RetryConfig>,
    /// When a safe request is sent a second time because its answer takes unusually long. Defaults to
    /// never.
    #[serde(default)]
    pub hedge: Option<HedgeConfig>,
    /// How long the phases of a call may take, retries included.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// How requests are forwarded: `Host`, forwarding headers, prefixes.
    #[serde(default)]
    pub proxy: ProxyConfig,
    /// Which HTTP to speak. Defaults to `auto`.
    #[serde(default)]
    pub protocol: ProtocolConfig,
    /// How unused connections are kept.
    #[serde(default)]
    pub pool: Pool,
    /// How `https` endpoints are verified.
    #[serde(default)]
    pub tls: TlsConfig,
}

impl Upstream {
    /// The endpoints and the policy as the balancer takes them.
    #[must_use]
    pub fn balance(&self) -> BalanceConfig {
        let endpoints = self.endpoints.iter().map(|endpoint| {
            EndpointConfig::Weighted(WeightedEndpoint {
                url: endpoint.url.to_string(),
                weight: endpoint.weight.get(),
                priority: endpoint.priority,
            })
        });
        BalanceConfig {
            endpoints: endpoints.collect(),
            balance: self.balance.clone(),
            sticky: self.sticky.clone(),
            slow_start: self.slow_start,
            panic: self.panic,
            outlier: self.outlier,
        }
    }

    /// How names are resolved, if anything asks for it.
    #[must_use]
    pub fn resolving(&self) -> Option<ResolveConfig> {
        let mut endpoints = self.endpoints.iter();
        let has_services = endpoints.any(|endpoint| endpoint.url.is_service());
        let default = has_services.then(ResolveConfig::default);
        self.resolve.clone().or(default)
    }

    /// How to connect, as the transport takes it.
    #[must_use]
    pub fn client(&self) -> ClientConfig {
        ClientConfig {
            connect: Some(self.timeouts.connect),
            idle: Some(self.pool.idle_timeout),
            max_idle: Some(self.pool.max_idle as usize),
            protocol: self.protocol,
            tls: self.tls.clone(),
        }
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
    /// When it is used: those of a higher number while too few of the lower ones are well. Defaults
    /// to 0.
    #[serde(default)]
    pub priority: u32,
}

impl FromStr for Endpoint {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        Ok(Self {
            url: text.parse()?,
            weight: one(),
            priority: 0,
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
            // A client may have less patience than the config, never more.
            header: true,
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

const fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}
