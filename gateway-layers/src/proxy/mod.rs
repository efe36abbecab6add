//! A service that forwards requests to one endpoint and answers with what it says.
//!
//! Bodies stream in both directions and are never buffered; trailers pass; what belongs to one hop
//! stays on it. [`Proxy`] is a leaf: it does not fail. An endpoint that cannot be reached is a 502
//! whose [`GatewayError`](gateway_core::GatewayError) is in the response's extensions.
//!
//! # Example
//!
//! On axum, everything under `/shop` goes to one backend:
//!
//! ```
//! use axum::{Router, routing::get};
//! use gateway_layers::proxy::Proxy;
//!
//! let shop = Proxy::new("http://127.0.0.1:9001")?;
//! let app: Router = Router::new()
//!     .route("/healthz", get(|| async { "ok" }))
//!     .nest_service("/shop", shop);
//! # Ok::<(), gateway_layers::proxy::BuildError>(())
//! ```
//!
//! # Customizing
//!
//! On plain hyper, with a client of your own:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use gateway_layers::{proxy::{Host, Proxy}, transport::Client};
//! use hyper_util::{rt::TokioIo, service::TowerToHyperService};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder().connect_timeout(Duration::from_secs(1)).build()?;
//! let proxy = Proxy::builder("https://api.example.com/v1")?
//!     .name("example")
//!     .client(client)
//!     .host(Host::Upstream)
//!     .strip_prefix("/example")
//!     .build()?;
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
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
//! # The path
//!
//! The path is sent as the router left it, neither decoded nor normalised again. The endpoint's path
//! loses its trailing slashes and goes in front; a prefix to strip is cut at a segment border;
//! the query is the request's. `http://h/api` and `/1?x` give `/api/1?x`, and `/` gives `/api/`.
//! Absolute targets (`GET http://host/path`) are reduced to their path, and their host is the `Host`.
//!
//! # Headers
//!
//! Towards the upstream, hop-by-hop fields are removed, both the fixed list and what `Connection`
//! names (RFC 9110 §7.6.1); `TE: trailers` is made again, gRPC needs it. `Expect: 100-continue` is
//! answered here, when the upstream has accepted the head. `Via` is added,
//! `X-Forwarded-For`, `-Host` and `-Proto` are set according to [`Forwarding`], [`Host`] decides the
//! host. Answers lose their hop-by-hop fields and are otherwise unchanged.
//!
//! A client may name any field in `Connection`, also one that an authentication layer has set.
//! [`HopByHopLayer`], put outermost, removes named fields before any layer sets one; without it,
//! list the fields with [`protect`](ProxyBuilder::protect).
//!
//! # Upgrades
//!
//! WebSocket and any other `Upgrade` over HTTP/1.1, except `h2c`, which would hide a second protocol
//! from every layer. Nothing is switched before the upstream has answered `101` with a protocol that
//! was asked for; any other answer is passed on and the connection stays HTTP. An open tunnel is one
//! task, tracked by [`Tunnels`]. The server must serve with upgrades, as axum does.
//!
//! Over HTTP/2 a WebSocket is an extended `CONNECT` (RFC 8441). [`ExtendedConnectLayer`] takes it
//! from clients; towards an upstream for HTTP/2 only, a WebSocket becomes one, if the upstream
//! offers it. All four combinations work. `CONNECT` itself is refused.
//!
//! # Interim answers
//!
//! `100` is the gateway's own to send. `102` and `103` of an HTTP/1.1 upstream reach the client with
//! [`interim`](ProxyBuilder::interim), if its server inserts an [`Interim`](gateway_core::Interim).
//! They are not passed on by default, since some HTTP/1.1 clients take them for the answer (RFC 8297
//! §3). Over HTTP/2 neither hyper's server nor its client has a way to say them; they are dropped.
//!
//! # Order
//!
//! Innermost. Reads [`ClientIp`](gateway_core::ClientIp) (or the peer) for `X-Forwarded-For`, and a
//! [`Scheme`](http::uri::Scheme) extension, which a server that terminates TLS inserts, for
//! `X-Forwarded-Proto`. Sets [`Upstream`](gateway_core::Upstream) in the response's extensions and
//! in the [`Outcome`](gateway_core::Outcome).
//!
//! # Refusals
//!
//! | kind | status | when |
//! |---|---|---|
//! | `upstream_connect` | 502 | no connection, or not in time |
//! | `upstream_tls` | 502 | handshake or certificate |
//! | `upstream_reset` | 502 | the connection ended before the head |
//! | `upstream_protocol` | 502 | not HTTP, or an unasked `101` |
//! | `not_implemented` | 501 | `CONNECT`; a WebSocket for an HTTP/2 upstream that offers none |
//! | `body_too_large`, `invalid_body` | 413, 400 | the request's body failed while it was sent |
//!
//! A request that met a pooled connection which had been closed meanwhile is sent again, as nothing
//! of it was written. If nothing could be written at all, the refusal carries the request, see
//! [`Unsent`](gateway_core::service::Unsent). After the head, a failure is an error of the body.
//!
//! # Cancellation
//!
//! Dropping the future or the response body closes the upstream's connection (HTTP/1) or resets the
//! stream (HTTP/2).
//!
//! # Cost
//!
//! One allocation for the future, one each for `X-Forwarded-For` and for what the extensions hold.
//! A response body of known length that came with its head is a single buffer, and its connection is
//! free again; any other from an HTTP/1 upstream is boxed once, together with the connection that it
//! drives. Most of what a small request costs is hyper on both sides.

mod accept;
mod builder;
#[cfg(feature = "config")]
mod config;
mod edge;
mod extended;
mod forwarded;
pub(crate) mod hop;
mod informational;
mod path;
mod request;
mod service;
mod standing;
mod tunnel;
mod websocket;

#[cfg(feature = "config")]
pub use self::config::{ForwardingConfig, HostConfig, ProxyConfig};
#[cfg(feature = "forward-proxy")]
pub(crate) use self::forwarded::{ViaLines, via};
#[cfg(any(feature = "balance", feature = "concurrency"))]
pub(crate) use self::tunnel::Hold;
pub use self::{
    accept::{WebSocket, WebSocketStream},
    builder::{BuildError, Host, ProxyBuilder},
    edge::{HopByHop, HopByHopLayer},
    extended::{ExtendedConnect, ExtendedConnectLayer, ExtendedFuture},
    forwarded::Forwarding,
    service::{Proxy, ResponseFuture},
    standing::{Admitted, StandingLayer, StandingService},
    tunnel::{Tunnels, WhileOpen},
};

#[cfg(test)]
pub(crate) mod tests;
