use bytes::BytesMut;

use super::{Dialect, ReplyContext, chat, converse, gemini, messages, responses};
use crate::{
    canonical::{Block, Event},
    error::{AiError, AiErrorKind},
    json::watch_into,
    loss::Losses,
};

/// An incremental reader of a provider's stream: bytes in, events out.
///
/// However the bytes are cut, the events are the same. The last event is [`Event::End`] or
/// [`Event::Error`]; afterwards input is ignored.
///
/// A stream of more blocks than any model writes is an error: whoever reads or prints it looks
/// through those that are open, and a hostile provider would have that cost grow with each.
#[derive(Debug)]
pub struct StreamParser {
    parser: Parser,
    unread: Losses,
    blocks: usize,
    /// The choices that hold a refusal.
    refused: Vec<u32>,
    over: bool,
}

#[derive(Debug)]
enum Parser {
    Chat(Box<chat::StreamParser>),
    Messages(Box<messages::StreamParser>),
    Gemini(Box<gemini::StreamParser>),
    Responses(Box<responses::StreamParser>),
    Converse(Box<converse::StreamParser>),
}

impl StreamParser {
    /// A reader for a dialect.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        let parser = match dialect {
            Dialect::Chat => Parser::Chat(Box::default()),
            Dialect::Messages => Parser::Messages(Box::default()),
            Dialect::Gemini => Parser::Gemini(Box::default()),
            Dialect::Responses => Parser::Responses(Box::default()),
            Dialect::Converse => Parser::Converse(Box::default()),
        };
        Self {
            parser,
            unread: Losses::new(),
            blocks: 0,
            refused: Vec::new(),
            over: false,
        }
    }

    /// Takes bytes as they come and appends the events they complete.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        self.read(out, |parser, out| match parser {
            Parser::Chat(parser) => parser.push(bytes, out),
            Parser::Messages(parser) => parser.push(bytes, out),
            Parser::Gemini(parser) => parser.push(bytes, out),
            Parser::Responses(parser) => parser.push(bytes, out),
            Parser::Converse(parser) => parser.push(bytes, out),
        });
    }

    /// Takes the data of one event, framed by the caller. Dialects that are not server-sent events
    /// take nothing here.
    pub(crate) fn frame(&mut self, data: &[u8], out: &mut Vec<Event>) {
        self.read(out, |parser, out| match parser {
            Parser::Chat(parser) => parser.frame(data, out),
            Parser::Messages(parser) => parser.frame(data, out),
            Parser::Gemini(parser) => parser.frame(data, out),
            Parser::Responses(parser) => parser.frame(data, out),
            Parser::Converse(_) => {}
        });
    }

    /// Says that no more bytes come. A stream that has not said it is complete ends in an
    /// [`Event::Error`].
    pub fn finish(&mut self, out: &mut Vec<Event>) {
        self.read(out, |parser, out| match parser {
            Parser::Chat(parser) => parser.finish(out),
            Parser::Messages(parser) => parser.finish(out),
            Parser::Gemini(parser) => parser.finish(out),
            Parser::Responses(parser) => parser.finish(out),
            Parser::Converse(parser) => parser.finish(out),
        });
    }

    fn read(&mut self, out: &mut Vec<Event>, read: impl FnOnce(&mut Parser, &mut Vec<Event>)) {
        if self.over {
            return;
        }
        let before = out.len();
        watch_into(&mut self.unread, || read(&mut self.parser, out));
        self.count(before, out);
    }

    /// The fields of events so far that nobody has told us of, as `unknown.name`: no event has a place
    /// for them.
    #[must_use]
    pub const fn losses(&self) -> &Losses {
        &self.unread
    }

    /// Ends the stream where its blocks are too many, and notes what was refused in words.
    fn count(&mut self, from: usize, out: &mut Vec<Event>) {
        for at in from..out.len() {
            match &mut out[at] {
                Event::BlockStart { choice, block, .. } => {
                    self.blocks += 1;
                    if matches!(**block, Block::Refusal(_)) {
                        self.refused.push(*choice);
                    }
                }
                Event::Stop { choice, stop } if self.refused.contains(choice) => stop.refused(),
                _ => {}
            }
            if self.blocks > MAX_BLOCKS {
                out.truncate(at);
                out.push(Event::Error(too_many("blocks")));
                self.over = true;
                return;
            }
        }
    }

    /// Whether [`Event::End`] or [`Event::Error`] was given.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.over
            || match &self.parser {
                Parser::Chat(parser) => parser.is_done(),
                Parser::Messages(parser) => parser.is_done(),
                Parser::Gemini(parser) => parser.is_done(),
                Parser::Responses(parser) => parser.is_done(),
                Parser::Converse(parser) => parser.is_done(),
            }
    }
}

