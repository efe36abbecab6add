//! Refusals are responses: how a [`GatewayError`](crate::GatewayError) becomes one.
//!
//! A layer that refuses builds a [`Responder`] from the request and calls
//! [`refuse`](Responder::refuse). What the answer looks like is decided by the request, not by the
//! layer: RFC 9457 `application/problem+json` by default, trailers-only `grpc-status` for
//! `application/grpc*` requests, and the error object of an AI provider's API where the request
//! carries an [`ErrorFormat`] extension. The body type needs [`RejectBody`] and nothing else, which
//! every body that is `From<Bytes>` has – axum's, `Full<Bytes>`, [`Body`](crate::Body).

mod ai;
mod format;
mod grpc;
mod problem;
mod reject_body;
mod responder;

pub use self::{format::ErrorFormat, reject_body::RejectBody, responder::Responder};
