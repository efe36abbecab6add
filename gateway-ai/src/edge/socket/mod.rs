//! The WebSocket form of the Responses API, and the Realtime API.
//!
//! Realtime has no other form: its messages pass between the client and a provider that has it.
//!
//! A client opens `GET /v1/responses` as a WebSocket and asks for one answer after another over it,
//! each with a `response.create` message; the events of the answer come as messages instead of
//! server-sent events. The WebSocket ends here: every `response.create` is a call like one that was
//! posted, so that whatever holds for calls – aliases, fallback, rights to models, translation to a
//! provider that has neither WebSockets nor the Responses API, counting – holds for it as well, for
//! the model that it names. An answer that is refused is an `error` event with the status it would
//! have had; the WebSocket stays open. What all turns used is summed up at the end.
//!
//! Either ends, with a reason, when nothing moves, when it is old, and when who opened it would not be
//! let in any more.
//!
//! A client that has nothing stored continues its last answer all the same, by
//! `previous_response_id`: the connection remembers it, as the API says, and puts it before the new
//! input. Nothing else is remembered.

mod call;
mod error;
mod link;
mod pump;
mod realtime;
mod responses;
mod session;
mod tally;
mod thread;
mod watch;

#[cfg(feature = "config")]
pub(crate) use self::watch::{IDLE, TOTAL};
pub(super) use self::{realtime::relay, responses::serve, watch::Limits};
