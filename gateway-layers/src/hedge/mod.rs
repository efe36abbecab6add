//! Middleware that asks a second time when an answer takes unusually long.
//!
//! Of many endpoints one is always slow for a moment: a pause of its collector, a cold cache, a lost
//! packet. What waits for it could have had its answer elsewhere. Here a safe request whose answer
//! takes longer than nearly all others is sent again; the first good answer is passed on, and whoever
//! is late is cancelled.
//!
//! # Example
//!
//! After the time that 95 of a hundred answers do not take:
//!
//! ```
//! use axum::{Router, routing::get};
//! use gateway_layers::hedge::HedgeLayer;
//! use tower::{Layer, service_fn};
//!
//! # use std::convert::Infallible;
//! # use gateway_core::{Body, Request, Response};
//! # let search = service_fn(|_: Request| async { Ok::<_, Infallible>(Response::new(Body::empty())) });
//! // `search` is a balancer over several
//! let app: Router = Router::new()
//!     .route("/healthz", get(|| async { "ok" }))
//!     .nest_service("/search", HedgeLayer::after_quantile(0.95).layer(search));
//! ```
//!
//! # Customizing
//!
//! After a fixed time, at most twice, and within the same budget as the retries around it:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use gateway_core::{Body, Request, Response};
//! use gateway_layers::{hedge::HedgeLayer, retry::{RetryBudget, RetryLayer}};
//! use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let search = service_fn(|_: Request| async {
//!     Ok::<_, Infallible>(Response::new(Body::from("found")))
//! });
//! let budget = RetryBudget::new(100, 1);
//! let service = ServiceBuilder::new()
//!     .layer(RetryLayer::new().share_budget(budget.clone()))
//!     .layer(HedgeLayer::after(Duration::from_millis(50)).max(2).budget(budget))
//!     .service(search);
//! let response = service.oneshot(Request::new(Body::empty())).await.unwrap();
//! assert_eq!(response.status(), 200);
//! # }
//! ```
//!
//! # When, and how often
//!
//! `GET`, `HEAD` and `OPTIONS` without a body that could be read but once, and never what asks to
//! become a tunnel. An answer is good unless it is a 5xx, a 429 or the gateway's own; a bad one waits
//! for those still under way. One that comes before it is time to ask again is for a retry to judge.
//!
//! Each is paid from a [`RetryBudget`](crate::retry::RetryBudget): when everything is slow, asking
//! twice would make it slower.
//!
//! # Order
//!
//! Inside retry, around balance. Sets [`Tried`](gateway_core::context::Tried), if no retry has, by
//! which a balancer sends the second attempt elsewhere, and corrects the attempts in
//! [`Upstream`](gateway_core::Upstream).
//!
//! # Refusals
//!
//! None of its own.
//!
//! # Cancellation
//!
//! Dropping the future cancels all attempts; so does the first good answer, for all others.
//!
//! # Cost
//!
//! For each request that may be sent again a copy of its head, two allocations and a timer, and a
//! lock when its head has come. Two kilobytes for the latencies. Nothing for other requests.

#[cfg(feature = "config")]
mod config;
mod future;
mod histogram;
mod layer;
mod service;

#[cfg(feature = "config")]
pub use self::config::HedgeConfig;
pub use self::{future::ResponseFuture, layer::HedgeLayer, service::Hedge};

#[cfg(test)]
mod tests;
