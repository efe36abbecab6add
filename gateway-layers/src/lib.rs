//! Composable tower layers that turn any Rust HTTP server into an API gateway.
//!
//! One layer is one folder is one cargo feature; nothing is on by default and `full` turns all of
//! them on. Each is useful alone on a plain axum `Router`, a hyper service or a tonic server, and
//! they share the vocabulary of [`gateway_core`], so that together they need no glue.
#![forbid(unsafe_code)]

#[cfg(any(
    feature = "api-key",
    feature = "client-cert",
    feature = "https-redirect"
))]
mod admission;
#[cfg(feature = "aggregate")]
pub mod aggregate;
#[cfg(feature = "api-key")]
pub mod api_key;
#[cfg(feature = "balance")]
pub mod balance;
#[cfg(feature = "cache")]
pub mod cache;
#[cfg(feature = "circuit-breaker")]
pub mod circuit_breaker;
#[cfg(feature = "client-cert")]
pub mod client_cert;
#[cfg(feature = "client-ip")]
pub mod client_ip;
#[cfg(feature = "concurrency")]
pub mod concurrency;
#[cfg(feature = "dns")]
pub mod dns;
#[cfg(feature = "forward-proxy")]
pub mod forward_proxy;
#[cfg(feature = "grpc-web")]
pub mod grpc_web;
#[cfg(feature = "health")]
pub mod health;
#[cfg(feature = "hedge")]
pub mod hedge;
#[cfg(feature = "hsts")]
pub mod hsts;
#[cfg(feature = "https-redirect")]
pub mod https_redirect;
#[cfg(any(feature = "api-key", feature = "client-cert", feature = "jwt"))]
mod identity_headers;
#[cfg(feature = "jwt")]
pub mod jwt;
#[cfg(feature = "mirror")]
pub mod mirror;
#[cfg(feature = "observe")]
pub mod observe;
#[cfg(feature = "proxy")]
pub mod proxy;
#[cfg(feature = "proxy-protocol")]
pub mod proxy_protocol;
#[cfg(feature = "rate-limit")]
pub mod rate_limit;
#[cfg(any(feature = "balance", feature = "split"))]
mod rendezvous;
#[cfg(feature = "request-id")]
pub mod request_id;
#[cfg(feature = "retry")]
pub mod retry;
#[cfg(feature = "router")]
pub mod router;
#[cfg(feature = "split")]
pub mod split;
#[cfg(feature = "timeout")]
pub mod timeout;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(feature = "transform")]
pub mod transform;
#[cfg(feature = "transport")]
pub mod transport;