/// The most blocks of a stream, and the most calls of a choice.
pub(in crate::dialect) const MAX_BLOCKS: usize = 4096;
/// The most choices of an answer.
pub(in crate::dialect) const MAX_CHOICES: usize = 256;

/// What a stream of too many of something is.
pub(in crate::dialect) fn too_many(what: &str) -> AiError {
    let why = format!("the provider's answer has too many {what}");
    AiError::upstream(AiErrorKind::Malformed, why)
}

/// An incremental writer of a client's stream: events in, bytes out.
#[derive(Debug)]
pub struct StreamPrinter(Printer);

#[derive(Debug)]
enum Printer {
    Chat(Box<chat::StreamPrinter>),
    Messages(Box<messages::StreamPrinter>),
    Gemini(Box<gemini::StreamPrinter>),
    Responses(Box<responses::StreamPrinter>),
    Converse(Box<converse::StreamPrinter>),
}

impl StreamPrinter {
    /// A writer for a dialect.
    #[must_use]
    pub fn new(dialect: Dialect, context: ReplyContext) -> Self {
        Self(match dialect {
            Dialect::Messages => Printer::Messages(Box::new(messages::StreamPrinter::new(context))),
            Dialect::Gemini => Printer::Gemini(Box::new(gemini::StreamPrinter::new(context))),
            Dialect::Responses => {
                Printer::Responses(Box::new(responses::StreamPrinter::new(context)))
            }
            Dialect::Converse => Printer::Converse(Box::new(converse::StreamPrinter::new(context))),
            Dialect::Chat => Printer::Chat(Box::new(chat::StreamPrinter::new(context))),
        })
    }

    /// Appends what an event is in the client's dialect: nothing, one or several frames.
    ///
    /// An [`Event::Error`] prints the dialect's error and ends the stream: no `[DONE]`, no
    /// `message_stop`, and whatever is pushed later prints nothing.
    pub fn push(&mut self, event: &Event, out: &mut BytesMut) {
        match &mut self.0 {
            Printer::Chat(printer) => printer.push(event, out),
            Printer::Messages(printer) => printer.push(event, out),
            Printer::Gemini(printer) => printer.push(event, out),
            Printer::Responses(printer) => printer.push(event, out),
            Printer::Converse(printer) => printer.push(event, out),
        }
    }

    /// Ends the stream with an error, as [`Event::Error`] does.
    pub fn error(&mut self, error: &AiError, out: &mut BytesMut) {
        match &mut self.0 {
            Printer::Chat(printer) => printer.error(error, out),
            Printer::Messages(printer) => printer.error(error, out),
            Printer::Gemini(printer) => printer.error(error, out),
            Printer::Responses(printer) => printer.error(error, out),
            Printer::Converse(printer) => printer.error(error, out),
        }
    }

    /// Appends a sign of life in the client's dialect.
    pub fn ping(&mut self, out: &mut BytesMut) {
        self.push(&Event::Ping, out);
    }

    /// What could not be expressed so far. A stream's headers are gone by then: this is for logs.
    #[must_use]
    pub fn losses(&self) -> &Losses {
        match &self.0 {
            Printer::Chat(printer) => printer.losses(),
            Printer::Messages(printer) => printer.losses(),
            Printer::Gemini(printer) => printer.losses(),
            Printer::Responses(printer) => printer.losses(),
            Printer::Converse(printer) => printer.losses(),
        }
    }
}
