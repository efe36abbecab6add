//! Server-sent events: a framer for both ends.
//!
//! [`Framer`] cuts a byte stream into events as the WHATWG standard says – `LF`, `CRLF` and `CR`
//! line ends, a leading byte order mark, comments, several `data` lines, a missing space after the
//! colon – wherever the bytes are cut. Events that lie within one chunk are handed out without a
//! copy. Two things differ from a browser: the last event counts even without its blank line, since
//! providers forget it, and an event has a size limit.

mod framer;

#[cfg(test)]
mod tests;

pub use self::framer::{Frame, Framer, TooLong};
