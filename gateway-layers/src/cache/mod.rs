//! Middleware that answers from stored responses what RFC 9111 lets a shared cache answer.
//!
//! A `GET` is looked up by all bytes of its target, the request fields its `Vary` names, and the
//! partition. What is fresh is served, with `Age`; what is stale is validated with the origin by
//! `ETag` and `Last-Modified`, or served while it is refreshed behind the answer where RFC 5861
//! allows that. `HEAD`, single ranges and the client's own conditions are answered from the stored
//! `GET`. A response is stored while its client reads it, at the client's pace, and only if it
//! arrives whole. Concurrent misses for one key are one request to the origin.
//!
//! What is not supported is not stored: partial responses (206), responses with trailers, event
//! streams, answers to methods other than `GET`. They pass through untouched.
//!
//! # Example
//!
//! ```
//! use gateway_core::{Body, Request, Response};
//! use gateway_layers::cache::CacheLayer;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
//! # runtime.block_on(async {
//! let origin = service_fn(|_: Request| async {
//!     let mut response = Response::new(Body::from("hello"));
//!     response.headers_mut().insert("cache-control", "max-age=60".parse().unwrap());
//!     Ok::<_, std::convert::Infallible>(response)
//! });
//! let service = CacheLayer::memory(64 << 20).layer(origin);
//!
//! let first = service.clone().oneshot(Request::default()).await.unwrap();
//! assert_eq!(first.headers()["cache-status"], "gateway; fwd=uri-miss; fwd-status=200; stored");
//! gateway_core::body::collect(first.into_body(), 1024).await.unwrap(); // stored when read
//!
//! let second = service.oneshot(Request::default()).await.unwrap();
//! assert_eq!(second.headers()["cache-status"], "gateway; hit; ttl=60");
//! # });
//! ```
//!
//! # Customizing
//!
//! ```
//! use std::time::Duration;
//!
//! use gateway_core::Key;
//! use gateway_layers::cache::{CacheLayer, MemoryStore};
//!
//! let store = MemoryStore::new(256 << 20); // shared by layers, survives a reload
//! let layer = CacheLayer::new(store)
//!     .partition(Key::Subject) // one copy for each authenticated caller
//!     .ttl(Duration::from_secs(30)) // where the origin says nothing
//!     .stale_while_revalidate(Duration::from_secs(30))
//!     .stale_if_error(Duration::from_secs(300))
//!     .tag("orders");
//!
//! let handle = layer.handle();
//! assert_eq!(handle.purge_tag("orders"), 0);
//! assert_eq!(handle.stats().hits, 0);
//! ```
//!
//! # Credentials
//!
//! A request is authenticated if it has `Authorization`, `X-Api-Key`, `Api-Key` or `X-Goog-Api-Key`,
//! or an [`Identity`](gateway_core::Identity) that any layer outside has set. Its answer is stored in either of two cases: the
//! [partition](CacheLayer::partition) names the caller, so that nobody else can have its key, or the
//! origin marks it as being for everybody (`public`, `s-maxage` or `must-revalidate`, RFC 9111
//! §3.5). Stored responses that are not so marked are not served to authenticated requests either.
//! [`CacheStats::credentials`] counts what is left out for want of a partition. Responses with
//! `Set-Cookie` or `private` are not stored.
//!
//! # Collapsing
//!
//! A request that misses waits for one under way with the same key, until its whole answer is
//! stored: a follower is never in the middle of a stream that breaks. If the answer cannot be shared
//! – its head already tells – the followers go on by themselves at once, and so do others for the
//! next ten seconds. If the leader goes away, a follower leads. Nobody waits longer than
//! [`collapse_timeout`](CacheLayer::collapse_timeout), nor longer than two seconds once the answer
//! comes in: a client that reads slowly must not hold up the others. Requests with shared credentials, conditions, ranges, `no-cache` or `no-store` do not
//! take part.
//!
//! # Order
//!
//! Inside authentication and routing, outside retry and balance. Reads
//! [`Identity`](gateway_core::Identity) (an authentication layer) and whatever the partition names;
//! sets [`CacheOutcome`](gateway_core::CacheOutcome) in response extensions and in
//! [`Outcome`](gateway_core::Outcome). The key has the scheme of the URI where it has one, and
//! what `Forwarded` and `X-Forwarded-*` say about scheme and host where they are present: a server
//! that accepts both TLS and plain connections should set one of the two. Requests that name their
//! target twice – two hosts, a host that contradicts the URI, `X-HTTP-Method-Override`,
//! `X-Original-URL` – and a `GET` with content pass by. Compression belongs outside, so that one
//! copy is stored.
//!
//! # Refusals
//!
//! 504 `upstream_timeout` for `only-if-cached` that nothing stored satisfies. Errors of the inner
//! service are passed on, unless a stale response may stand in for them.
//!
//! # Cancellation
//!
//! Dropping the future or the body drops the request to the origin and the half-filled entry, and
//! leaves the lead to a follower. Refreshes behind an answer belong to the layer and are aborted
//! when it and its last service are dropped. Followers wait on tokio's timer, and refreshes run on
//! tokio: without a runtime stale responses are served without a refresh.
//!
//! # Cost
//!
//! A hit allocates its head and `Cache-Status`; the content is shared, not copied. A miss allocates
//! its future, the key, a copy of the request head, and the content once more: kept bytes are
//! copied out of read buffers so that the bound in bytes is true. Besides the store, each fill
//! under way holds at most [`max_entry`](CacheLayer::max_entry) bytes.

mod admit;
mod ask;
#[cfg(feature = "config")]
mod config;
mod entry;
mod fill;
mod flight;
mod future;
mod handle;
mod key;
mod layer;
mod memory;
mod policy;
mod refresh;
mod service;
mod state;
mod stats;
mod status;
mod store;
#[cfg(test)]
mod tests;

#[cfg(feature = "config")]
pub use self::config::{CacheConfig, Tags};
pub use self::{
    entry::{Entry, Variants},
    future::ResponseFuture,
    handle::CacheHandle,
    key::{CacheKey, KeyRef, Place},
    layer::CacheLayer,
    memory::MemoryStore,
    service::Cache,
    stats::CacheStats,
    store::{Answer, Store, StoreUsage},
};
