//! Proofs of reasoning that a client's dialect has no place for, kept until they are needed again.
//!
//! Models that reason before they call a tool sign what they thought, and some refuse the call's
//! result without it: Gemini wants the signature of the call, Anthropic the thinking before it,
//! OpenAI the reasoning item. Most dialects have a field that carries it – Responses
//! `encrypted_content`, Messages and Converse `signature`, Gemini `thoughtSignature` – and there it is
//! written under a tag where it is another provider's; a provider never sees another's. Not every
//! client sends that field back, and a client of Chat has none. What every client must send
//! back is the id of the call, since the result names it: that id is the key under which [`Keeper`]
//! holds what came with the call, for all [clients](crate::clients) but those known to lose nothing.
//!
//! The id itself is left as it is. A signature of Gemini's is a kilobyte and more and an id may be
//! 40 or 64 characters long, so that no sealed token could hold one; it would be an index into a
//! store all the same, and the provider's id is one already.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use gateway_ai::keeper::Keeper;
//!
//! let keeper = Keeper::default();
//! assert_eq!(keeper.time_to_live(), Duration::from_secs(3600));
//! assert!(keeper.is_empty());
//! ```
//!
//! # Customizing
//!
//! A clone shares what is kept: hand one to each service that may get the next turn.
//!
//! ```
//! use std::time::Duration;
//!
//! use gateway_ai::{
//!     keeper::Keeper,
//!     models::{Keys, Models, target},
//! };
//!
//! let keeper = Keeper::new(8 << 20).ttl(Duration::from_secs(600));
//! let ai = Models::new()
//!     .alias("fast", [target("gemini/gemini-2.5-flash")])
//!     .keys(Keys::new().key("gemini", "k"))
//!     .service()?
//!     .keeper(keeper.clone());
//! # drop(ai);
//! # Ok::<(), gateway_ai::models::ModelsError>(())
//! ```
//!
//! # Whose it is
//!
//! The key is the id together with the caller's tenant, or the caller where there is none: the id of
//! another's call finds nothing. What is found goes back to the provider that made it, in the
//! dialect it spoke, for a tool of the same name; to another it is worth nothing. Callers without
//! an identity are one caller; their ids are as hard to guess as their providers make them.
//!
//! # Order
//!
//! It is part of the [AI service](crate::edge). What is kept goes back into a conversation behind the
//! choice of a target, since it is good for one provider alone, and before it is printed in that
//! provider's dialect; it is taken from an answer before that is printed in the client's.
//! Authentication goes outside: the caller's [`Identity`](gateway_core::Identity) says whose it is.
//!
//! # Refusals
//!
//! None of its own. A conversation that cannot be parsed is the client's fault, as it is without a
//! keeper.
//!
//! # Cancellation
//!
//! What came with a call is kept as soon as the call is complete. A client that goes away in the
//! middle of one leaves nothing of it; it has no call either whose result it could send.
//!
//! # Cost
//!
//! Nothing where client and provider speak the same dialect. Else one look-up per call in the
//! history; a conversation is copied where something is found. What is kept is bounded in bytes and
//! in time, and gone with the process: a model then thinks again, or a Gemini call gets the
//! documented stand-in for a missing signature, and `x-gateway-lossy` says so.
//! `gateway_ai_proofs_total{outcome="kept|restored|lost"}` counts all three.

mod held;
mod proofs;
mod restore;
mod store;

pub use self::store::Keeper;
pub(crate) use self::{
    held::Held,
    proofs::Collector,
    restore::{is_proof_loss, restore},
};
