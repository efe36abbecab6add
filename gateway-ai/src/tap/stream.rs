use bytes::Bytes;

use super::{Reading, interesting::interesting};
use crate::{
    canonical::Event,
    dialect::{Dialect, StreamParser},
    error::{AiError, AiErrorKind},
    sse::{Frame, Framer},
};

/// A side view of a stream that is passed on as it is.
#[derive(Debug)]
pub struct UsageTap {
    dialect: Dialect,
    framer: Framer,
    parser: StreamParser,
    reading: Reading,
    /// Whether the chunk that carries nothing but usage is held back.
    drops_usage: bool,
    /// The bytes of an event whose end has not come, while events can be held back.
    held: Vec<Bytes>,
    /// Whether the bytes are server-sent events; a stream may also be one JSON body, or binary.
    framed: Option<bool>,
    /// Scratch space for events.
    events: Vec<Event>,
}

impl UsageTap {
    /// A tap on a stream of a dialect.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            framer: Framer::default(),
            parser: dialect.stream_parser(),
            reading: Reading::default(),
            drops_usage: false,
            held: Vec::new(),
            framed: (dialect == Dialect::Converse).then_some(false),
            events: Vec::new(),
        }
    }

    /// Holds back the chunk that carries nothing but usage, for a Chat client that did not ask for
    /// it. Bytes then wait for the end of their event. Defaults to passing everything at once.
    #[must_use]
    pub fn without_usage_chunk(mut self) -> Self {
        self.drops_usage = self.dialect == Dialect::Chat;
        self
    }

    /// What was seen so far.
    #[must_use]
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Takes a chunk on its way and appends what is to be passed on now.
    pub fn push(&mut self, chunk: Bytes, out: &mut Vec<Bytes>) {
        if !self.is_framed(&chunk) {
            self.parser.push(&chunk, &mut self.events);
            self.settle();
            out.push(chunk);
            return;
        }
        // The pieces of this chunk that are held back.
        let mut dropped: Vec<(usize, usize)> = Vec::new();
        let mut from = 0;
        let Self {
            framer,
            parser,
            reading,
            events,
            ..
        } = self;
        let (dialect, drops) = (self.dialect, self.drops_usage);
        let result = framer.push(&chunk, |frame| {
            let only_usage = look(dialect, &frame, parser, events);
            events.drain(..).for_each(|event| reading.take(event));
            if drops && only_usage {
                dropped.push((from, frame.end));
            }
            from = frame.end;
        });
        if let Err(error) = result {
            let error = AiError::upstream(AiErrorKind::Malformed, error.to_string());
            self.reading.error.get_or_insert(error);
            self.drops_usage = false;
        }
        if self.drops_usage {
            self.pass_rest(&chunk, &dropped, from, out)
        } else {
            self.flush(chunk, out)
        }
    }

    /// Says that no more bytes come, and passes on what was held. A stream that has not said it is
    /// complete is then an error.
    pub fn finish(&mut self, out: &mut Vec<Bytes>) {
        let Self {
            framer,
            parser,
            reading,
            events,
            ..
        } = self;
        let dialect = self.dialect;
        let mut last_is_usage = false;
        framer.finish(|frame| {
            last_is_usage = look(dialect, &frame, parser, events);
            events.drain(..).for_each(|event| reading.take(event));
        });
        if !(last_is_usage && self.drops_usage) {
            out.append(&mut self.held);
        }
        self.held.clear();
        if !self.reading.is_complete() && self.reading.error.is_none() {
            self.parser.finish(&mut self.events);
            self.settle();
        }
    }

    /// An error, or the array of a Gemini client that did not ask for events, begins with a brace.
    fn is_framed(&mut self, chunk: &[u8]) -> bool {
        let first = chunk.iter().find(|byte| !byte.is_ascii_whitespace());
        match (self.framed, first) {
            (Some(framed), _) => framed,
            (None, None) => true,
            (None, Some(byte)) => *self.framed.insert(!matches!(byte, b'{' | b'[')),
        }
    }

    fn settle(&mut self) {
        let Self {
            reading, events, ..
        } = self;
        events.drain(..).for_each(|event| reading.take(event));
    }

    fn flush(&mut self, chunk: Bytes, out: &mut Vec<Bytes>) {
        out.append(&mut self.held);
        out.push(chunk);
    }

    /// Passes on what belongs to complete events and is not dropped; the rest waits.
    fn pass_rest(
        &mut self,
        chunk: &Bytes,
        dropped: &[(usize, usize)],
        complete: usize,
        out: &mut Vec<Bytes>,
    ) {
        let mut from = 0;
        if complete > 0 {
            // What was held is the head of the chunk's first event.
            match dropped.first() {
                Some((0, _)) => self.held.clear(),
                _ => out.append(&mut self.held),
            }
        }
        for (start, end) in dropped {
            out.extend((from < *start).then(|| chunk.slice(from..*start)));
            from = *end;
        }
        out.extend((from < complete).then(|| chunk.slice(from..complete)));
        let rest = chunk.slice(complete..);
        let only_comments = self.held.is_empty() && rest.starts_with(b":") && rest.ends_with(b"\n");
        if only_comments {
            out.push(rest);
        } else if !rest.is_empty() {
            self.held.push(rest);
        }
    }
}

/// Reads an event if it can matter; whether it carries usage and nothing else.
fn look(
    dialect: Dialect,
    frame: &Frame<'_>,
    parser: &mut StreamParser,
    events: &mut Vec<Event>,
) -> bool {
    if parser.is_started() && !interesting(dialect, frame) {
        return false;
    }
    parser.frame(frame.data, events);
    matches!(events.as_slice(), [Event::Usage(_)])
}
