//! Faults that a double commits on demand.
//!
//! # Grammar
//!
//! One fault is a comma-separated list; several faults are separated by semicolons or new lines and
//! the first that applies to a request is committed.
//!
//! | word | the double |
//! |---|---|
//! | `status=429` | answers that status, in the error shape of the caller's dialect |
//! | `retry_after=2` | adds `Retry-After: 2` (only with `status`) |
//! | `latency=3s` | waits before it answers at all |
//! | `slow_first_token=20s` | sends the head at once and waits before the first content |
//! | `cut_after_tokens=40` | drops the connection after so many tokens; a body that is not streamed is cut half-way |
//! | `error_event_after_chunks=1` | sends an error event in its dialect after so many content chunks, and ends; not streamed: status 500 |
//! | `malformed_sse` | puts a broken frame after the first content chunk; not streamed: half the JSON |
//! | `empty_stream` | answers 200 and no event at all |
//! | `silence` | sends the head, then nothing, and keeps the connection |
//! | `hangup` | closes the connection without an answer |
//! | `html` | answers 200 with an HTML page |
//! | `times=N` | is committed N times, then is gone |
//! | `every=N` | is committed on every N-th matching request |
//! | `path=/prefix` | concerns only paths that begin so |
//!
//! `latency` combines with any other word, `slow_first_token` with those that let content through; of
//! the remaining effects a fault has one.
//!
//! # Switching them
//!
//! In Rust through [`Faults`]; over HTTP with `POST /__fault` (the body is the grammar), `DELETE
//! /__fault` and `GET /__fault`; for one request with the header `x-mock-fault`.

mod http;
mod menu;
mod parse;
mod spec;
#[cfg(test)]
mod tests;

pub use self::menu::Armed;
pub use self::menu::Faults;
pub use self::parse::FaultError;
pub use self::parse::parse_list;
pub use self::spec::Effect;
pub use self::spec::Fault;

pub(crate) use self::http::HEADER;
pub(crate) use self::http::routes;
