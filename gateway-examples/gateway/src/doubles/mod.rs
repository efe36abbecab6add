//! Doubles of everything a gateway talks to: model providers, plain upstreams, an identity provider.
//!
//! They are what `gateway mock …` serves, what `gateway run --demo` is made of and what the tests
//! run against, so that a demonstration shows exactly what a test proves. Each is an ordinary
//! [`axum::Router`] over in-memory state: mount it in process, or give it a socket with [`serve()`].
//!
//! None of them uses the gateway's own codecs or layers. A double that shared code with the gateway
//! would share its mistakes, and agree with it about them.
//!
//! All three take the same [fault menu](fault) and keep the same [`Stats`].

pub mod fault;
mod frames;
mod gate;
pub mod idp;
mod kind;
pub mod model;
mod playback;
mod serve;
mod stats;
pub mod upstream;

pub use self::fault::Fault;
pub use self::fault::Faults;
pub use self::kind::Kind;
pub use self::serve::Serving;
pub use self::serve::serve;
pub use self::serve::spawn;
pub use self::serve::spawn_on;
pub use self::stats::CallRecord;
pub use self::stats::Captured;
pub use self::stats::Snapshot;
pub use self::stats::Stats;
