//! Middleware that gives every request an id and tells it to all concerned.
//!
//! The id is in the request extensions ([`gateway_core::RequestId`]: refusals and logs read it), in
//! the [`Outcome`](gateway_core::Outcome), in the request header that goes upstream, and in the
//! response, so that a client's report, a log line here and a log line upstream name one request.
//! A new id is a UUID version 7: sortable by time, unique without coordination.
//!
//! An id that arrives from outside is replaced, unless the peer is one of your own proxies:
//! whoever chooses ids can make two requests look like one in the logs. This is also why the layer
//! is not tower-http's `SetRequestId`, which keeps whatever arrives.
//!
//! # Example
//!
//! ```
//! use axum::{Extension, Router, body::Body, routing::get};
//! use gateway_core::RequestId;
//! use gateway_layers::request_id::RequestIdLayer;
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let app: Router = Router::new()
//!     .route("/", get(|Extension(id): Extension<RequestId>| async move { id.as_str().to_owned() }))
//!     .layer(RequestIdLayer::new());
//!
//! let request = http::Request::get("/").body(Body::empty()).unwrap();
//! let response = app.oneshot(request).await.unwrap();
//! let id = response.headers()["x-request-id"].clone();
//! let body = axum::body::to_bytes(response.into_body(), 64).await.unwrap();
//! assert_eq!(body, id.as_bytes());
//! # }
//! ```
//!
//! # Customizing
//!
//! Another header, and ids kept from the load balancers in front:
//!
//! ```
//! use std::convert::Infallible;
//! use bytes::Bytes;
//! use gateway_layers::{client_ip::PeerAddr, request_id::RequestIdLayer};
//! use http_body_util::Full;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let layer = RequestIdLayer::new()
//!     .header(http::HeaderName::from_static("x-correlation-id"))
//!     .trusting(["10.0.0.0/8".parse()?]);
//! let service = layer.layer(service_fn(|_: http::Request<Full<Bytes>>| async {
//!     Ok::<_, Infallible>(http::Response::new(Full::<Bytes>::default()))
//! }));
//!
//! let request = http::Request::builder()
//!     .header("x-correlation-id", "balancer-7")
//!     .extension(PeerAddr::new("10.0.0.4:443".parse()?))
//!     .body(Full::default())?;
//! let response = service.oneshot(request).await?;
//! assert_eq!(response.headers()["x-correlation-id"], "balancer-7");
//! # Ok(()) }
//! ```
//!
//! # Order
//!
//! Outermost, so that every refusal and every log line has the id. It reads
//! [`PeerAddr`](crate::client_ip::PeerAddr) if it trusts anybody, not the client's address: what
//! counts is who wrote the header. A [`RequestId`](gateway_core::RequestId) that the host
//! application has put into the extensions is used as it is.
//!
//! # Refusals
//!
//! None. An id that is empty, longer than 128 bytes, not visible ASCII, or given twice is replaced.
//!
//! # Cancellation
//!
//! Nothing to release.
//!
//! # Cost
//!
//! One header value (shared by reference count between request, extension and response) and one
//! extension; no system call but the clock, since the random bits come from the standard library's
//! per-thread keys.

#[cfg(feature = "config")]
mod config;
mod future;
mod generate;
mod layer;
mod service;

#[cfg(feature = "config")]
pub use self::config::RequestIdConfig;
pub use self::{future::ResponseFuture, layer::RequestIdLayer, service::RequestIdService};
