//! Middleware that sends a failed request again, where that is safe and the upstream can bear it.
//!
//! A request is repeated only if its method is idempotent (RFC 9110 §9.2.2) or the client sent an
//! `Idempotency-Key`; one of which nothing was sent goes out again whatever its method. Nothing is
//! repeated once the head of an answer has been passed on.
//!
//! # Example
//!
//! ```
//! use axum::{Router, routing::get};
//! use gateway_layers::retry::RetryLayer;
//! use tower::{Layer, service_fn};
//!
//! # use std::convert::Infallible;
//! # use gateway_core::{Body, Request, Response};
//! # let orders = service_fn(|_: Request| async { Ok::<_, Infallible>(Response::new(Body::empty())) });
//! // `orders` is a proxy or a balancer over several
//! let app: Router = Router::new()
//!     .route("/healthz", get(|| async { "ok" }))
//!     .nest_service("/orders", RetryLayer::new().layer(orders));
//! ```
//!
//! # Customizing
//!
//! On plain hyper, with three attempts of at most two seconds:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use gateway_core::{Body, Request, Response};
//! use gateway_layers::retry::{On, RetryLayer};
//! use http::StatusCode;
//! use hyper_util::service::TowerToHyperService;
//! use tower::{Layer, service_fn};
//!
//! let inner = service_fn(|_: Request| async {
//!     Ok::<_, Infallible>(Response::new(Body::from("hello")))
//! });
//! let retried = RetryLayer::new()
//!     .attempts(3)
//!     .on([On::Connect, On::Reset, On::Timeout, On::Status(StatusCode::SERVICE_UNAVAILABLE)])
//!     .per_try(Duration::from_secs(2))
//!     .backoff(Duration::from_millis(50), Duration::from_secs(1))
//!     .budget(100, 1)
//!     .layer(inner);
//! let service = TowerToHyperService::new(retried);
//! # drop(service);
//! ```
//!
//! # When, and how often
//!
//! What is worth another attempt is a list of [`On`]. The gateway's own refusals – overload, an open
//! circuit, a limit – never are. `Retry-After` replaces the wait if it is short enough, and forbids
//! the retry if it is not. Otherwise the wait is a random part of a bound that doubles.
//!
//! Retries are paid from a budget, a share of the requests of the last ten seconds: in an outage the
//! upstream gets a fifth more than its normal load and not twice as much.
//!
//! Bodies are kept as they pass, up to a bound (64 KiB); a longer one is sent once. A body that is in
//! memory anyway has no bound.
//!
//! # Order
//!
//! Inside timeout, around balance. Reads a [`Deadline`](gateway_core::Deadline) and does not wait
//! beyond it. Sets [`Attempt`](gateway_core::Attempt) and
//! [`Tried`](gateway_core::context::Tried), by which a balancer avoids endpoints that were tried, and
//! corrects the attempts in [`Upstream`](gateway_core::Upstream).
//!
//! # Refusals
//!
//! `upstream_timeout` (504) when the last attempt got no head within `per_try`. Otherwise the last
//! answer is the answer.
//!
//! # Cancellation
//!
//! Dropping the future cancels the attempt or the wait. An attempt is dropped before the next begins.
//!
//! # Cost
//!
//! A copy of the head of each request that may be repeated, one allocation for its list of tried
//! endpoints, one for a body that is not in memory. One clone of the inner service.

mod again;
mod budget;
#[cfg(feature = "config")]
mod config;
mod future;
mod layer;
mod policy;
mod service;

#[cfg(feature = "config")]
pub use self::config::{FailureConfig, OnConfig, RetryConfig};
pub use self::{
    budget::RetryBudget, future::ResponseFuture, layer::RetryLayer, policy::On, service::Retry,
};

#[cfg(test)]
mod tests;

#[cfg(test)]
#[cfg(all(feature = "balance", feature = "proxy"))]
mod cluster_tests;
