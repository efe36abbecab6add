//! A service that spreads requests over the endpoints of one upstream.
//!
//! Picking is lock-free and needs only `&self`, so that [`Balance`] is `Clone` and needs no buffer
//! and no task. A request counts as load until its answer has *ended*, not until its head.
//!
//! # Example
//!
//! On axum, three backends:
//!
//! ```
//! # #[cfg(feature = "proxy")]
//! # fn shop() -> Result<(), gateway_layers::proxy::BuildError> {
//! use axum::{Router, routing::get};
//! use gateway_layers::balance::Balance;
//!
//! let shop = Balance::proxies("shop", [
//!     "http://127.0.0.1:9001",
//!     "http://127.0.0.1:9002",
//!     "http://127.0.0.1:9003",
//! ])?;
//! let app: Router = Router::new()
//!     .route("/healthz", get(|| async { "ok" }))
//!     .nest_service("/shop", shop);
//! # drop(app);
//! # Ok(())
//! # }
//! # #[cfg(feature = "proxy")]
//! # shop().unwrap();
//! ```
//!
//! # Customizing
//!
//! The endpoints are any services, here two of the application's own, on plain hyper:
//!
//! ```
//! use std::convert::Infallible;
//!
//! use gateway_core::{Body, Request, Response};
//! use gateway_layers::balance::{Balance, Endpoint, Policy};
//! use hyper_util::service::TowerToHyperService;
//! use tower::service_fn;
//!
//! let answer = |text: &'static str| {
//!     service_fn(move |_: Request| async move {
//!         Ok::<_, Infallible>(Response::new(Body::from(text)))
//!     })
//! };
//! let balance = Balance::new("words", [
//!     Endpoint::new("hello", answer("hello")).weight(3),
//!     Endpoint::new("world", answer("world")),
//! ])
//! .policy(Policy::Weighted);
//!
//! let service = TowerToHyperService::new(balance.clone());
//! // `http1::Builder::new().serve_connection(io, service)` per connection
//! # drop(service);
//!
//! // Later, for this service and all its clones:
//! balance.replace([Endpoint::new("world", answer("world"))]);
//! ```
//!
//! # Choosing
//!
//! [`Policy::P2cEwma`] draws two endpoints by weight and takes the one with the lower latency ×
//! load. The latency is a peak EWMA: a slow answer counts at once, good ones over ten seconds. A
//! failure (a gateway error, 502, 503, 504) multiplies it, so that a broken endpoint that answers
//! quickly is not the most attractive one.
//!
//! [`Policy::Hash`] sends the same [`Key`](gateway_core::Key) to the same endpoint, see
//! [`Balance::hash_on`]; the others are turns by weight, fewest requests and chance. A
//! [`StickyCookie`] comes before all of them while the endpoint it names is well. The answer that
//! sets it is one client's: a cache of this crate does not keep it unless told to, and one further out
//! that keeps answers with `Set-Cookie` (RFC 9111 §7.3 allows it) makes its clients share an endpoint,
//! and nothing else.
//!
//! Endpoints may have priorities ([`Endpoint::priority`]). The first takes everything while 5/7 of it
//! are well; below, what is missing spills to the next. [`Balance::slow_start`] gives an endpoint
//! that is new or back its share bit by bit.
//!
//! An endpoint that gave the request back unsent – it could not be connected to – is followed at
//! once by one other endpoint, whatever the method. More attempts, and attempts after something was
//! sent, are for a retry layer to decide.
//!
//! With [`Outliers`], an endpoint that fails several times in a row is left alone for a while, but
//! never more than a share of them; with [`SuccessRate`], also one that fails more often than the
//! others. When less than half of them all are well ([`Balance::panic_percent`]), a request's first
//! attempt may go to any, for the few that are left would fall next; when none is, every attempt may:
//! that all observers are wrong is as likely, and the upstream's own answer says more than a 503 of
//! the gateway.
//!
//! With a [`Breaker`](crate::circuit_breaker::Breaker), each endpoint has a circuit. While it is
//! open the endpoint is not chosen, not even in a panic; when its time is over, as many requests go
//! there as it lets through to see.
//!
//! [`EndpointState`] is where health checks, outlier ejection and breakers say what they found: an
//! endpoint with any [`Blocked`] reason set is not chosen while there are others.
//!
//! # Order
//!
//! Inside retry and timeout, around what is per endpoint. Reads [`Tried`](gateway_core::context::Tried),
//! which a retry sets, and avoids those endpoints while there are others, and what its key needs; corrects the attempts in
//! [`Upstream`](gateway_core::Upstream) after a second try.
//!
//! # Refusals
//!
//! `no_healthy_upstream` (503, `Retry-After: 1`) when no endpoint can be chosen; `circuit_open` (503,
//! `Retry-After` until one may be) when that is for open circuits.
//!
//! # Cancellation
//!
//! A dropped future or body is no longer counted; before the head, the time that was waited counts
//! as a latency the endpoint did not beat.
//!
//! # Cost
//!
//! No lock and no allocation to choose; one allocation for the body that carries the count.

mod alarm;
mod endpoint;
mod ewma;
mod future;
mod group;
mod hash;
mod observe;
mod outlier;
mod p2c;
mod priority;
#[cfg(feature = "proxy")]
mod proxies;
mod rng;
mod service;
mod set;
mod shared;
mod slow_start;
mod state;
mod status;
mod sticky;
mod success_rate;
mod weighted;

#[cfg(feature = "config")]
mod config;

#[cfg(feature = "config")]
pub use self::config::{
    BalanceConfig, EndpointConfig, OutlierConfig, PolicyConfig, SameSiteConfig, StickyConfig,
    StickyCookieConfig, SuccessRateConfig, WeightedEndpoint,
};
pub use self::{
    endpoint::Endpoint,
    future::ResponseFuture,
    group::Policy,
    outlier::{Ejection, Outliers},
    service::Balance,
    state::EndpointState,
    status::{Blocked, EndpointStatus, Fault, Health},
    sticky::{SameSite, StickyCookie, StickyError},
    success_rate::SuccessRate,
};

#[cfg(test)]
#[cfg(feature = "proxy")]
mod tests;

#[cfg(test)]
mod circuit_tests;
