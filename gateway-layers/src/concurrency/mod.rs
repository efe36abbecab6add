//! Middleware that bounds how many requests are under way.
//!
//! A rate says how often a backend may be asked; this says how much it has to do at a time, which is
//! what it runs out of. A request counts until its answer has *ended*, not until its head. What is
//! too much is refused at once, or waits in a queue that has a bound and a time limit.
//!
//! # Example
//!
//! ```
//! use std::num::NonZeroU32;
//!
//! use axum::{Router, routing::get};
//! use gateway_layers::concurrency::ConcurrencyLayer;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app: Router = Router::new()
//!     .route("/report", get(|| async { "slow to compute" }))
//!     .layer(ConcurrencyLayer::new(NonZeroU32::try_from(50)?));
//! # Ok(()) }
//! ```
//!
//! # Customizing
//!
//! A limit that finds out itself how much is good, a short queue, and some requests that matter
//! more than others:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use gateway_core::{Body, Key, Request, Response};
//! use gateway_layers::concurrency::{ConcurrencyLayer, Gradient, Priority};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let layer = ConcurrencyLayer::new(Gradient::new().initial(10).between(2, 200))
//!     .queue(Duration::from_millis(200), 100)
//!     .priority(
//!         Priority::new(Key::header("x-priority"))
//!             .level("interactive", 1.0)
//!             .level("batch", 0.5)
//!             .otherwise(0.9),
//!     );
//! let inner = service_fn(|_: Request| async {
//!     Ok::<_, Infallible>(Response::new(Body::from("hello")))
//! });
//! let response = layer.layer(inner).oneshot(Request::default()).await.unwrap();
//! assert_eq!(response.status(), 200);
//! assert_eq!(layer.occupancy().limit, 10);
//! # }
//! ```
//!
//! # Limits
//!
//! A number; or [`Gradient`], which follows the latency and needs to be told nothing; or [`Aimd`],
//! which is told how long an answer may take. The last two grow while answers are good and the limit
//! is used, and shrink when answers are slow, when a connection fails, and at 429, 502, 503 and 504.
//!
//! With a [`key`](ConcurrencyLayer::key) each caller has places of its own.
//!
//! # Waiting
//!
//! In order of arrival, those of a higher [`Priority`] first. When the queue is full, a request that
//! matters more takes the place of the last one that matters least.
//!
//! # Order
//!
//! Inside of whatever provides the key and the priority – a header that clients choose freely
//! protects nothing on its own –, outside of a cache only if its answers shall count too. Reads a
//! [`Deadline`](gateway_core::Deadline) and does not wait beyond it.
//!
//! # Refusals
//!
//! | kind | status | when |
//! |---|---|---|
//! | `overloaded` | 503 | no place, and none to wait in |
//! | `too_many_concurrent` | 429 | the same, with a key: it is the caller's own doing |
//! | `queue_timeout` | 429 | no place in time |
//!
//! All with `Retry-After: 1`.
//!
//! # Cancellation
//!
//! A dropped future or body gives its place to whoever waits; a dropped future that waits leaves the
//! queue. A request that becomes a tunnel has its place until the tunnel ends.
//!
//! # Cost
//!
//! One lock at either end of a request, and a second one with a key. No allocation but for a body
//! that is not in memory, for a request that waits, and for a key that is longer than 24 bytes or has
//! nothing else under way.

mod aimd;
#[cfg(feature = "config")]
mod config;
mod future;
mod gradient;
mod layer;
mod limit;
mod permit;
mod pool;
mod priority;
mod queue;
mod sample;
mod service;
mod survey;

#[cfg(feature = "config")]
pub use self::config::{
    AimdConfig, ConcurrencyConfig, GradientConfig, LimitConfig, PriorityConfig, QueueConfig,
};
pub use self::{
    aimd::Aimd,
    future::ResponseFuture,
    gradient::Gradient,
    layer::{ConcurrencyLayer, Occupancy},
    limit::Limit,
    priority::Priority,
    service::Concurrency,
};

#[cfg(test)]
mod tests;
