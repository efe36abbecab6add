//! One API over every model: dialect codecs, providers, fallback and prompts as tower services.
//!
//! - `auth`: credentials that are more than a key, such as a cloud account's;
//! - [`canonical`]: what a chat call and its answer mean, whatever the wire format;
//! - [`catalog`]: models as data, and what a call costs;
//! - `clients`: which agent or SDK a request comes from, and what follows from that;
//! - [`dialect`]: the wire formats, each a parser and a printer around the canonical model;
//! - [`error`]: failed model calls, apart from any dialect;
//! - `guardian`: turns of a conversation where its beginning is cached;
//! - [`loss`]: what a translation could not express;
//! - [`peek`]: the few fields routing needs from a body that is passed on as it is;
//! - [`sse`]: server-sent events, cut from bytes;
//! - [`tap`]: metering of answers that are passed on as they are;
//! - [`websocket`]: WebSocket messages, cut from bytes.
//!
//! Codecs are pure – bytes in, events out – and need no feature; everything with a socket sits
//! behind `edge`.
#![forbid(unsafe_code)]

#[cfg(feature = "edge")]
pub mod auth;
#[cfg(feature = "edge")]
mod body;
#[cfg(feature = "edge")]
pub mod call;
pub mod canonical;
pub mod catalog;
#[cfg(feature = "edge")]
pub mod clients;
#[cfg(all(feature = "config", feature = "edge"))]
pub mod config;
pub mod dialect;
#[cfg(feature = "edge")]
pub mod edge;
#[cfg(feature = "edge")]
mod embed;
pub mod error;
#[cfg(feature = "edge")]
pub mod fallback;
#[cfg(feature = "edge")]
pub mod guardian;
mod json;
#[cfg(feature = "edge")]
pub mod keeper;
pub mod loss;
#[cfg(feature = "edge")]
pub mod models;
pub mod peek;
#[cfg(feature = "prompt")]
pub mod prompt;
#[cfg(feature = "edge")]
pub mod providers;
pub mod sse;
pub mod tap;
pub mod websocket;
