//! What a translation could not express, by name.
//!
//! Every printer returns [`Losses`]: an ordered, duplicate-free list of stable dotted names such as
//! `thinking.signature`, `message.name` or `logit_bias`; a field nobody has told us of, in an object
//! that has no room for it, is `unknown.` and its name. The edge shows them to the client in
//! `x-gateway-lossy` or, in strict mode, turns them into a 400 that names the field. A printer that
//! leaves something out and does not say so has a bug.

mod losses;

pub use self::losses::Losses;
