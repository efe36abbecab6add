//! A service that sends each request to one of several targets, by weights that change while it runs.
//!
//! For canaries and blue/green switches: 5 % of the users on the new version today, 50 % tomorrow,
//! none in a second if it fails. A target is any service – an upstream, a router, a handler.
//!
//! # Example
//!
//! On axum, one user in twenty on the second version:
//!
//! ```
//! use axum::{Router, routing::get};
//! use gateway_layers::split::Split;
//!
//! let v1 = Router::new().route("/orders", get(|| async { "one" }));
//! let v2 = Router::new().route("/orders", get(|| async { "two" }));
//!
//! let split = Split::new([("v1", 95, v1), ("v2", 5, v2)])?;
//! let weights = split.weights().clone();
//! let app: Router = Router::new().fallback_service(split);
//! # drop(app);
//!
//! // Later, for requests that arrive from now on:
//! weights.set([("v1", 0), ("v2", 100)])?;
//! # Ok::<(), gateway_layers::split::WeightsError>(())
//! ```
//!
//! # Customizing
//!
//! On plain hyper; a caller keeps its target, and a tester picks one:
//!
//! ```
//! use std::convert::Infallible;
//!
//! use gateway_core::{Body, Key, Request, Response};
//! use gateway_layers::split::Split;
//! use http::HeaderName;
//! use hyper_util::service::TowerToHyperService;
//! use tower::{ServiceExt, service_fn};
//!
//! let answer = |text: &'static str| {
//!     service_fn(move |_: Request| async move {
//!         Ok::<_, Infallible>(Response::new(Body::from(text)))
//!     })
//! };
//! let split = Split::new([("blue", 1, answer("blue")), ("green", 0, answer("green"))])
//!     .unwrap()
//!     .sticky(Key::Subject.or(Key::ClientIp))
//!     .force_header(HeaderName::from_static("x-canary"));
//! let for_hyper = TowerToHyperService::new(split.clone());
//! # drop(for_hyper);
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let request = Request::builder().header("x-canary", "green").body(Body::empty()).unwrap();
//! let response = split.oneshot(request).await.unwrap();
//! assert_eq!(response.into_body().as_bytes().unwrap(), "green");
//! # });
//! ```
//!
//! # Choosing
//!
//! A header or cookie that names a target decides, also for a target of weight 0: that is how a
//! release is tried before it has users. A name that is no target's is as good as none. The header
//! is an order to this gateway and ends here – one behind it must not obey it a second time; the
//! cookie stays among those of the application. Whether *anybody* may choose is for a layer outside
//! to say, by removing the header from strangers' requests.
//!
//! Otherwise each target has a score for the request's key and the highest wins (weighted
//! rendezvous hashing, −w ÷ ln u). The shares are the weights exactly, and of the two ways to cut a
//! range of hashes into pieces or to score, only this one keeps a change small: a key moves from one
//! target to another only if the *ratio* of their weights has changed, so from 95/5 to 50/50 45 % of
//! the callers move, all of them to the second, and none between two targets that were left alone.
//! The hash is of the target's name and not of its place, and is the same in every process and
//! release: a fleet of gateways agrees, and a caller is back where it was when the weights are. Two
//! splits with the same names agree too – who is on `v2` of the orders is on `v2` of the items.
//!
//! A request without the key, or without a sticky key at all, is decided by chance.
//!
//! # Order
//!
//! Innermost, in the place of what answers. A cache outside answers for all targets alike. Reads
//! what its key needs; tells [`Outcome`](gateway_core::Outcome) the target.
//!
//! # Refusals
//!
//! None: some target always takes the request.
//!
//! # Cancellation
//!
//! That of the target. A change of weights concerns requests that arrive after it; those in flight
//! end where they are.
//!
//! # Cost
//!
//! No lock and no allocation; a logarithm per target, and one clone of the service that is chosen.

mod choose;
#[cfg(feature = "config")]
mod config;
mod future;
mod service;
mod weights;

#[cfg(feature = "config")]
pub use self::config::{SplitConfig, WeightConfig};
pub use self::{
    future::ResponseFuture,
    service::Split,
    weights::{Weights, WeightsError},
};

#[cfg(test)]
mod tests;
