//! Playing a prepared answer at a pace, faults included.
//!
//! A double decides everything about an answer before its first byte leaves: the [`Script`] holds
//! its frames, [`stage`] turns the script and a fault into timed [`Cue`]s, and [`Playback`] is the
//! body that plays them. All that can go wrong is thus a pure function of data.

mod body;
mod hangup;
mod script;
mod stage;
#[cfg(test)]
mod tests;

pub(crate) use self::body::Playback;
pub(crate) use self::hangup::Hangup;
pub(crate) use self::hangup::hung_up;
pub(crate) use self::script::Script;
pub(crate) use self::stage::stage;
pub(crate) use self::stage::stage_whole;
