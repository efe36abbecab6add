//! Gemini `generateContent`.

#[cfg(feature = "edge")]
mod array;
mod error;
mod options_parse;
mod options_print;
mod parts_parse;
mod parts_print;
mod pieces;
mod reply_parse;
mod reply_print;
mod request_parse;
mod request_print;
mod schema;
mod stop;
mod stream_parse;
mod stream_print;
mod thinking;
mod turns;
mod usage;
mod wire;

#[cfg(test)]
mod tests;

#[cfg(feature = "edge")]
pub(crate) use self::array::{FromArray, IntoArray};
pub(in crate::dialect) use self::{
    error::{parse_error, print_error},
    reply_parse::parse_reply,
    reply_print::print_reply,
    request_parse::parse_request,
    request_print::print_request,
    stream_parse::StreamParser,
    stream_print::StreamPrinter,
};
