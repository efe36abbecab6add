//! Middleware that tells browsers to come back over HTTPS only (RFC 6797).
//!
//! `Strict-Transport-Security` is added to answers that go over TLS, and to no others: browsers
//! ignore it there, since anybody in the middle could have written it.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use axum::{Router, body::Body, routing::get};
//! use gateway_layers::hsts::HstsLayer;
//! use http::{Request, uri::Scheme};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let app: Router = Router::new()
//!     .route("/", get(|| async { "hello" }))
//!     .layer(HstsLayer::new(Duration::from_secs(31_536_000)));
//!
//! let request = Request::get("/").extension(Scheme::HTTPS).body(Body::empty()).unwrap();
//! let response = app.oneshot(request).await.unwrap();
//! assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
//! # }
//! ```
//!
//! # Customizing
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//! use gateway_core::Body;
//! use gateway_layers::hsts::HstsLayer;
//! use http::{Request, Response, uri::Scheme};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let service = HstsLayer::new(Duration::from_secs(63_072_000))
//!     .include_subdomains(true)
//!     .preload(true)
//!     .layer(service_fn(|_: Request<Body>| async { Ok::<_, Infallible>(Response::new(Body::empty())) }));
//! let request = Request::get("/").extension(Scheme::HTTPS).body(Body::empty()).unwrap();
//! let response = service.oneshot(request).await.unwrap();
//! let value = &response.headers()["strict-transport-security"];
//! assert_eq!(value, "max-age=63072000; includeSubDomains; preload");
//! # }
//! ```
//!
//! # Order
//!
//! Outside of everything that may answer. It reads the `http::uri::Scheme` extension that the server
//! inserts where TLS ends, and never the scheme of the target, which is the client's to write.
//!
//! # Refusals
//!
//! None.
//!
//! # Cancellation
//!
//! Nothing is held; the inner future is dropped.
//!
//! # Cost
//!
//! A reference count, and a header that is copied into the answer.

#[cfg(feature = "config")]
mod config;
mod future;
mod layer;
mod service;

#[cfg(feature = "config")]
pub use self::config::HstsConfig;
pub use self::{future::ResponseFuture, layer::HstsLayer, service::Hsts};
