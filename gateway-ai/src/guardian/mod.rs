//! A conversation's turns go where the beginning is cached.
//!
//! Providers read what they have read before for a tenth of the price, and much faster: the beginning
//! that a turn shares with the turn before. That cache belongs to one account in one place. A gateway
//! with several keys or targets that takes them by turns makes every turn a new beginning, paid in
//! full or with a surcharge for writing it again.
//!
//! [`Guardian`] therefore sends the turns of one conversation to the same account: the key that
//! answered the last one, as long as it does not rest, and of a split the same target. Conversations
//! are told apart by `prompt_cache_key`, or else by what stays the same in all their turns – system
//! text, tools and the first words of the user, without cache marks, which move – and the tenant.
//! What goes over to another account after a refusal stays there.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use gateway_ai::guardian::Guardian;
//!
//! let guardian = Guardian::default();
//! assert_eq!(guardian.time_to_live(), Duration::from_secs(3600));
//! assert!(guardian.is_empty());
//! ```
//!
//! # Customizing
//!
//! ```
//! use std::time::Duration;
//!
//! use gateway_ai::{
//!     guardian::Guardian,
//!     models::{Alias, Keys, Models, target},
//! };
//!
//! let sonnet = Alias::split([
//!     target("anthropic/claude-sonnet-4-5").weight(80),
//!     target("openrouter/anthropic/claude-sonnet-4.5").weight(20),
//! ]);
//! let ai = Models::new()
//!     .alias("sonnet", sonnet)
//!     .keys(Keys::new().key("anthropic", "k1").key("anthropic", "k2").key("openrouter", "k3"))
//!     .service()?
//!     .guardian(Guardian::new(100_000).ttl(Duration::from_secs(300)));
//! # drop(ai);
//! # Ok::<(), gateway_ai::models::ModelsError>(())
//! ```
//!
//! # What is lost
//!
//! Where the provider counted cached tokens on one turn and none on the next, the beginning was read
//! anew: `gateway_ai_cache_prefix_lost_total{reason="moved"}` where the turn went elsewhere,
//! `{reason="unread"}` where it did not – the provider forgot, or the client changed what it had said.
//! The access log has `prefix_lost` with the same word.
//!
//! # What the bytes are
//!
//! In one dialect a request passes byte for byte. Across dialects the same turns are printed to the
//! same bytes, whatever follows them; cache marks are kept, at most four of them, those of tools and
//! system text first, and where a mark for an hour comes after one for five minutes – which is
//! refused – it is one for five minutes, and `x-gateway-lossy: cache_control.ttl` says so.
//!
//! # Order
//!
//! It is part of the [AI service](crate::edge) and acts in two places: where the target of a split is
//! drawn, and where a provider takes a key. Authentication goes outside, since the caller's
//! [`Identity`](gateway_core::Identity) says whose conversation it is; without one all callers are
//! one. What a route adds to every conversation is part of its beginning, what the
//! [keeper](crate::keeper) puts back is not. A key that rests is passed over whatever it has cached.
//!
//! # Refusals
//!
//! None: a conversation that is not known is one that begins.
//!
//! # Cancellation
//!
//! A turn is noted when it settles – at the end of its answer, at an error or when its client goes
//! away – and then only if the provider had counted its tokens. One that is dropped before leaves what
//! was known of the turn before. Turns that are under way together all go by the last one noted.
//!
//! # Cost
//!
//! Nothing where there is one key and no split, unless a request of Messages or Converse has cache
//! marks. Else its beginning is hashed, once, and a bounded store is asked. A hash is no identity: two
//! conversations of one tenant that collide share an account, which does no harm.

mod beginning;
mod store;
mod watch;

pub use self::store::Guardian;
pub(crate) use self::{
    beginning::{beginning, beginning_of},
    watch::{Turn, Watch, account},
};
