//! Middleware that observes each request to the end of its answer: access log, metrics, trace context.
//!
//! It puts an [`Outcome`](gateway_core::Outcome) into the request, which the layers inside fill, and
//! reads it when the last frame has been handed on, the body has failed, or the reader has gone
//! away: a stream of ten minutes is one line with its true length, duration and end.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//!
//! use gateway_core::{Body, Request, Response};
//! use gateway_layers::observe::{Metrics, ObserveLayer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let metrics = Metrics::new();
//! let service = ServiceBuilder::new()
//!     .layer(ObserveLayer::new().metrics(metrics.clone()))
//!     .service(service_fn(|_: Request| async {
//!         Ok::<_, Infallible>(Response::new(Body::from("hello")))
//!     }));
//!
//! drop(service.oneshot(Request::default()).await?); // nobody reads the body
//! assert!(metrics.encode().contains(r#"gateway_refusals_total{route="-",reason="client_closed"} 1"#));
//! # Ok::<(), Infallible>(())
//! # }).unwrap();
//! ```
//!
//! # Customizing
//!
//! ```
//! use gateway_layers::observe::{AccessLog, Format, ObserveLayer, Query, Record};
//!
//! let log = AccessLog::stdout(Format::Combined)?.query(Query::Names);
//! let layer = ObserveLayer::new()
//!     .access_log(log)
//!     .sample(0.05)
//!     .on_end(|record: &Record<'_>| {
//!         if record.duration.as_secs() > 1 {
//!             eprintln!("slow: {}", record.uri.path());
//!         }
//!     });
//! # let _ = layer;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What a line holds
//!
//! What is known and nothing else: fields without a value are left out. `code` is there whenever the
//! gateway answered by itself. Header values, bodies and – unless asked for – query strings are not
//! logged, for that is where keys travel; line ends and terminal sequences are escaped.
//!
//! # Trace context
//!
//! One valid `traceparent` is continued with a span of this hop, and the caller's sampling decision
//! kept; anything else begins a new trace, and `tracestate` is dropped. The proxied request carries
//! the result.
//!
//! # Order
//!
//! Outside of everything it should tell about. Reads [`ClientIp`](gateway_core::ClientIp) and
//! [`RequestId`](gateway_core::RequestId) where layers outside have set them, the outcome, and of the
//! response's extensions `GatewayError`, `Upstream`, `CacheOutcome` and `Usage`.
//!
//! # Refusals
//!
//! None.
//!
//! # Cancellation
//!
//! A future dropped before the answer is logged with status 499, a body dropped before its end with
//! `end: cancelled`; both have the code `client_closed`. In a panic it is 500 and `internal`.
//!
//! # Cost
//!
//! Four allocations a request: the outcome, what is noted of the request, the `traceparent` value,
//! and the box of the body. The line is composed in a buffer that is kept, and appended under a lock
//! to the batch of the writer thread; counters are found by a read lock and a hash for each name: the
//! route's, and where there are any the upstream's and the model's.

#[cfg(feature = "config")]
mod config;
mod future;
mod layer;
mod line;
mod log;
mod metrics;
mod random;
mod record;
mod recorder;
mod service;
mod trace;

#[cfg(feature = "config")]
pub use self::config::AccessLogConfig;
pub use self::{
    future::ResponseFuture,
    layer::ObserveLayer,
    line::{Format, Query},
    log::AccessLog,
    metrics::{Counter, Gauge, Metrics},
    record::{OnEnd, Record},
    recorder::RequestBytes,
    service::Observe,
    trace::TraceContext,
};
