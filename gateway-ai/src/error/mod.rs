//! What went wrong with a model call, apart from any dialect.
//!
//! [`AiError`] keeps what a client needs to act (`code`, `param`, the upstream's request id, when to
//! retry) and what routing needs to decide ([`ErrorClass`]: the same target again, another one, a
//! larger context, another key, or nobody). Dialects parse into it and print from it, so a
//! Gemini error reaches an OpenAI client as an OpenAI error.
//!
//! Whose fault it was matters: an upstream that refuses *the gateway's* key is a 502 for the
//! client, whose own key is fine.

mod ai_error;
mod classify;
mod kind;
mod retry_after;
mod scrub;

pub use self::{
    ai_error::{AiError, Origin},
    kind::{AiErrorKind, ErrorClass},
};
pub(crate) use self::{classify::classify, retry_after::retry_after, scrub::scrub};
