//! The types every gateway layer shares: one body, one error, one request vocabulary.
//!
//! A rate limiter that keys on the caller, a cache that partitions by tenant and a log line that
//! names the route have nothing in common except *what they know about the request*. This crate is
//! that knowledge, and the few mechanics that make middleware compose without glue:
//!
//! - [`body`]: [`Body`], bounded collection, replay for retries, guards that live until the stream ends;
//! - [`error`]: [`GatewayError`] and its one table of kinds, carried in response extensions;
//! - [`respond`]: refusals as responses, rendered as problem+json, gRPC or a provider's error object;
//! - [`context`]: the vocabulary – [`ClientIp`], [`Identity`], [`Route`], [`Outcome`], …;
//! - [`key`]: one [`Key`] type evaluated against the vocabulary by every layer that needs one;
//! - [`service`]: the erased service a gateway stores per route, and the whole-stack swap;
//! - [`turn`]: one clock reading and no timer for all that runs in one poll of a connection;
//! - `config` (feature `config`): units, secrets and diagnostics with file, line and column;
//! - `testing` (feature `test-util`): probes and the `contract!` harness each layer passes.
//!
//! The crate knows no HTTP client and no TLS. Public signatures name only `http`, `http-body`,
//! `bytes`, `tower-layer`, `tower-service` and the types defined here.
#![forbid(unsafe_code)]

pub mod body;
#[cfg(feature = "config")]
pub mod config;
pub mod context;
pub mod error;
pub mod key;
pub mod respond;
pub mod service;
#[cfg(feature = "test-util")]
pub mod testing;
pub mod turn;

pub use self::{
    body::Body,
    context::{
        Admission, ApiVersion, Attempt, CacheOutcome, ClientIp, Cost, Deadline, Identity, Interim,
        Lossy, Outcome, PrefixLost, Proofs, RequestId, Route, Standing, TunnelBytes, TunnelEnd,
        Upstream, Usage,
    },
    error::{ErrorKind, GatewayError},
    key::{Key, KeyValue},
    respond::{ErrorFormat, RejectBody, Responder},
    service::{Reloadable, SharedService},
};

/// A type-erased, thread-safe error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request whose body is [`Body`] unless said otherwise.
pub type Request<B = Body> = http::Request<B>;

/// A response whose body is [`Body`] unless said otherwise.
pub type Response<B = Body> = http::Response<B>;
