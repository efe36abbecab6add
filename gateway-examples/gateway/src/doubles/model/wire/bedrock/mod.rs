//! Bedrock: Converse, and Claude invoked.

mod event_stream;
mod invoked;
mod print;
mod read;

pub(super) use self::invoked::read as read_invoked;
pub(super) use self::invoked::stream as stream_invoked;
pub(super) use self::print::exception;
pub(super) use self::print::refusal;
pub(super) use self::print::stream;
pub(super) use self::print::whole;
pub(super) use self::read::access_key;
pub(super) use self::read::read;
