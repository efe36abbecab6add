//! Middleware that admits requests which carry a known API key.
//!
//! It finds the key where clients of HTTP and AI APIs put it – `Authorization: Bearer`, `x-api-key`,
//! `x-goog-api-key`, `api-key` –, inserts the key's [`Identity`](gateway_core::Identity) and removes
//! the credential, so that it goes no further than this gateway. Keys are high-entropy secrets, so
//! they are held as SHA-256 digests: a lookup by digest leaks nothing about a key by its timing, and a
//! dump of the process does not show one. Passwords are not API keys; do not use this layer for them.
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
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app: Router = Router::new()
//!     .route("/", get(|Extension(who): Extension<Identity>| async move { who.subject().to_owned() }))
//!     .layer(ApiKeyLayer::new([ApiKey::new("s3cret-and-long").id("ci")])?);
//!
//! let request = http::Request::get("/").header("x-api-key", "s3cret-and-long").body(Body::empty())?;
//! assert_eq!(app.clone().oneshot(request).await?.status(), 200);
//!
//! let request = http::Request::get("/").body(Body::empty())?;
//! assert_eq!(app.oneshot(request).await?.status(), 401);
//! # Ok(())
//! # }
//! ```
//!
//! # Customizing
//!
//! ```
//! use std::{convert::Infallible, time::{Duration, SystemTime}};
//! use bytes::Bytes;
//! use gateway_layers::api_key::{ApiKey, ApiKeyLayer};
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let partner = ApiKey::new("another-long-secret")
//!     .id("partner")
//!     .tenant("acme")
//!     .scopes(["orders:read"])
//!     .expires_at(SystemTime::now() + Duration::from_secs(3600));
//! let layer = ApiKeyLayer::new([partner])?
//!     .header(http::HeaderName::from_static("x-partner-key")) // here and nowhere else
//!     .optional(true); // without a key the request passes, without an identity
//!
//! let service = layer.layer(service_fn(|request: Request<()>| async move {
//!     assert!(!request.headers().contains_key("x-partner-key"), "the key goes no further");
//!     Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
//! }));
//! let request = Request::builder().header("x-partner-key", "another-long-secret").body(())?;
//! assert_eq!(service.clone().oneshot(request).await?.status(), 200);
//! let forged = Request::builder().header("x-partner-key", "guess").body(())?;
//! assert_eq!(service.oneshot(forged).await?.status(), 401);
//! # Ok(())
//! # }
//! ```
//!
//! # Order
//!
//! Reads request headers alone. Sets [`Identity`](gateway_core::Identity), which keys (`subject`,
//! `api_key`, `tenant`), caches and logs read: put it outside of them. An identity that another layer
//! has established is replaced by the key's, and kept where `optional` lets a request without a key
//! pass.
//!
//! # Refusals
//!
//! | kind | status | when |
//! |---|---|---|
//! | `auth_required` | 401 | no key |
//! | `key_invalid` | 401 | a key that is not known, or two different ones |
//! | `key_expired` | 401 | a key past its time |
//!
//! All carry `WWW-Authenticate: Bearer` (RFC 6750 §3), with `error="invalid_token"` if there was a key.
//! Unknown and malformed keys are not told apart.
//!
//! # Cancellation
//!
//! The decision is synchronous; there is nothing to cancel.
//!
//! # Cost
//!
//! One SHA-256 of the key and one map lookup; no clone of the inner service. The identity is built once
//! per key, and inserted by reference count.

#[cfg(feature = "config")]
mod config;
mod future;
mod key;
mod layer;
mod service;
mod source;

#[cfg(feature = "config")]
pub use self::config::{ApiKeyConfig, KeyConfig};
pub use self::{
    future::ResponseFuture,
    key::{ApiKey, KeyError},
    layer::ApiKeyLayer,
    service::ApiKeyService,
};
