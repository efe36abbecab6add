//! A task that keeps the endpoints of a balancer what DNS says they are.
//!
//! Each address of a name is an endpoint, so that one that fails is left alone and the others are
//! not; `Host` and the name in certificates stay the name. A name is asked for anew when its answer
//! has expired. What has no answer – a server that is away, a name that is gone – keeps the last one
//! there was: old addresses are better than none.
//!
//! # Example
//!
//! ```
//! # use std::convert::Infallible;
//! # use gateway_core::{Body, Request, Response};
//! # use tower::service_fn;
//! use axum::Router;
//! use gateway_layers::{balance::{Balance, Endpoint}, dns::{Discovery, Resolver, Source}};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # runtime.block_on(async {
//! # let proxy = |_: &str| service_fn(|_: Request| async { Ok::<_, Infallible>(Response::new(Body::empty())) });
//! let shop = Balance::new("shop", []);
//! let name = Source::parse("http://shop.internal:9001").expect("a name and no address");
//! // `proxy` makes a `Proxy` to a URL
//! let discovery = Discovery::start(&shop, vec![name], Resolver::system()?, move |name, target| {
//!     let url = name.url(target?);
//!     Some(Endpoint::new(url.as_str(), proxy(&url)))
//! });
//! let app: Router = Router::new().nest_service("/shop", shop);
//!
//! // … serve `app`; resolving ends here
//! drop(discovery);
//! # drop(app);
//! # Ok::<(), gateway_layers::dns::ResolverError>(())
//! # }).unwrap();
//! ```
//!
//! # Customizing
//!
//! Service records bring their own ports, weights and priorities; the servers may be named:
//!
//! ```
//! use std::time::Duration;
//!
//! use gateway_layers::dns::{Resolver, Source};
//!
//! let name = Source::parse("srv+http://_http._tcp.shop.internal/v1").expect("a service");
//! let resolver = Resolver::with_servers(&["127.0.0.1:8600".parse().expect("an address")])?
//!     .every(Duration::from_secs(5));
//! # drop((name, resolver));
//! # Ok::<(), gateway_layers::dns::ResolverError>(())
//! ```
//!
//! # Order
//!
//! Beside the stack, not in it.
//!
//! # Refusals
//!
//! None; a balancer without endpoints has one.
//!
//! # Cancellation
//!
//! Dropping the [`Discovery`] ends its task. Endpoints that an answer removes get no new requests;
//! those under way finish where they are.
//!
//! # Cost
//!
//! One task per balancer, and nothing per request.

mod discovery;
mod known;
mod resolver;
mod source;

#[cfg(all(feature = "config", feature = "proxy"))]
mod proxies;

#[cfg(feature = "config")]
mod config;

#[cfg(feature = "config")]
pub use self::config::ResolveConfig;
pub use self::{
    discovery::Discovery,
    resolver::{Resolver, ResolverError},
    source::{Source, Target},
};

#[cfg(test)]
mod tests;
