//! A service that asks a model's targets one after the other until one answers.
//!
//! [`Failover`] resolves the model a call names, gives the call to the targets in order, and stops at
//! the first that answers. "Answers" is decided by what comes, not by the status: a stream is read
//! up to its **commit point** – the first event a reader would see – and an error event or a cut
//! before it counts as a failure like any other. Afterwards the client has seen something, so no
//! other target takes over.
//!
//! # Example
//!
//! ```
//! use gateway_ai::{error::{AiError, AiErrorKind}, fallback::Fallback};
//! use http::StatusCode;
//!
//! let policy = Fallback::default(); // connect, 401, 402, 408, 429, 5xx
//! let overloaded = AiError::upstream(AiErrorKind::Overloaded, "later")
//!     .with_status(StatusCode::SERVICE_UNAVAILABLE);
//! assert!(policy.covers(&overloaded));
//! assert!(!policy.covers(&AiError::invalid("your tools make no sense")));
//! ```
//!
//! # Customizing
//!
//! ```
//! use std::time::Duration;
//! use gateway_ai::{fallback::Fallback, models::{Keys, Models, target}};
//!
//! let ai = Models::new()
//!     .alias("fast", [
//!         target("openai/gpt-4o-mini"),
//!         target("anthropic/claude-haiku-4-5").timeout_first_token(Duration::from_secs(8)),
//!     ])
//!     .fallback(
//!         Fallback::on([401, 402, 408, 429])
//!             .on_5xx()
//!             .on_connect()
//!             .until_first_content()
//!             .first_token(Duration::from_secs(10)),
//!     )
//!     .keys(Keys::new().key("openai", "sk-1").key("anthropic", "sk-2"))
//!     .service()?;
//! # drop(ai);
//! # Ok::<(), gateway_ai::models::ModelsError>(())
//! ```
//!
//! # Clocks
//!
//! *First token*: from the call to the commit point of a stream; exceeding it always falls back.
//! *Attempt*: the same for an answer that is not streamed. *Idle*: the longest silence of a stream
//! once it has begun; signs of life count. *Total*: all attempts together, to the end of the stream;
//! the request's own [`Deadline`](gateway_core::Deadline) holds as well.
//!
//! # What is held back
//!
//! Up to the commit point the frames of a stream are held, at most 256 KiB of them. The last target
//! commits at its first event of any sort: with nobody left to take over there is nothing to hold
//! back for.
//!
//! # What failures use
//!
//! Providers charge for answers that fail as well. What one has counted before its target was given up
//! – at the beginning of a stream that broke off or took too long, in an answer that says it failed –
//! is not of the target that answers in the end: it stands among the
//! [`others`](gateway_core::context::OutcomeRecord::others) of the request's outcome, with its cost.
//!
//! # Order
//!
//! Reads the call's deadline. Whatever counts or guards calls goes outside if it means the client's
//! call, inside if it means each attempt.
//!
//! # Refusals
//!
//! An unknown model is a `NotFound` error, one that has no target for the operation `Unsupported`.
//! Otherwise the error is that of the last target; each failure is in
//! [`AiCall::attempts`](crate::call::AiCall::attempts).
//!
//! # Cancellation
//!
//! Dropping the future drops the attempt that is running. A failed attempt is dropped before the
//! next one begins.
//!
//! # Cost
//!
//! One boxed future, one timer.

mod commit;
mod failover;
mod policy;

pub(crate) use self::commit::broke_off;
pub use self::{
    failover::{Failover, ResponseFuture},
    policy::{Commit, Condition, Fallback, UnknownCondition},
};
