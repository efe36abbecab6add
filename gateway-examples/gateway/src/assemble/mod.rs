//! From a config to the service that runs it, in the canonical order of layers.
//!
//! Outside of the routes, from the outermost:
//!
//! 1. a panic becomes a 500;
//! 2. `client_ip`: who is asking;
//! 3. a WebSocket over HTTP/2 becomes the upgrade that HTTP/1.1 asks for;
//! 4. headers the client declared hop-by-hop go, before any layer sets one;
//! 5. `observe`: access log, metrics, trace context;
//! 6. the `forward_proxy` of the listener, if it has one, past all routes;
//! 7. `router`.
//!
//! Then, per route: the form of refusals on a route of models, the limits of an upload, and where the
//! config says so `request_id`, `grpc_web`, `client_cert`, `jwt`, `api_key` – on a route of models within what
//! asks again who may keep a WebSocket open –, `rate_limit`, `concurrency`, `transform`,
//! `cache`, `mirror`, `circuit_breaker`, `timeout`; innermost the models, an aggregate, a split, or the
//! upstream: its timeouts, `balance`, one `proxy` per
//! endpoint. A request crosses two boxes, the stack's and the route's, and one more for each layer
//! that few routes have: in line, all routes would carry the state of their futures.
//!
//! What must survive a reload is asked of the [`Draft`](crate::reload::Draft): counters and caches
//! by route, connection pools and balancers by upstream, the access log by what it writes.

mod counted;
mod delivery;
mod embed;
mod forward;
mod gateway;
mod guards;
mod instance;
mod layers;
pub(crate) mod listeners;
mod live;
mod panics;
mod route;
mod run;
mod runtime;
mod stack;
mod standing;
mod termination;
mod upstream;

pub use self::{
    embed::Embedded,
    gateway::Gateway,
    instance::{Instance, Overrides, StartError},
    run::run,
    runtime::runtime,
    stack::Assembler,
};

#[cfg(test)]
mod tests;
