//! Middleware that bounds how long an answer may take: its head, each pause in its body, all of it.
//!
//! One number cannot bound a gateway's answers: ten seconds are too long for a dead upstream and too
//! short for a download or a stream of tokens. So there are four clocks, each off until it is set:
//!
//! - **first byte**: from the call to the response head. Beyond it: 504 `upstream_timeout`.
//! - **idle**: the longest pause while waiting for the next frame of the response body. A slow *reader*
//!   does not run it, since nobody is waiting for the upstream then. Beyond it the body fails.
//! - **upload idle**: the same for the request body. Beyond it the request body fails, and the inner
//!   service answers as it does when a client goes away.
//! - **total**: from the call to the last frame. Beyond it: 504 `deadline_exceeded`, or the body fails.
//!
//! An answer whose head has been sent cannot become a 504: the stream is cut, and the client sees that
//! it is incomplete. The failure is a [`TimeoutError`] in the error of the body.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use axum::{Router, body::Body, routing::get};
//! use gateway_layers::timeout::TimeoutLayer;
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let app: Router = Router::new()
//!     .route("/slow", get(|| tokio::time::sleep(Duration::from_secs(60))))
//!     .layer(TimeoutLayer::new().first_byte(Duration::from_secs(3)));
//!
//! let request = http::Request::get("/slow").body(Body::empty()).unwrap();
//! assert_eq!(app.oneshot(request).await.unwrap().status(), 504);
//! # }
//! ```
//!
//! # Customizing
//!
//! Clients that know what they can wait for may shorten the total, never extend it:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//! use gateway_core::{Body, Deadline, Request, Response};
//! use gateway_layers::timeout::TimeoutLayer;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let layer = TimeoutLayer::new()
//!     .idle(Duration::from_secs(30))
//!     .total(Duration::from_secs(60))
//!     .client_header(true);
//! let service = layer.layer(service_fn(|request: Request| async move {
//!     let deadline = request.extensions().get::<Deadline>().unwrap();
//!     let left = deadline.remaining(tokio::time::Instant::now());
//!     assert_eq!(left, Duration::from_millis(250));
//!     Ok::<_, Infallible>(Response::new(Body::empty()))
//! }));
//! let request = http::Request::get("/").header("x-gateway-timeout", "250ms").body(Body::empty()).unwrap();
//! assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
//! # }
//! ```
//!
//! # Order
//!
//! Outside of whatever may be slow; outside of retries, the total bounds all attempts, inside it bounds
//! each. Honours a [`Deadline`](gateway_core::Deadline) that is already set and sets a shorter one, which
//! inner layers that wait should read.
//!
//! # Refusals
//!
//! | kind | status | when |
//! |---|---|---|
//! | `upstream_timeout` | 504 | no response head in time |
//! | `deadline_exceeded` | 504 | the total is over before the head |
//! | `invalid_parameter` | 400 | `x-gateway-timeout` is not a duration |
//!
//! # Cancellation
//!
//! When a clock runs out the inner future or body is dropped at once, which cancels the upstream.
//! A `101` or a successful `CONNECT` ends the clocks: what follows is not an answer.
//!
//! # Cost
//!
//! One timer per request while a clock is set, kept in place and moved only when it fires: a frame costs
//! a look at the clock. The response body is boxed only if `idle` or `total` is set, the request body only
//! if `upload_idle` is.

mod body;
#[cfg(feature = "config")]
mod config;
mod future;
mod header;
mod layer;
mod service;
#[cfg(test)]
mod tests;

#[cfg(feature = "config")]
pub use self::config::TimeoutConfig;
pub use self::{body::TimeoutError, future::ResponseFuture, layer::TimeoutLayer, service::Timeout};
