//! Middleware that establishes the client's address from the peer and the proxies you trust.
//!
//! It inserts [`gateway_core::ClientIp`], which limiters, access logs, IP filters and the proxy's
//! `Forwarded` header read, and notes it in the [`Outcome`](gateway_core::Outcome). Forwarding
//! headers are claims by whoever sent them: anyone can write `X-Forwarded-For: 1.2.3.4`. So the
//! list is read from its right end, where the nearest proxy wrote, and only for as long as each
//! hop is one of yours; the first address that is not is the client. The left end, which many
//! libraries take, is where an attacker writes.
//!
//! # Example
//!
//! A server that clients reach directly believes no header at all:
//!
//! ```
//! use axum::{Extension, Router, body::Body, routing::get};
//! use gateway_core::ClientIp;
//! use gateway_layers::client_ip::{ClientIpLayer, PeerAddr};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let app: Router = Router::new()
//!     .route("/", get(|Extension(client): Extension<ClientIp>| async move { client.ip().to_string() }))
//!     .layer(ClientIpLayer::direct());
//!
//! let request = http::Request::get("/")
//!     .header("x-forwarded-for", "1.2.3.4")
//!     .extension(PeerAddr::new("192.0.2.7:5000".parse().unwrap())) // your server does this
//!     .body(Body::empty())
//!     .unwrap();
//! let response = app.oneshot(request).await.unwrap();
//! let body = axum::body::to_bytes(response.into_body(), 64).await.unwrap();
//! assert_eq!(body, "192.0.2.7");
//! # }
//! ```
//!
//! # Customizing
//!
//! Behind proxies: say which, which header they write, and where your server keeps the peer
//! (axum's is `ConnectInfo<SocketAddr>`, which feature `axum` finds by itself).
//!
//! ```
//! use std::{convert::Infallible, net::SocketAddr};
//! use gateway_core::{Body, ClientIp};
//! use gateway_layers::client_ip::ClientIpLayer;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! #[derive(Clone)]
//! struct Accepted { peer: SocketAddr }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let layer = ClientIpLayer::trusting(["10.0.0.0/8".parse()?, "2001:db8:1::/48".parse()?])
//!     .header(http::header::FORWARDED)
//!     .peer_from(|extensions| extensions.get::<Accepted>().map(|accepted| accepted.peer));
//!
//! let service = layer.layer(service_fn(|request: http::Request<Body>| async move {
//!     let client = request.extensions().get::<ClientIp>().copied();
//!     Ok::<_, Infallible>(http::Response::new(client))
//! }));
//!
//! let request = http::Request::builder()
//!     .header("forwarded", "for=198.51.100.1;proto=https, for=10.0.0.4")
//!     .extension(Accepted { peer: "10.0.0.9:443".parse()? })
//!     .body(Body::empty())?;
//! let client = service.oneshot(request).await?.into_body();
//! assert_eq!(client, Some(ClientIp::new("198.51.100.1".parse()?)));
//! # Ok(()) }
//! ```
//!
//! # Order
//!
//! Outside of everything that asks for an address. It reads [`PeerAddr`], which the accept loop
//! inserts. Without a peer – the server inserts none, or the socket has no address, as a Unix
//! socket – nothing is inserted, and whatever is keyed by address does what its own docs say about
//! a missing key. A [`ClientIp`](gateway_core::ClientIp) that is already there is then left alone;
//! with a peer it is replaced.
//!
//! # Refusals
//!
//! None. An entry that is not an address (`unknown`, `_hidden`, garbage) ends the walk: the client
//! is then the trusted proxy that wrote it, because nothing nearer to the client is vouched for.
//!
//! # Cancellation
//!
//! The future is the inner one; there is nothing to release.
//!
//! # Cost
//!
//! One extension (an allocation), no clone, no wrapping of the future or body. The trusted networks
//! are tested one after the other, which is right for the dozens an operator writes.

mod cidr;
#[cfg(feature = "config")]
mod config;
mod forwarded;
mod layer;
mod peer;
mod resolve;
mod service;

#[cfg(feature = "config")]
pub use self::config::ClientIpConfig;
#[cfg(feature = "request-id")]
pub(crate) use self::peer::PeerSource;
#[cfg(any(feature = "proxy", feature = "request-id"))]
pub(crate) use self::peer::default_peer;
pub use self::{
    cidr::{Cidr, ParseCidrError},
    layer::ClientIpLayer,
    peer::PeerAddr,
    service::ClientIpService,
};
