//! What a translation could not express, by name.
//!
//! Every printer returns [`Losses`]: an ordered, duplicate-free list of stable dotted names such as
//! `thinking.signature`, `message.name` or `logit_bias`. The edge shows them to the client in
//! `x-gateway-lossy` or, in strict mode, turns them into a 400 that names the field. A printer that
//! leaves something out and does not say so has a bug.

mod losses;

pub use self::losses::Losses;
