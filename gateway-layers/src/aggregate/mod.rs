//! A service that answers with one JSON document made of the answers of several.
//!
//! One call of a client on a slow network instead of five: each part is asked, all at once or one
//! after the other, and their JSON becomes the members of one object, byte for byte as it came.
//!
//! # Example
//!
//! On axum, a profile from two services:
//!
//! ```
//! use std::convert::Infallible;
//!
//! use axum::Router;
//! use gateway_core::{Body, Request, Response};
//! use gateway_layers::aggregate::{Aggregate, Part};
//! use gateway_layers::router::{Router as Routes, Rule};
//! use tower::{ServiceExt, service_fn};
//!
//! # fn json(text: &'static str) -> impl Clone + Send + Sync + 'static + tower_service::Service<Request,
//! #     Response = Response, Error = Infallible, Future: Send> {
//! #     service_fn(move |_: Request| async move { Ok::<_, Infallible>(Response::new(Body::from(text))) })
//! # }
//! // Proxies, most likely.
//! let (users, orders) = (json(r#"{"name":"Ada"}"#), json("[]"));
//! let profile = Aggregate::builder()
//!     .part(Part::get("user", users, "/users/{id}"))
//!     .part(Part::get("orders", orders, "/orders?user={id}"))
//!     .build()?;
//! let routes = Routes::new().add(Rule::new("profile", "/profile/{id}")?, profile);
//! let app: Router = Router::new().fallback_service(routes.clone());
//! # drop(app);
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! # let request = Request::get("/profile/7").body(Body::empty()).unwrap();
//! # let response = routes.oneshot(request).await.unwrap();
//! # assert_eq!(response.into_body().as_bytes().unwrap(), r#"{"user":{"name":"Ada"},"orders":[]}"#);
//! # });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Customizing
//!
//! One after the other, where the second needs the first:
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use gateway_core::{Body, Request, Response};
//! use gateway_layers::aggregate::{Aggregate, OnError, Part};
//! use hyper_util::service::TowerToHyperService;
//! use tower::{ServiceExt, service_fn};
//!
//! let user = service_fn(|_: Request| async {
//!     Ok::<_, Infallible>(Response::new(Body::from(r#"{"user":{"team":"a/b"}}"#)))
//! });
//! let team = service_fn(|request: Request| async move {
//!     let path = format!("{:?}", request.uri().path());
//!     Ok::<_, Infallible>(Response::new(Body::from(path)))
//! });
//! let aggregate = Aggregate::builder()
//!     .sequential()
//!     .timeout(Duration::from_secs(2))
//!     .part(Part::get("user", user, "/me").pick("/user").on_error(OnError::Fail))
//!     .part(
//!         Part::get("team", team, "/teams/{part:user/team}")
//!             .header("x-tenant", "{header:x-tenant|none}")
//!             .timeout(Duration::from_millis(500))
//!             .rename("members"),
//!     )
//!     .build()
//!     .unwrap();
//! let for_hyper = TowerToHyperService::new(aggregate.clone());
//! # drop(for_hyper);
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let response = aggregate.oneshot(Request::new(Body::empty())).await.unwrap();
//! let body = response.into_body();
//! assert_eq!(body.as_bytes().unwrap(), r#"{"user":{"team":"a/b"},"members":"/teams/a%2Fb"}"#);
//! # });
//! ```
//!
//! # What a part is asked
//!
//! Paths, headers and the texts of a JSON body are templates: `{id}` is a parameter of the route's
//! path, `{query:NAME}`, `{header:NAME}`, `{claim:PATH}` and `{subject}` are of the request, and in
//! sequence `{part:NAME/pointer}` is from the answer of an earlier part. `{query:page|1}` has a
//! default; `{{` and `}}` are braces. A text of the body that is nothing but one `{part:…}` becomes
//! that JSON value, whatever it is.
//!
//! What a value can do is bounded: it is percent-encoded but for letters, digits and `-._~`, so it
//! can neither end a path nor begin a query; and in the path one that is empty, has control
//! characters, or has `.` or `..` between slashes is refused, for servers that decode before they
//! resolve dots would leave the path that was meant.
//!
//! A part gets the request's headers and extensions – identity, trace and request id go along – but
//! for what is about the client's own body or the form of the answer.
//!
//! # When a part fails
//!
//! No answer, no 2xx, no JSON, too long, too late: by [`OnError`] the part is `null`, left out, or
//! the failure of the whole. With the first two the answer is a 200 that names what is missing in
//! `x-gateway-partial` and is not to be stored (`Cache-Control: no-store`); with `strict` every
//! failure is one of the whole, and if no part has an answer there is nothing to answer with.
//! `Server-Timing` has each part's time, and the code of its failure.
//!
//! # Bounds
//!
//! All answers together have `max_bytes`; what goes beyond fails its part. The whole has `timeout`,
//! a part its own; what has not come by then is late, and the rest is answered. A
//! [`Deadline`](gateway_core::Deadline) ends the waiting a moment before it, so that a partial
//! answer is still in time, and parts have one of their own to pass on. At most `concurrency`
//! parts are asked at a time.
//!
//! # Order
//!
//! Innermost, in the place of an upstream. Reads [`Route`](gateway_core::Route) (`router`),
//! [`Identity`](gateway_core::Identity), [`Deadline`](gateway_core::Deadline).
//!
//! # Refusals
//!
//! | what | answer |
//! |---|---|
//! | the client accepts no JSON | 406 `not_acceptable` |
//! | a value that is missing or cannot stand in a path | 400 `invalid_parameter` |
//! | a part was late | 504 `upstream_timeout` |
//! | a part is too long | 502 `upstream_too_large` |
//! | a part is no JSON | 502 `upstream_invalid` |
//! | a part failed otherwise | 502 `upstream_error` |
//!
//! # Cancellation
//!
//! All parts belong to the future: dropping it drops their requests. The first failure of the whole
//! does, too.
//!
//! # Cost
//!
//! Per part a request head and a box; the answers are checked once and copied once.

mod accept;
mod body;
mod builder;
#[cfg(feature = "config")]
mod config;
mod facts;
mod fault;
mod future;
mod gather;
mod join;
mod part;
mod request;
mod service;
mod template;

#[cfg(feature = "config")]
pub use self::config::{AggregateConfig, ModeConfig, OnErrorConfig, PartConfig};
pub use self::{
    builder::{AggregateBuilder, BuildError},
    future::ResponseFuture,
    part::{OnError, Part},
    service::{Aggregate, Planned},
};

#[cfg(test)]
mod tests;
