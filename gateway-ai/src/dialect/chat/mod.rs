//! OpenAI Chat Completions, and what its imitators make of it.

mod content_parse;
mod content_print;
mod error;
mod message_parse;
mod message_print;
mod options_parse;
mod options_print;
mod reply_parse;
mod reply_print;
mod request_parse;
mod request_print;
mod stop;
mod stream_blocks;
mod stream_calls;
mod stream_choice;
mod stream_parse;
mod stream_print;
mod thinking_parse;
mod thinking_print;
mod tools_print;
mod usage;
mod wire;
mod wire_reply;

pub(in crate::dialect) use self::{
    error::{parse_error, parse_object, print_error, words},
    options_print::is_strict,
    reply_parse::parse_reply,
    reply_print::print_reply,
    request_parse::parse_request,
    request_print::print_request,
    stream_parse::StreamParser,
    stream_print::StreamPrinter,
    usage::read_usage,
};
