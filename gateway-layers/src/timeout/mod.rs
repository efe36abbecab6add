//! Middleware that bounds how long an answer may take, stage by stage.
//!
//! A single timeout for everything is either too long for a dead backend or too short for a
//! download. Here each stage has its own: the head, pauses in either body, and the whole. The time
//! to connect is bounded by the client, see `transport`.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::{Router, routing::get};
//! use gateway_layers::timeout::TimeoutLayer;
//!
//! let app: Router = Router::new()
//!     .route("/report", get(|| async { "slow to compute" }))
//!     .layer(TimeoutLayer::new().first_byte(Duration::from_secs(5)));
//! ```
//!
//! # Customizing
//!
//! On plain hyper, in front of a service of your own; clients may ask for less time:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use gateway_core::{Body, Request, Response};
//! use gateway_layers::timeout::TimeoutLayer;
//! use hyper_util::service::TowerToHyperService;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! let never = service_fn(|_: Request| async {
//!     std::future::pending::<Result<Response, Infallible>>().await
//! });
//! let bounded = TimeoutLayer::new()
//!     .total(Duration::from_secs(30))
//!     .idle(Duration::from_secs(10))
//!     .header(true)
//!     .layer(never);
//! let for_hyper = TowerToHyperService::new(bounded.clone());
//! # drop(for_hyper);
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
//! # runtime.block_on(async {
//! let request = Request::builder()
//!     .header("x-gateway-timeout", "20ms")
//!     .body(Body::empty())
//!     .unwrap();
//! let response = bounded.oneshot(request).await.unwrap();
//! assert_eq!(response.status(), 504);
//! # });
//! ```
//!
//! # Order
//!
//! Outside retry and balance, inside everything that must see the refusal. Reads a
//! [`Deadline`](gateway_core::Deadline) from the request and writes it back, shortened, never
//! extended; layers inside that wait can respect it.
//!
//! # Refusals
//!
//! | kind | status | when |
//! |---|---|---|
//! | `upstream_timeout` | 504 | no head in time |
//! | `deadline_exceeded` | 504 | the total time is over before the head |
//! | `invalid_parameter` | 400 | `x-gateway-timeout` is malformed, and honoured |
//!
//! After the head there is no status left to change: the body fails with a
//! [`GatewayError`](gateway_core::GatewayError) of kind `upstream_timeout` or `deadline_exceeded`,
//! and the server cuts the stream. A request body that pauses fails with `request_timeout`, which
//! `proxy` answers with 408.
//!
//! `101`, and 2xx to `CONNECT`, end the watch: what follows is a tunnel with clocks of its own.
//!
//! # Cancellation
//!
//! On expiry the inner future or body is dropped at once, which cancels the upstream.
//!
//! # Cost
//!
//! No timer for what is not set. One timer, in place, for the head and one for the body; it is
//! touched when somebody has to wait, and moved at most once per timeout. One allocation for each
//! body that is watched, and a second for an upload, whose progress the head's timer reads; bodies in
//! memory are not watched. A deadline is kept in the request's extensions.

mod body;
mod clock;
#[cfg(feature = "config")]
mod config;
mod future;
mod layer;
mod service;

#[cfg(feature = "config")]
pub use self::config::TimeoutConfig;
pub use self::{future::ResponseFuture, layer::TimeoutLayer, service::Timeout};

#[cfg(test)]
mod tests;
