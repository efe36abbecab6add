use gateway_core::config::{ByteSize, Duration, Secret};
use schemars::JsonSchema;
use serde::Deserialize;

use super::addr::{Addr, AddrError};

/// A socket that takes client connections.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// The address to listen on.
    pub bind: Addr,
}

impl From<Addr> for Listener {
    fn from(bind: Addr) -> Self {
        Self { bind }
    }
}

impl std::str::FromStr for Listener {
    type Err = AddrError;

    fn from_str(text: &str) -> Result<Self, AddrError> {
        text.parse().map(|bind: Addr| Self::from(bind))
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
    /// Bytes of a request body. Defaults to `10MiB`.
    pub body: ByteSize,
    /// Time in which the headers must have arrived. Defaults to `10s`.
    pub header_timeout: Duration,
    /// Time a connection may stay open without a request. Defaults to `75s`.
    pub idle: Duration,
    /// Connections at a time; more wait in the kernel's queue. Defaults to 20000.
    pub max_connections: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: ByteSize::kib(32),
            headers: 100,
            body: ByteSize::mib(10),
            header_timeout: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            max_connections: 20_000,
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
