//! Metering without touching: what must be known of a stream that is passed on as it is.
//!
//! When client and provider speak the same dialect nothing is translated, but somebody has to count
//! tokens and to notice that a stream was cut. [`look`] says what one event means for that; a text
//! delta, which nearly every event is, costs two or three substring searches and no parser.
//!
//! ```
//! use gateway_ai::{dialect::Dialect, sse::Framer, tap};
//!
//! let stream = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n\
//!     data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":5}}\n\n\
//!     data: [DONE]\n\n";
//!
//! let (mut usage, mut complete) = (None, false);
//! Framer::default().push(stream, |event| {
//!     let seen = tap::look(Dialect::Chat, event.event, event.data);
//!     usage = seen.usage.or(usage.take());
//!     complete |= seen.complete;
//! })?;
//! assert_eq!(usage.and_then(|usage| usage.output), Some(5));
//! assert!(complete);
//! # Ok::<(), gateway_ai::sse::TooLong>(())
//! ```

mod look;

pub use self::look::{Seen, look};
