//! OpenAI Chat Completions.

mod print;
mod read;
mod stream;

pub(super) use self::print::refusal;
pub(super) use self::print::whole;
pub(super) use self::read::cached;
pub(super) use self::read::read;
pub(super) use self::stream::stream;
