use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};

use super::{
    Dialect, ReplyContext, Restore, StreamParser, StreamPrinter, Target, chat,
    common::{tidied, with_results_for},
    converse, gemini, messages, responses,
};
use crate::{
    canonical::{Block, Reply, Request, Usage},
    error::AiError,
    json::{BYTE_ORDER_MARK, watch},
    loss::Losses,
};

/// What the URL says where the body does not (Gemini, Bedrock, Azure deployments).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Url<'a> {
    /// The model in the path.
    pub model: Option<&'a str>,
    /// Whether the path asks for a stream.
    pub stream: Option<bool>,
}

/// The outcome of printing a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// What could not be expressed.
    pub losses: Losses,
    /// What the answer must change back.
    pub restore: Restore,
}

impl Dialect {
    /// Reads a client's request.
    ///
    /// # Errors
    ///
    /// A client fault that names the field.
    pub fn parse_request(self, body: &[u8], url: Url<'_>) -> Result<Request, AiError> {
        let (mut request, unread) = watch(|| match self {
            Self::Chat => chat::parse_request(body, url),
            Self::Messages => messages::parse_request(body, url),
            Self::Gemini => gemini::parse_request(body, url),
            Self::Responses => responses::parse_request(body, url),
            Self::Converse => converse::parse_request(body, url),
        });
        if let Ok(request) = &mut request {
            request.unread = unread;
        }
        request
    }

    /// Writes a request for a provider, appending to `out`.
    ///
    /// # Errors
    ///
    /// A client fault where the request has no meaning in this dialect at all: a file handle of
    /// another provider, several answers from a model that gives one, no turn to answer.
    pub fn print_request(
        self,
        request: &Request,
        target: &Target,
        out: &mut BytesMut,
    ) -> Result<Printed, AiError> {
        if request.source == Self::Responses && self != Self::Responses {
            responses::check_portable(request)?;
        }
        let mut losses = Losses::new();
        let cites = matches!(request.source, Self::Messages | Self::Converse);
        let found = (cites && request.source != self)
            .then(|| with_results_for(self, request, &mut losses))
            .flatten();
        let request = found.as_ref().unwrap_or(request);
        let has_marks = matches!(self, Self::Messages | Self::Converse)
            || (self == Self::Chat && target.cache_marks);
        let tidy = (request.source != self && has_marks)
            .then(|| tidied(request, &mut losses))
            .flatten();
        let request = tidy.as_ref().unwrap_or(request);
        let mut printed = match self {
            Self::Chat => chat::print_request(request, target, out),
            Self::Messages => messages::print_request(request, target, out),
            Self::Gemini => gemini::print_request(request, target, out),
            Self::Responses => responses::print_request(request, target, out),
            Self::Converse => converse::print_request(request, target, out),
        }?;
        printed.losses.merge(losses);
        if !request.unread.is_empty() {
            printed.losses.merge(request.unread.clone());
        }
        Ok(printed)
    }

    /// Reads a provider's whole reply.
    ///
    /// # Errors
    ///
    /// An upstream error where the body is one (also with status 200) or makes no sense.
    pub fn parse_reply(self, body: &[u8]) -> Result<Reply, AiError> {
        let (mut reply, unread) = watch(|| match self {
            Self::Chat => chat::parse_reply(body),
            Self::Messages => messages::parse_reply(body),
            Self::Gemini => gemini::parse_reply(body),
            Self::Responses => responses::parse_reply(body),
            Self::Converse => converse::parse_reply(body),
        });
        if let Ok(reply) = &mut reply {
            reply.unread = unread;
            name_refusals(reply);
        }
        reply
    }

    /// Reads the usage object of a whole reply on its own – of Converse the event or reply around it –
    /// for answers that are passed on unparsed.
    #[must_use]
    pub fn read_usage(self, raw: &str) -> Option<Usage> {
        match self {
            Self::Chat => chat::read_usage(raw),
            Self::Messages => messages::read_usage(raw),
            Self::Responses => responses::read_usage(raw),
            Self::Converse => converse::read_usage(raw),
            _ => None,
        }
    }

    /// Writes a whole reply for a client, appending to `out`.
    pub fn print_reply(self, reply: &Reply, context: &ReplyContext, out: &mut BytesMut) -> Losses {
        let mut losses = match self {
            Self::Messages => messages::print_reply(reply, context, out),
            Self::Gemini => gemini::print_reply(reply, context, out),
            Self::Responses => responses::print_reply(reply, context, out),
            Self::Converse => converse::print_reply(reply, context, out),
            Self::Chat => chat::print_reply(reply, context, out),
        };
        if !reply.unread.is_empty() {
            losses.merge(reply.unread.clone());
        }
        losses
    }

    /// A reader of a provider's stream.
    #[must_use]
    pub fn stream_parser(self) -> StreamParser {
        StreamParser::new(self)
    }

    /// A writer of a client's stream.
    #[must_use]
    pub fn stream_printer(self, context: ReplyContext) -> StreamPrinter {
        StreamPrinter::new(self, context)
    }

    /// Reads a provider's error response. Nothing about it can fail: HTML, an array around the
    /// error, an empty body all give an error of the kind the status suggests.
    #[must_use]
    pub fn parse_error(self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> AiError {
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        match self {
            Self::Messages => messages::parse_error(status, headers, body),
            Self::Gemini => gemini::parse_error(status, headers, body),
            Self::Converse => converse::parse_error(status, headers, body),
            Self::Chat | Self::Responses => chat::parse_error(status, headers, body),
        }
    }

    /// Writes an error for a client: its status and its JSON body.
    #[must_use]
    pub fn print_error(self, error: &AiError) -> (StatusCode, Bytes) {
        match self {
            Self::Messages => messages::print_error(error),
            Self::Gemini => gemini::print_error(error),
            Self::Converse => converse::print_error(error),
            Self::Chat | Self::Responses => chat::print_error(error),
        }
    }
}

/// A refusal that is set apart is the reason of its choice's end.
fn name_refusals(reply: &mut Reply) {
    for choice in &mut reply.choices {
        let is_refusal = |block: &Block| matches!(block, Block::Refusal(_));
        if let Some(stop) = &mut choice.stop
            && choice.content.iter().any(is_refusal)
        {
            stop.refused();
        }
    }
}
