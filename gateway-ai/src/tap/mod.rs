//! Metering without touching: a side view of bytes that are passed on as they are.
//!
//! When client and provider speak the same dialect nothing is translated, but somebody has to count
//! tokens and to notice that a stream was cut. [`UsageTap`] looks at the chunks on their way;
//! [`Reading::of_reply`] looks at a whole reply. Once an answer is under way, only events that can
//! carry usage, a stop or an error are read at all.
//!
//! ```
//! use bytes::Bytes;
//! use gateway_ai::{dialect::Dialect, tap::UsageTap};
//!
//! let mut tap = UsageTap::new(Dialect::Chat);
//! let chunk = Bytes::from_static(
//!     b"data: {\"id\":\"1\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n",
//! );
//! let mut forward = Vec::new();
//! tap.push(chunk.clone(), &mut forward);
//! tap.finish(&mut forward);
//! assert_eq!(forward, [chunk]);
//! assert_eq!(tap.reading().usage.as_ref().and_then(|usage| usage.output), Some(5));
//! assert!(tap.reading().is_complete());
//! ```

mod interesting;
mod reading;
mod stream;

#[cfg(test)]
mod tests;

pub use self::{reading::Reading, stream::UsageTap};
