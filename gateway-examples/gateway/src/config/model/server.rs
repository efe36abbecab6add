use std::num::NonZeroU32;

use gateway_core::config::{ByteSize, Duration, Flex, Secret};
use gateway_layers::{hsts::HstsConfig, proxy_protocol::ProxyProtocolConfig, tls::TlsServerConfig};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    addr::{Addr, AddrError},
    bind::{Bind, BindError},
    mode::Mode,
    redirect::Redirect,
    slot::Slot,
};

/// A socket that takes client connections.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// The address to listen on, or `unix:` and a path.
    pub bind: Bind,
    /// The permissions of a Unix socket. Defaults to those the process gives its files.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// The certificates, or `self_signed` for development. Defaults to HTTP in the clear.
    #[serde(default)]
    pub tls: Option<Flex<TlsServerConfig>>,
    /// Sends clients to HTTPS, and serves nothing else: `https`, or `https:PORT` for those that
    /// named a port, which is otherwise the port of the listener with TLS.
    #[serde(default)]
    pub redirect: Option<Redirect>,
    /// Tells browsers to come back over HTTPS only. Needs `tls`.
    #[serde(default)]
    pub hsts: Option<Slot<HstsConfig>>,
    /// Reads who is behind a proxy that forwards bytes: `required`, `optional`, or a map. Defaults
    /// to taking the peer for the client.
    #[serde(default)]
    pub proxy_protocol: Option<Flex<ProxyProtocolConfig>>,
}

impl From<Bind> for Listener {
    fn from(bind: Bind) -> Self {
        Self {
            bind,
            mode: None,
            tls: None,
            redirect: None,
            hsts: None,
            proxy_protocol: None,
        }
    }
}

impl std::str::FromStr for Listener {
    type Err = BindError;

    fn from_str(text: &str) -> Result<Self, BindError> {
        text.parse().map(|bind: Bind| Self::from(bind))
    }
}

/// The listener for operators: health, metrics, reload.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// The address to listen on. Anything but loopback needs a token.
    pub bind: Addr,
    /// What `Authorization: Bearer` must hold for everything but the health endpoints.
    #[serde(default)]
    pub token: Option<Secret>,
}

impl std::str::FromStr for Admin {
    type Err = AddrError;

    fn from_str(text: &str) -> Result<Self, AddrError> {
        text.parse().map(|bind| Self { bind, token: None })
    }
}

/// What one connection or request may cost before any route is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of all request headers together. Defaults to `32KiB`.
    pub header_bytes: ByteSize,
    /// Number of request headers. Defaults to 100.
    pub headers: u16,
    /// Bytes of a request's path and query. Defaults to `8KiB`.
    pub uri_bytes: ByteSize,
    /// Bytes of a request body. Defaults to `10MiB`.
    pub body: ByteSize,
    /// Bytes a second of a request body, below which a client uses up its `header_timeout`; `0B`
    /// lets clients take as long as they like. Defaults to `1KiB`.
    pub min_body_rate: ByteSize,
    /// Time in which the headers must have arrived. Defaults to `10s`.
    pub header_timeout: Duration,
    /// Time a connection may stay open without a request. Defaults to `75s`.
    pub idle: Duration,
    /// Connections at a time, of all listeners but `admin`; more wait in the kernel's queue. Defaults
    /// to 20000.
    pub max_connections: u32,
    /// Connections at a time of one address, or of one /64 in IPv6, to all listeners but `admin`; more
    /// are closed. Those of `client_ip.trusted_proxies` are not counted. Defaults to no limit.
    pub max_connections_per_ip: Option<NonZeroU32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: ByteSize::kib(32),
            headers: 100,
            uri_bytes: ByteSize::kib(8),
            body: ByteSize::mib(10),
            min_body_rate: ByteSize::kib(1),
            header_timeout: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            max_connections: 20_000,
            max_connections_per_ip: None,
        }
    }
}

/// How the process ends: readiness fails, `delay`, no more connections, at most `timeout`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Drain {
    /// How long requests are still taken after readiness fails, so that load balancers notice.
    /// Defaults to `5s`.
    pub delay: Duration,
    /// How long requests in flight, streams included, may take after that. Defaults to `30s`.
    pub timeout: Duration,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            delay: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
        }
    }
}
