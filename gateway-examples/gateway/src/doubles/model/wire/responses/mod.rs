//! OpenAI Responses.

mod print;
mod read;
mod stream;

pub(super) use self::print::whole;
pub(super) use self::read::read;
pub(super) use self::stream::stream;
