//! Anthropic Messages.

mod cache;
mod content;
mod print;
mod read;
mod stream;

pub(super) use self::print::refusal;
pub(super) use self::print::whole;
pub(in crate::doubles::model) use self::read::count;
pub(super) use self::read::read;
pub(super) use self::stream::stream;
