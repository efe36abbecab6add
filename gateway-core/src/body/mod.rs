//! One body type, and the wrappers that account for it to the end.
//!
//! [`Body`] is what every body-touching layer answers with: wrapping a `Body` in a `Body` gives the
//! same value back, so ten layers that pass a body on box it at most once, and only one that wraps it
//! adds a box. What came with its head need be no stream: as a single buffer it is never boxed, and
//! there is nothing to time or to hold until its end.
//!
//! The wrappers here forward *frames* – data and trailers alike – and never lie about `size_hint` or
//! `is_end_stream`, because hyper decides framing by them: an `is_end_stream` that turns true too
//! early loses the trailers, a hint that is dropped turns a `Content-Length` into chunks.

#[cfg(feature = "incoming")]
mod arrived;
mod collect;
mod guarded;
mod observed;
mod prefixed;
mod replay;
mod unified;

#[cfg(feature = "incoming")]
pub use self::arrived::arrived;
pub use self::{
    collect::{CollectError, Collected, collect},
    guarded::GuardedBody,
    observed::{End, Observe, ObservedBody, on_end},
    prefixed::Prefixed,
    replay::{Replay, ReplayBody, ReplayError},
    unified::Body,
};
