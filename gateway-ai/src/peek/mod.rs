//! The few things routing needs from a body that is passed on as it is.
//!
//! [`Peek::read`] finds `model`, `stream` and `stream_options` at the top level and skips the rest:
//! a prompt of a megabyte is looked at once and never built. [`Peek::splice`] changes those fields in
//! place and leaves every other byte alone.
//!
//! Two spellings of one key are two policies – what is checked here must be what the provider reads –
//! so a policy key given twice, or in another case, is refused.
//!
//! ```
//! use bytes::Bytes;
//! use gateway_ai::peek::{Edits, Peek};
//!
//! let body = Bytes::from_static(br#"{ "model":"fast", "stream":true, "x":1.0 }"#);
//! let peek = Peek::read(&body)?;
//! assert_eq!((peek.model(), peek.is_stream()), (Some("fast"), true));
//! let edits = Edits { model: Some("gpt-4o"), include_usage: true };
//! assert_eq!(
//!     peek.splice(&body, &edits),
//!     r#"{ "model":"gpt-4o", "stream":true,"stream_options":{"include_usage":true}, "x":1.0 }"#
//! );
//! assert!(Peek::read(br#"{"model":"a","Model":"b"}"#).is_err());
//! # Ok::<(), gateway_ai::error::AiError>(())
//! ```

mod read;
mod splice;

#[cfg(test)]
mod tests;

pub use self::{read::Peek, splice::Edits};
