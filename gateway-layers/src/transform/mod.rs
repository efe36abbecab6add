//! Middleware that edits requests and responses by rules: headers, query, path, status, and JSON by
//! pointer.
//!
//! Rules without JSON never touch a body. Those with JSON act on messages whose `Content-Type` is
//! `application/json` or ends in `+json`, read them whole up to [`max_body`], and cut the text
//! itself: what a rule is not about keeps its bytes, so numbers beyond 64 bits, `1.0`, the order of
//! members and white space survive. If nothing changes, nothing about the message does. If
//! something does, `Content-Length` is set, and `ETag`, `Content-Digest`, `Repr-Digest`, `Digest`,
//! `Content-MD5`, `Content-Range` and `Accept-Ranges` are removed. Event streams, gRPC, upgrades
//! and `CONNECT` pass untouched.
//!
//! [`max_body`]: TransformLayer::max_body
//!
//! # Example
//!
//! ```
//! use gateway_core::{Body, Request, Response};
//! use gateway_layers::transform::{RequestRules, ResponseRules, TransformLayer};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let origin = service_fn(|request: Request| async move {
//!     assert_eq!(request.uri(), "/orders");
//!     let mut response = Response::new(Body::from(r#"{"id": 1.0, "internal": "x"}"#));
//!     response.headers_mut().insert("content-type", "application/json".parse().unwrap());
//!     Ok::<_, std::convert::Infallible>(response)
//! });
//! let request = RequestRules::new().strip_prefix("/api");
//! let response = ResponseRules::new().remove_json("/internal").set_header("x-served-by", "gw");
//! let service = TransformLayer::new(request, response)?.layer(origin);
//!
//! let request = http::Request::get("/api/orders").body(Body::empty())?;
//! let response = service.oneshot(request).await?;
//! assert_eq!(response.headers()["x-served-by"], "gw");
//! let body = gateway_core::body::collect(response.into_body(), 1024).await?;
//! assert_eq!(body.bytes(), r#"{"id": 1.0}"#);
//! # Ok::<_, gateway_core::BoxError>(())
//! # }).unwrap();
//! ```
//!
//! # Customizing
//!
//! ```
//! use gateway_layers::transform::{OnUnreadable, RequestRules, ResponseRules, TransformLayer};
//! use http::StatusCode;
//! use serde_json::json;
//!
//! let request = RequestRules::new()
//!     .remove_header("cookie")
//!     .set_header("x-user", "${claim:sub}") // and nothing a client sends under this name
//!     .set_query("tenant", "${header:x-tenant}")
//!     .path("/v2/orders/{id}")
//!     .set_json("/meta/source", "gateway");
//! let response = ResponseRules::new()
//!     .status(StatusCode::NOT_FOUND, StatusCode::GONE)
//!     .rename_json("/data/user_id", "/data/user")
//!     .add_json("/links/-", json!({ "rel": "self" }));
//! let layer = TransformLayer::new(request, response)?
//!     .max_body(64 << 10)
//!     .on_unreadable(OnUnreadable::Pass);
//!
//! let wrong = RequestRules::new().set_header("x-user", "${clam:sub}");
//! let error = TransformLayer::new(wrong, ResponseRules::new()).unwrap_err();
//! assert_eq!(error.path(), "request.set_headers.x-user");
//! # Ok::<_, gateway_layers::transform::RuleError>(())
//! ```
//!
//! # Rules
//!
//! Each kind is applied as remove, rename, set, add. Renaming replaces what has the new name; a
//! rule whose target is absent does nothing, but for `set`, which makes it. Repeated names are
//! edited all. JSON places are pointers (RFC 6901), or the same as `$.a.b[0]`; `add`, `remove` and
//! `rename` (RFC 6902 `move`) have the semantics of RFC 6902, except that a missing place is no
//! error; `set` also makes the objects on the way. Fields of the framing – `Content-Length`,
//! `Transfer-Encoding`, `Connection` and its kin – cannot be edited.
//!
//! # Templates
//!
//! Values of headers and query parameters may have variables: `${claim:sub}` (a claim of the caller
//! by dotted path; lists are joined with spaces), `${header:x}` (a header of the message being
//! edited, as it came), `${param:id}` and `${route}`, `${client_ip}`, `${request_id}`; `$$` is a
//! dollar sign. If a variable has no value, or one that cannot stand in a header, the whole value
//! is missing: `add` adds nothing, and `set` removes what was there, so that a header the gateway
//! owns is never the client's.
//!
//! # Order
//!
//! Inside authentication and routing, outside the cache, retry and the proxy. Reads
//! [`Identity`](gateway_core::Identity) (an authentication layer),
//! [`Route`](gateway_core::Route) (`router`), [`ClientIp`](gateway_core::ClientIp) (`client_ip`),
//! [`RequestId`](gateway_core::RequestId) (`request_id`). Compression belongs outside: where
//! responses are edited, the origin is asked for `Accept-Encoding: identity` and for no ranges.
//!
//! # Refusals
//!
//! | what | answer |
//! |---|---|
//! | request JSON above `max_body` | 413 `body_too_large` |
//! | request that says it is JSON and is not | 400 `invalid_body` |
//! | request JSON with a `Content-Encoding` | 415 `unsupported_media_type` |
//! | request body that ends early | 400 `bad_request` |
//! | response JSON above `max_body` | 502 `upstream_too_large` |
//! | response that says it is JSON and is not, or is encoded | 502 `upstream_invalid`, or passed: [`OnUnreadable`] |
//! | response body that ends early | 502 `upstream_reset` |
//!
//! # Cancellation
//!
//! Dropping the future drops the body being read and the request to the inner service. While a
//! request body is read, the inner service is not held ready.
//!
//! # Cost
//!
//! Rules on heads allocate for the values they make and for a new target. A JSON body is read
//! whole, checked once and copied once for each rule that has an effect; each such message costs
//! one boxed future.

#[cfg(feature = "config")]
mod config;
mod content;
mod error;
mod future;
mod headers;
mod json;
mod layer;
mod path;
mod plan;
mod pointer;
mod query;
mod respond;
mod rules;
mod service;
mod template;
#[cfg(test)]
mod tests;

#[cfg(feature = "config")]
pub use self::config::{RequestConfig, ResponseConfig, TransformConfig, Unreadable};
pub use self::{
    content::OnUnreadable,
    error::RuleError,
    future::ResponseFuture,
    layer::TransformLayer,
    rules::{RequestRules, ResponseRules},
    service::Transform,
};
#[cfg(feature = "aggregate")]
pub(crate) use self::{
    json::{find, is_json},
    pointer::Pointer,
};
