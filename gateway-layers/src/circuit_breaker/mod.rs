//! Middleware that refuses requests while what is inside keeps failing.
//!
//! A backend that is down is not helped by more requests, and a client that waits for a timeout is
//! not helped by waiting. A circuit that has seen too many failures opens: requests are refused at
//! once. After a while a few are let through to see, and when they are answered well it closes.
//!
//! # Example
//!
//! ```
//! use axum::{Router, routing::get};
//! use gateway_layers::circuit_breaker::CircuitBreakerLayer;
//!
//! let app: Router = Router::new()
//!     .route("/orders", get(|| async { "asks a backend" }))
//!     .layer(CircuitBreakerLayer::default());
//! ```
//!
//! # Customizing
//!
//! Three failures in a row open it for five seconds, then for ten, up to a minute; one good answer
//! closes it:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use gateway_core::{Body, Request, Response};
//! use gateway_layers::circuit_breaker::{Breaker, CircuitBreakerLayer, CircuitState};
//! use http::StatusCode;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let broken = service_fn(|_: Request| async {
//!     let mut response = Response::new(Body::empty());
//!     *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
//!     Ok::<_, Infallible>(response)
//! });
//! let rules = Breaker::new()
//!     .error_ratio(None)
//!     .consecutive(3)
//!     .open(Duration::from_secs(5))
//!     .max_open(Duration::from_secs(60))
//!     .probes(1);
//! let layer = CircuitBreakerLayer::new(rules);
//! let service = layer.layer(broken);
//!
//! for expected in [500, 500, 500, 503] {
//!     let response = service.clone().oneshot(Request::default()).await.unwrap();
//!     assert_eq!(response.status(), expected);
//! }
//! assert_eq!(layer.circuit().state(), CircuitState::Open);
//! # }
//! ```
//!
//! # What counts
//!
//! A failure is an answer with one of the statuses, or a refusal of the gateway for which the
//! upstream is to blame: no connection, no TLS, a reset, not HTTP, no answer in time. The gateway's
//! other refusals – limits, another circuit, a deadline that the client set – count neither way.
//!
//! A good head counts as a success at once, or a stream of an hour would keep a circuit half open
//! for one. A body that then breaks turns it into a failure.
//!
//! Answers to requests that were sent before the circuit last changed say nothing about it now, and
//! are not counted: what was sent before an outage and answered late does not end it.
//!
//! # Order
//!
//! Around a timeout, which it must see; inside a cache, which can answer while the circuit is open.
//! For one circuit per endpoint give the [`Breaker`] to the
//! balancer, `Balance::breaker`: it does not choose an endpoint whose circuit is open.
//!
//! # Refusals
//!
//! `circuit_open` (503), with `Retry-After` until requests are let through again; or the answer that
//! [`CircuitBreakerLayer::fallback`] was given, which carries that error in its extensions.
//!
//! # Cancellation
//!
//! A request that is dropped before its head counts neither way, and its place among those that are
//! let through is free again.
//!
//! # Cost
//!
//! One lock for each answer, held for a few additions; none to admit a request while the circuit is
//! closed. One allocation for each body that is not in memory.

mod circuit;
#[cfg(feature = "config")]
mod config;
mod fallback;
mod future;
mod layer;
mod machine;
mod rules;
mod service;
mod window;

#[cfg(feature = "config")]
pub use self::config::{CircuitBreakerConfig, FallbackConfig};
#[cfg(feature = "balance")]
pub(crate) use self::{circuit::Permit, future::watched, machine::Verdict, service::open};
pub use self::{
    circuit::{Circuit, CircuitState},
    fallback::Fallback,
    future::ResponseFuture,
    layer::CircuitBreakerLayer,
    rules::Breaker,
    service::CircuitBreaker,
};

#[cfg(test)]
mod tests;
