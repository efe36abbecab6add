//! Active health checks: a task that asks each endpoint of a balancer whether it is well.
//!
//! It finds the endpoint that is down before a request does, and the one that is back. What it finds
//! is one of the reasons in [`EndpointState`](crate::balance::EndpointState), beside those that
//! requests find.
//!
//! # Example
//!
//! ```
//! # use std::convert::Infallible;
//! # use gateway_core::{Body, Request, Response};
//! # use tower::service_fn;
//! use axum::Router;
//! use gateway_layers::{balance::{Balance, Endpoint}, health::Probe};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
//! # runtime.block_on(async {
//! # let proxy = |_: &str| service_fn(|_: Request| async { Ok::<_, Infallible>(Response::new(Body::empty())) });
//! // `proxy` makes a `Proxy` to a URL
//! let shop = Balance::new("shop", [
//!     Endpoint::new("a", proxy("http://127.0.0.1:9001")),
//!     Endpoint::new("b", proxy("http://127.0.0.1:9002")),
//! ]);
//! let prober = Probe::get("/healthz")?.watch(&shop);
//! let app: Router = Router::new().nest_service("/shop", shop);
//!
//! // … serve `app`; probing ends here
//! drop(prober);
//! # drop(app);
//! # Ok::<(), gateway_layers::health::InvalidPath>(())
//! # }).unwrap();
//! ```
//!
//! # Customizing
//!
//! ```
//! use std::time::Duration;
//!
//! use gateway_layers::health::Probe;
//! use http::Method;
//!
//! let probe = Probe::get("/ready")?
//!     .method(Method::HEAD)
//!     .every(Duration::from_secs(1))
//!     .timeout(Duration::from_millis(500))
//!     .up_after(1)
//!     .down_after(2)
//!     .expect_status(204..=204);
//! # Ok::<(), gateway_layers::health::InvalidPath>(())
//! ```
//!
//! # What is asked
//!
//! For a page ([`Probe::get`]), whether a gRPC service serves ([`Probe::grpc`]), or for no more than a
//! connection ([`Probe::tcp`]). The first two go through the endpoint's own service, and so over the
//! same TLS, pool and base path as requests do. A probe does not count as load, nor as a latency.
//!
//! An endpoint is well until probes say otherwise, so that one that has just been added is used at
//! once; it is down after several bad answers in a row, and up again after several good ones.
//!
//! # Order
//!
//! Beside the stack, not in it.
//!
//! # Refusals
//!
//! None; see `balance` for what happens when nobody is well.
//!
//! # Cancellation
//!
//! Dropping the [`Prober`] ends its task, and the probes that are under way. What was found stays.
//!
//! # Cost
//!
//! One task per balancer, at most ten probes at once.

mod ask;
#[cfg(feature = "config")]
mod config;
mod grpc;
mod probe;
mod prober;
mod threshold;

#[cfg(feature = "config")]
pub use self::config::{ProbeConfig, ProbeDetails, StatusConfig};
pub use self::{
    probe::{InvalidPath, Probe},
    prober::Prober,
};

#[cfg(test)]
mod tests;
