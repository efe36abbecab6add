//! A service that chooses one of many by host, path, method, headers and query.
//!
//! Before it chooses it reads the path once, by the rules of [`path::clean`], refuses what servers
//! are known to read differently, and puts the path it matched into the request that goes on: what
//! was matched – and authorised – is what the upstream sees.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//!
//! use gateway_core::{Body, Request, Response, Route};
//! use gateway_layers::router::Router;
//! use tower::{ServiceExt, service_fn};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let orders = service_fn(|request: Request| async move {
//!     let id = request.extensions().get::<Route>().and_then(|route| route.param("id"));
//!     Ok::<_, Infallible>(Response::new(Body::from(format!("order {}", id.unwrap_or("?")))))
//! });
//! let router = Router::new().route("/orders/{id}", orders)?;
//!
//! let request = http::Request::get("/orders/x/../7").body(Body::empty())?;
//! let answer = router.oneshot(request).await?;
//! assert_eq!(answer.body().as_bytes().unwrap(), "order 7");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # Customizing
//!
//! A [`Rule`] asks for more than a path. Services of different types are stored behind
//! [`SharedService`](gateway_core::SharedService).
//!
//! ```
//! # use std::convert::Infallible;
//! # use gateway_core::{Body, Request, Response};
//! use gateway_core::SharedService;
//! use gateway_layers::router::{Router, Rule};
//! # use tower::service_fn;
//!
//! # let stable = service_fn(|_: Request| async { Ok::<_, Infallible>(Response::new(Body::empty())) });
//! # let canary = stable.clone();
//! let canary_rule = Rule::new("orders-canary", "/orders/{*rest}")?
//!     .host("*.example.com")?
//!     .header(http::HeaderName::from_static("x-canary"), Some("1"));
//! let router = Router::new()
//!     .route("/orders/{*rest}", SharedService::new(stable))?
//!     .add(canary_rule, SharedService::new(canary));
//! assert!(router.shadowed().is_empty());
//! # Ok::<(), gateway_layers::router::RuleError>(())
//! ```
//!
//! # Which route is chosen
//!
//! The most specific that takes the request, not the first in the file:
//!
//! 1. host: by name, then `*.` with the longest domain, then routes without a host;
//! 2. path, segment by segment from the left: text, text around a parameter (longest first), a
//!    parameter, `{*rest}`;
//! 3. the number of header and query conditions, most first;
//! 4. routes that name methods before those that take all;
//! 5. the order in which they were added.
//!
//! A route whose conditions fail is skipped and the next best is tried, also one with a wider path.
//! `GET` includes `HEAD`. `OPTIONS` is an ordinary method, with two exceptions: a CORS preflight
//! goes to the route that takes the method it asks about, and where no route takes `OPTIONS` the
//! router answers it with 204 and `Allow`, as it does `OPTIONS *`.
//!
//! # Order
//!
//! Reads nothing. Sets [`Route`](gateway_core::Route) for whatever is inside, and in the
//! [`Outcome`](gateway_core::Outcome) for the observer outside.
//!
//! # Refusals
//!
//! | when | kind |
//! |---|---|
//! | no route has the path | `no_route` |
//! | routes have it with other methods | `method_not_allowed`, with `Allow` |
//! | the path is ambiguous | `bad_request` |
//! | `CONNECT` | `not_implemented` |
//!
//! A route's own form of refusals is not known before there is a route; for paths that can have none,
//! [`format_malformed`](Router::format_malformed) tells it.
//!
//! # Cancellation
//!
//! Nothing is held. Dropping the future drops the chosen service's.
//!
//! # Cost
//!
//! One walk down a tree, a hash per segment; no dependence on the number of routes. No allocation
//! without path parameters, three with one. The chosen service is cloned once per request.

#[cfg(feature = "config")]
mod config;
mod future;
mod host;
pub mod path;
mod pattern;
mod rule;
mod service;
mod shadow;
mod table;
mod tree;

#[cfg(feature = "config")]
pub use self::config::MatchConfig;
pub use self::{
    future::ResponseFuture,
    host::{HostError, HostPattern},
    pattern::{PathPattern, PatternError},
    rule::{Rule, RuleError},
    service::Router,
    shadow::Shadowed,
};
