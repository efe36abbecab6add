//! Bedrock Converse.

mod block_parse;
mod block_print;
mod document_print;
mod error;
mod frame;
mod media_parse;
mod options_parse;
mod options_print;
mod reply_parse;
mod reply_print;
mod request_parse;
mod request_print;
mod stop;
mod stream_parse;
mod stream_print;
mod tools_print;
mod usage;
mod wire;

#[cfg(test)]
mod tests;

#[cfg(feature = "edge")]
pub(crate) use self::frame::{FrameReader, Message};
pub(in crate::dialect) use self::{
    error::{parse_error, print_error},
    reply_parse::parse_reply,
    reply_print::print_reply,
    request_parse::parse_request,
    request_print::print_request,
    stream_parse::StreamParser,
    stream_print::StreamPrinter,
    usage::read_usage,
};
