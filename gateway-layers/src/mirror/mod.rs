//! Middleware that sends a copy of some requests elsewhere and drops the answers.
//!
//! For trying a new version with real traffic before anybody depends on it. The copy is fire and
//! forget: it is sent beside the request, never before it, and nothing about it – slowness, failure,
//! absence – reaches the client.
//!
//! # Example
//!
//! On axum, a tenth of the reads also go to the new version:
//!
//! ```
//! use std::convert::Infallible;
//!
//! use axum::{Router, routing::get};
//! use gateway_core::{Body, Request, Response};
//! use gateway_layers::mirror::MirrorLayer;
//! use tower::service_fn;
//!
//! // A proxy to it, most likely.
//! let shadow = service_fn(|_: Request| async {
//!     Ok::<_, Infallible>(Response::new(Body::empty()))
//! });
//! let orders = service_fn(|_: Request| async {
//!     Ok::<_, Infallible>(Response::new(Body::from("orders")))
//! });
//! let app: Router = Router::new()
//!     .route("/healthz", get(|| async { "ok" }))
//!     .nest_service("/orders", tower::Layer::layer(&MirrorLayer::new(shadow).share(0.1), orders));
//! # drop(app);
//! ```
//!
//! # Customizing
//!
//! On plain hyper, with writes, counted:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use gateway_core::{Body, Request, Response};
//! use gateway_layers::mirror::{Mirrored, MirrorLayer};
//! use http::Method;
//! use hyper_util::service::TowerToHyperService;
//! use tower::{Layer, service_fn};
//!
//! let answer = service_fn(|_: Request| async {
//!     Ok::<_, Infallible>(Response::new(Body::empty()))
//! });
//! let layer = MirrorLayer::new(answer)
//!     .methods([Method::GET, Method::POST])
//!     .max_body(256 * 1024)
//!     .max_in_flight(50)
//!     .timeout(Duration::from_secs(2))
//!     .on_end(|mirrored: Mirrored| println!("{}", mirrored.as_str()));
//! let for_hyper = TowerToHyperService::new(layer.layer(answer));
//! # drop(for_hyper);
//! ```
//!
//! # What is copied
//!
//! Requests of the methods asked for, GET and HEAD unless more are: a copy of a write is a second
//! write wherever the two versions share a database, so that is for the author to say. Never
//! upgrades and CONNECT. The head is copied, with `x-gateway-mirror: 1` set, by which the other side
//! can suppress what must not happen twice; `Expect` is left out.
//!
//! A body is not read ahead. Its frames are kept, by reference count, as they pass to the service
//! inside, and the copy is sent when the last one has passed. A body longer than `max_body` is not
//! mirrored at all – half a body would be another request – and neither is one that the service
//! inside did not read to its end.
//!
//! The answer is read, up to `max_answer` bytes so that its connection can be used again, and
//! dropped.
//!
//! # Bounds
//!
//! At most `max_in_flight` copies exist at a time, the ones whose body is still passing included;
//! beyond that requests are not mirrored. So `max_in_flight` × `max_body` bytes are kept at most.
//!
//! # Order
//!
//! Inside the cache, so that what is mirrored is what the upstream gets; outside timeout and retry,
//! so that an attempt that is repeated is mirrored once. The copy has the request's extensions
//! but for [`Outcome`](gateway_core::Outcome) and [`Deadline`](gateway_core::Deadline), which are
//! about the answer the client waits for.
//!
//! # Refusals
//!
//! None.
//!
//! # Cancellation
//!
//! Copies are tasks in a set that belongs to the service and its clones and is aborted with the last
//! of them; one that takes longer than `timeout` is dropped. A client that leaves while its body is
//! passing takes the copy with it.
//!
//! # Cost
//!
//! A request that is not mirrored: one random number. One that is: a copy of its head, a task, and
//! for a body that is not in memory the box around it.

#[cfg(feature = "config")]
mod config;
mod copy;
mod layer;
mod outcome;
mod service;
mod tasks;

#[cfg(feature = "config")]
pub use self::config::MirrorConfig;
pub use self::{
    layer::MirrorLayer,
    outcome::{Mirrored, OnMirrored},
    service::Mirror,
};

#[cfg(test)]
mod tests;
