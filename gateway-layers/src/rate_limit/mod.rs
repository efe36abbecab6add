//! Middleware that admits a request only while its key has quota left.
//!
//! Each key has a bucket that refills steadily (the generic cell rate algorithm, GCRA): `600/min`
//! with a burst of 50 admits 50 at once and then one each 100 ms. Unlike a fixed window it cannot
//! be cheated at a window's edge, and it needs one number per key. Several policies may hold at
//! once; a request is admitted if all of them admit it, and otherwise counts under none.
//!
//! Responses – admitted and refused – carry `RateLimit-Policy` and `RateLimit` (draft 11 of the
//! IETF's httpapi working group) for the tightest policy, and `X-RateLimit-*` for clients that know
//! only those.
//!
//! # Example
//!
//! ```
//! use axum::{Router, body::Body, routing::get};
//! use gateway_core::Key;
//! use gateway_layers::rate_limit::{RateLimitLayer, per_minute};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let limit = RateLimitLayer::new(per_minute(600).burst(1)).key(Key::Subject.or(Key::ClientIp));
//! let app: Router = Router::new().route("/", get(|| async { "hello" })).layer(limit);
//!
//! let call = || app.clone().oneshot(http::Request::get("/").body(Body::empty()).unwrap());
//! let response = call().await.unwrap();
//! assert_eq!(response.status(), 200);
//! assert_eq!(response.headers()["ratelimit-policy"], "\"default\";q=600;w=60");
//! let refused = call().await.unwrap();
//! assert_eq!(refused.status(), 429);
//! assert_eq!(refused.headers()["retry-after"], "1");
//! # }
//! ```
//!
//! # Customizing
//!
//! A second policy with a key of its own, a price per request, and a short queue instead of a
//! refusal:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//! use bytes::Bytes;
//! use gateway_core::{Cost, Key};
//! use gateway_layers::rate_limit::{Mode, OnMissing, Policy, RateLimitLayer, per_day, per_second};
//! use http_body_util::Full;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let hello = service_fn(|_: http::Request<Full<Bytes>>| async {
//!     Ok::<_, Infallible>(http::Response::new(Full::<Bytes>::from("hello")))
//! });
//! let limited = RateLimitLayer::new(per_second(100).burst(10))
//!     .key(Key::header("x-tenant"))
//!     .policy(Policy::new("everybody", per_day(1_000_000))?.key(Key::Global))
//!     .cost_from_extension()
//!     .on_missing(OnMissing::Deny)
//!     .mode(Mode::Queue { max_wait: Duration::from_millis(100), max_depth: 50 })
//!     .layer(hello);
//!
//! let request = http::Request::builder()
//!     .header("x-tenant", "blue")
//!     .extension(Cost::new(4))
//!     .body(Full::default())?;
//! let response = limited.oneshot(request).await?;
//! assert_eq!(response.headers()["ratelimit"], "\"default\";r=6;t=1");
//! # Ok(()) }
//! ```
//!
//! # Order
//!
//! Inside of whatever provides the key: [`client_ip`](crate::client_ip) for [`Key::ClientIp`], an
//! authentication layer for [`Key::Subject`], the router for [`Key::Route`]. Where an input is
//! missing, [`OnMissing`] decides – by default all such requests share one bucket – and a warning
//! names the key once. A header that clients choose freely protects nothing on its own.
//!
//! # Refusals
//!
//! 429 `rate_limited` with `Retry-After` (at least 1), the `RateLimit` headers and the problem
//! member `violated-policies`; 429 `queue_timeout` when the queue is full; 503 `state_unavailable`
//! when a store fails and [`OnStoreError::Deny`] was chosen. A request that costs more than a full
//! bucket holds is always refused.
//!
//! # Cancellation
//!
//! An admitted request has used its tokens, whatever becomes of it. One that leaves the queue
//! before its turn gives its tokens and its place back.
//!
//! # Cost
//!
//! One lock of one of 64 shards; per request the key's text (no allocation up to 24 bytes), the
//! `RateLimit` value and, unless switched off, two `X-` values. Nothing is cloned and no future
//! boxed unless the request has to wait or is refused. Memory is bounded, see [`MemoryStore`].
//!
//! [`Key::ClientIp`]: gateway_core::Key::ClientIp
//! [`Key::Subject`]: gateway_core::Key::Subject
//! [`Key::Route`]: gateway_core::Key::Route

#[cfg(feature = "config")]
mod config;
mod future;
mod gcra;
mod headers;
mod layer;
mod memory;
mod policy;
mod quota;
mod rules;
mod service;
mod store;
mod table;

#[cfg(feature = "config")]
pub use self::config::{RateLimitConfig, RateLimitPolicyConfig};
pub use self::{
    future::ResponseFuture,
    headers::RateLimitHeaders,
    layer::{Mode, OnMissing, RateLimitLayer},
    memory::MemoryStore,
    policy::{InvalidName, Policy},
    quota::{InvalidQuota, Quota, per_day, per_hour, per_minute, per_second},
    service::RateLimit,
    store::{Answer, Decision, OnStoreError, Store, StoreError, Take, Verdict},
};
