//! Middleware that admits requests that carry a known API key.
//!
//! The caller becomes an [`Identity`](gateway_core::Identity): its subject is the *id* of the key,
//! never the key, so that limiters, logs and budgets can name it. Keys are kept as SHA-256 and
//! compared in constant time; the request goes on without its key.
//!
//! # Example
//!
//! ```
//! use axum::{Extension, Router, body::Body, routing::get};
//! use gateway_core::Identity;
//! use gateway_layers::api_key::{ApiKey, ApiKeyLayer};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let keys = ApiKeyLayer::new([ApiKey::new("alice", "k-7f9c2ba4e88f827d")]);
//! let app: Router = Router::new()
//!     .route("/", get(|Extension(who): Extension<Identity>| async move { who.subject().to_owned() }))
//!     .layer(keys);
//!
//! let call = |key: &str| {
//!     let request = http::Request::get("/").header("authorization", format!("Bearer {key}"));
//!     app.clone().oneshot(request.body(Body::empty()).unwrap())
//! };
//! assert_eq!(call("guess").await.unwrap().status(), 401);
//! let response = call("k-7f9c2ba4e88f827d").await.unwrap();
//! assert_eq!(axum::body::to_bytes(response.into_body(), 64).await.unwrap(), "alice");
//! # }
//! ```
//!
//! # Customizing
//!
//! One header of your own, what is known about a caller, and a header that tells upstream:
//!
//! ```
//! use std::convert::Infallible;
//! use bytes::Bytes;
//! use gateway_layers::api_key::{ApiKey, ApiKeyLayer, KeySource};
//! use http::HeaderName;
//! use http_body_util::Full;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let partner = ApiKey::new("partner-7", "k-7f9c2ba4e88f827d")
//!     .tenant("acme")
//!     .scopes(["orders:read"])
//!     .models(["fast"]);
//! let service = ApiKeyLayer::new([partner])
//!     .sources([KeySource::header(HeaderName::from_static("x-partner-key"))])
//!     .claim_to_header("tenant", HeaderName::from_static("x-tenant"))
//!     .layer(service_fn(|request: http::Request<Full<Bytes>>| async move {
//!         let tenant = request.headers()["x-tenant"].as_bytes().to_vec();
//!         Ok::<_, Infallible>(http::Response::new(Full::<Bytes>::from(tenant)))
//!     }));
//!
//! let request = http::Request::builder()
//!     .header("x-partner-key", "k-7f9c2ba4e88f827d")
//!     .header("x-tenant", "somebody-else") // removed
//!     .body(Full::default())?;
//! assert_eq!(service.oneshot(request).await?.status(), 200);
//! # Ok(()) }
//! ```
//!
//! # Order
//!
//! Outside of everything that asks who calls. It reads nothing that other layers set, and sets
//! [`Identity`](gateway_core::Identity) and the [`Outcome`](gateway_core::Outcome).
//!
//! # Refusals
//!
//! 401 with `WWW-Authenticate`: `auth_required` without a key, `key_invalid` for an unknown one or
//! for several different ones, `key_expired`. [`optional`](ApiKeyLayer::optional) changes the first
//! alone: a wrong key is never taken for none.
//!
//! # Cancellation
//!
//! Nothing is held; the inner future is dropped.
//!
//! # Cost
//!
//! One SHA-256 of the key, one table look-up, two reference counts and one extension; no clone of
//! the inner service, nothing boxed.

#[cfg(feature = "config")]
mod config;
#[cfg(feature = "config")]
mod date;
mod key;
mod layer;
mod service;
mod source;
mod table;

#[cfg(feature = "config")]
pub use self::config::{ApiKeyCallerConfig, ApiKeyConfig, ApiKeyEntryConfig, KeySourceConfig};
pub use self::{key::ApiKey, layer::ApiKeyLayer, service::ApiKeyService, source::KeySource};
pub use crate::admission::ResponseFuture;
