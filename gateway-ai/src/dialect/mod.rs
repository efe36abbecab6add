//! Wire formats, each with a parser and a printer for requests, replies, streams and errors around
//! one canonical model.
//!
//! Dialects, not pairs: a parser and a printer each give the whole square. Callers name a
//! [`Dialect`] and nothing else; what a codec needs to know about the other side comes as data – a
//! [`Target`] for requests, a [`ReplyContext`] for answers.
//!
//! All five have codecs for requests, replies, streams and errors. What crosses between which, and by which
//! name the rest is lost, is tabled in `CAPABILITIES.md`, written by the tests.
//!
//! Everything here is pure: bytes in, events out. There is no clock, no socket and no task, each
//! input may be cut anywhere, and every buffer has a bound.
//!
//! ```
//! use bytes::BytesMut;
//! use gateway_ai::dialect::{Dialect, Target, Url};
//!
//! let body = br#"{"model":"fast","messages":[{"role":"user","content":"hi"}],"logit_bias":{"1":2}}"#;
//! let request = Dialect::Chat.parse_request(body, Url::default())?;
//! let mut out = BytesMut::new();
//! let printed = Dialect::Messages.print_request(
//!     &request,
//!     &Target::new(Dialect::Messages, "claude-haiku-4-5"),
//!     &mut out,
//! )?;
//! assert_eq!(printed.losses.to_string(), "logit_bias");
//! # Ok::<(), gateway_ai::error::AiError>(())
//! ```

mod chat;
mod common;
mod context;
mod converse;
mod facade;
mod gemini;
mod messages;
mod name;
mod responses;
mod restore;
mod stream;
mod target;

#[cfg(test)]
mod tests;

#[cfg(feature = "edge")]
pub(crate) use self::converse::{FrameReader, Message};
#[cfg(feature = "edge")]
pub(crate) use self::gemini::{FromArray, IntoArray};
pub use self::{
    common::CallIdRule,
    context::{ReasoningField, ReplyContext},
    facade::{Printed, Url},
    name::Dialect,
    restore::Restore,
    stream::{StreamParser, StreamPrinter},
    target::{MaxTokensField, MidSystem, ReasoningHistory, Target, ThinkingSupport},
};
