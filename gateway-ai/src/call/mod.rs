//! A call and its answer inside the AI stack.
//!
//! The edge turns an `http::Request` into an [`AiCall`] once; everything behind it – prompts,
//! fallback, providers, your own layers – is a `tower_service::Service<AiCall>` that answers with an
//! [`AiReply`] or fails with an [`AiError`](crate::error::AiError). Nobody parses the same JSON twice.
//!
//! ```
//! use bytes::Bytes;
//! use gateway_ai::{call::{AiCall, Operation}, dialect::Dialect};
//!
//! let body = Bytes::from_static(br#"{"model":"fast","stream":true,"messages":[]}"#);
//! let call = AiCall::from_wire(Dialect::Chat, Operation::Chat, body)?;
//! assert_eq!(call.model(), "fast");
//! assert!(call.is_stream());
//! # Ok::<(), gateway_ai::error::AiError>(())
//! ```
//!
//! A call made in Rust starts from the canonical form instead:
//!
//! ```
//! use gateway_ai::{call::AiCall, canonical::Request, dialect::Dialect};
//!
//! let call = AiCall::from_request(Request::new(Dialect::Chat, "openai/gpt-4o-mini"));
//! assert!(call.wire().is_none());
//! ```

mod attempt;
#[expect(
    clippy::module_inception,
    reason = "the file holds the type of that name"
)]
mod call;
mod form;
mod operation;
mod reply;
mod settle;
mod upload;
mod whole;
mod wire;

pub use self::{
    attempt::{Attempts, FailedAttempt, Reason},
    call::AiCall,
    form::Form,
    operation::{Operation, PassOperation},
    reply::{AiReply, ReplyBody},
    settle::{Settle, summary},
    whole::Whole,
    wire::Wire,
};
pub(crate) use self::{
    reply::{ReplyParts, ReplyStream},
    whole::counted,
};
