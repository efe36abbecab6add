//! OpenAI Responses.

mod call_parse;
mod content_parse;
mod content_print;
mod echo;
mod error;
mod item_parse;
mod item_print;
mod message_parse;
mod options_parse;
mod options_print;
mod output;
mod portable;
mod reasoning;
mod reply_parse;
mod reply_print;
mod request_parse;
mod request_print;
mod stop;
mod stream_blocks;
mod stream_item;
mod stream_items;
mod stream_parse;
mod stream_parts;
mod stream_print;
mod stream_write;
mod tools_parse;
mod tools_print;
mod turn_print;
mod usage;
mod wire;

pub(in crate::dialect) use self::{
    echo::echo, portable::check_portable, reply_parse::parse_reply, reply_print::print_reply,
    request_parse::parse_request, request_print::print_request, stream_parse::StreamParser,
    stream_print::StreamPrinter, usage::read_usage,
};
