//! Numbers with a unit, the only numbers a config file may hold for times, sizes and rates.
//!
//! A bare `30` is refused, and the message says what to write: whether a number meant seconds or
//! milliseconds is the mistake these types exist to make impossible.

mod bytes;
mod duration;
mod percent;
mod rate;
mod text;

pub use self::{
    bytes::ByteSize, duration::Duration, percent::Percent, rate::Rate, text::UnitError,
};
