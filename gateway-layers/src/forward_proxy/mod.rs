//! A service that is a forward proxy: it goes where its clients ask, if they may.
//!
//! `CONNECT host:port` opens a tunnel, absolute targets (`GET http://host/path`) are forwarded. Where
//! to, is up to the client, and so the question is where not to: hosts, ports and addresses are
//! checked, and addresses where it counts, on the very ones that are dialled. A name that resolves to
//! one address when it is checked and to another when it is dialled gains nothing.
//!
//! # Example
//!
//! ```no_run
//! use gateway_layers::forward_proxy::ForwardProxy;
//! use hyper_util::{rt::TokioIo, service::TowerToHyperService};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let proxy = ForwardProxy::builder().allow("*.example.com").build()?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3128").await?;
//! loop {
//!     let (io, _) = listener.accept().await?;
//!     let connection = hyper::server::conn::http1::Builder::new()
//!         .serve_connection(TokioIo::new(io), TowerToHyperService::new(proxy.clone()))
//!         .with_upgrades();
//!     tokio::spawn(connection);
//! }
//! # }
//! ```
//!
//! # Customizing
//!
//! ```
//! use std::time::Duration;
//! use gateway_layers::forward_proxy::ForwardProxy;
//!
//! let proxy = ForwardProxy::builder()
//!     .allow("api.example.com:8443") // this port of this host, beside the usual ones
//!     .allow("*.example.org")
//!     .deny("internal.example.org")
//!     .allow_addresses("10.20.0.0/16".parse()?) // private, and meant
//!     .deny_addresses("192.0.2.0/24".parse()?)
//!     .user("ci", "a long secret") // Basic `ci:a long secret`, or Bearer `a long secret`
//!     .connect_timeout(Duration::from_secs(2))
//!     .idle_timeout(Duration::from_secs(60))
//!     .build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is allowed
//!
//! In this order, and each must pass:
//!
//! 1. the host: not one of `deny`, and one of `allow` unless that is empty. `*.example.com` is every
//!    name below `example.com` and not itself; `*` is every host. A pattern with a port is about this
//!    port only;
//! 2. the port: one of `ports` – 80 and 443 – or the one its pattern in `allow` names;
//! 3. the address: not in `deny_addresses`, and public or in `allow_addresses`. Not public are
//!    loopback, private, link-local (and with it the metadata services of clouds), shared,
//!    documentation, benchmarking, multicast and reserved ones, also inside of an IPv6 address that
//!    stands for one of IPv4. Of a name with several addresses only those that pass are dialled.
//!
//! # Order
//!
//! A leaf, on a listener of its own: a target that is a URL has no place among routes. Reads nothing.
//! Sets [`Identity`](gateway_core::Identity) in the [`Outcome`](gateway_core::Outcome), and in the
//! response [`Upstream`](gateway_core::Upstream) and, of a tunnel,
//! [`TunnelEnd`](gateway_core::TunnelEnd), so that the access log has its bytes.
//!
//! # Refusals
//!
//! | kind | status | when |
//! |---|---|---|
//! | `auth_required`, `key_invalid` | 407 | no or wrong `Proxy-Authorization`; challenges are sent |
//! | `blocked` | 403 | the host, port or address is not allowed; the answer does not say which |
//! | `bad_request` | 400 | a target that is no URL, or not `http` |
//! | `upstream_connect`, `upstream_reset`, `upstream_protocol` | 502 | as in `proxy` |
//!
//! # Cancellation
//!
//! Dropping the future ends the connection attempt or the request. A tunnel that is open is a task of
//! its [`Tunnels`](crate::proxy::Tunnels).
//!
//! # Cost
//!
//! One boxed future per request. Connections for absolute targets are pooled by host; a tunnel is
//! a task and two buffers of 8 KiB.

mod address;
mod auth;
mod builder;
#[cfg(feature = "config")]
mod config;
mod forward;
mod policy;
mod resolve;
mod service;

#[cfg(feature = "config")]
pub use self::config::ForwardProxyConfig;
pub use self::{
    builder::{BuildError, ForwardProxyBuilder},
    service::{ForwardProxy, ResponseFuture},
};

#[cfg(test)]
mod tests;
