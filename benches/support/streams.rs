//! The work of a streamed answer, stage by stage: framing, parsing, metering, printing, and all of
//! them in a row. Pure code over bytes, so nothing but the codec is in the figure.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use gateway_ai::{
    canonical::Event,
    dialect::{Dialect, ReplyContext},
    sse::Framer,
    tap,
};

use crate::payloads;

/// A stage, and the stream it works on.
pub struct Stage {
    /// What is measured.
    pub name: &'static str,
    /// The bytes of the provider's stream, which throughput is stated in.
    pub bytes: usize,
    /// Its events.
    pub events: usize,
    /// Handles the whole stream once.
    pub run: Box<dyn FnMut()>,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A provider's stream as it is read from a socket: an event in each chunk.
#[derive(Clone, Debug)]
struct Stream {
    dialect: Dialect,
    chunks: Vec<Bytes>,
}

impl Stream {
    fn of(dialect: Dialect) -> Self {
        let chunks = match dialect {
            Dialect::Messages => payloads::message_events(),
            Dialect::Chat => payloads::chat_events(),
            _ => return Self::of(Dialect::Chat).spelled_in(dialect),
        };
        Self { dialect, chunks }
    }

    /// The same answer in another dialect.
    fn spelled_in(&self, dialect: Dialect) -> Self {
        let mut printer = dialect.stream_printer(context());
        let mut out = BytesMut::new();
        let mut chunks = Vec::new();
        for event in &self.events() {
            printer.push(event, &mut out);
            if !out.is_empty() {
                chunks.push(out.split().freeze());
            }
        }
        Self { dialect, chunks }
    }

    fn stage(&self, name: &'static str, run: impl FnMut() + 'static) -> Stage {
        Stage {
            name,
            bytes: self.chunks.iter().map(Bytes::len).sum(),
            events: self.chunks.len(),
            run: Box::new(run),
        }
    }

    fn events(&self) -> Vec<Event> {
        let mut parser = self.dialect.stream_parser();
        let mut events = Vec::new();
        for chunk in &self.chunks {
            parser.push(chunk, &mut events);
        }
        parser.finish(&mut events);
        events
    }

    fn framed(&self, name: &'static str) -> Stage {
        let chunks = self.chunks.clone();
        self.stage(name, move || {
            let mut framer = Framer::default();
            for chunk in &chunks {
                let framed = framer.push(chunk, |frame| _ = black_box(frame.data));
                framed.expect("events of a few hundred bytes");
            }
        })
    }

    fn parsed(&self, name: &'static str) -> Stage {
        let this = self.clone();
        let mut events = Vec::new();
        self.stage(name, move || {
            let mut parser = this.dialect.stream_parser();
            for chunk in &this.chunks {
                parser.push(chunk, &mut events);
                black_box(&events);
                events.clear();
            }
        })
    }

    fn tapped(&self, name: &'static str) -> Stage {
        let this = self.clone();
        self.stage(name, move || {
            let (mut framer, mut complete) = (Framer::default(), false);
            for chunk in &this.chunks {
                let framed = framer.push(chunk, |frame| {
                    let seen = black_box(tap::look(this.dialect, frame.event, frame.data));
                    complete |= seen.complete;
                });
                framed.expect("events of a few hundred bytes");
            }
            assert!(complete);
        })
    }

    fn printed(&self, name: &'static str) -> Stage {
        let (dialect, events) = (self.dialect, self.events());
        let mut out = BytesMut::with_capacity(64 << 10);
        self.stage(name, move || {
            let mut printer = dialect.stream_printer(context());
            for event in &events {
                printer.push(event, &mut out);
            }
            black_box(&out);
            out.clear();
        })
    }

    /// Each chunk is handed on before the next is read, as the edge does it.
    fn translated(&self, name: &'static str, client: Dialect) -> Stage {
        let this = self.clone();
        let mut events = Vec::new();
        self.stage(name, move || {
            let mut parser = this.dialect.stream_parser();
            let mut printer = client.stream_printer(context());
            let mut out = BytesMut::new();
            for chunk in &this.chunks {
                parser.push(chunk, &mut events);
                for event in events.drain(..) {
                    printer.push(&event, &mut out);
                }
                black_box(out.split().freeze());
            }
        })
    }
}

fn context() -> ReplyContext {
    let mut context = ReplyContext::default().with_identity("chatcmpl-bench", 1_764_000_000);
    context.include_usage = true;
    context
}

/// All stages.
#[must_use]
pub fn all() -> Vec<Stage> {
    let chat = Stream::of(Dialect::Chat);
    let messages = Stream::of(Dialect::Messages);
    let responses = Stream::of(Dialect::Responses);
    let gemini = Stream::of(Dialect::Gemini);
    let converse = Stream::of(Dialect::Converse);
    vec![
        chat.framed("frame chat"),
        messages.framed("frame messages"),
        chat.tapped("meter chat, passed through"),
        messages.tapped("meter messages, passed through"),
        chat.parsed("parse chat"),
        messages.parsed("parse messages"),
        responses.parsed("parse responses"),
        gemini.parsed("parse gemini"),
        converse.parsed("parse converse"),
        chat.printed("print chat"),
        messages.printed("print messages"),
        responses.printed("print responses"),
        gemini.printed("print gemini"),
        converse.printed("print converse"),
        messages.translated("translate messages to chat", Dialect::Chat),
        chat.translated("translate chat to messages", Dialect::Messages),
    ]
}

/// What one whole stream allocates, once what grows has grown.
#[must_use]
pub fn allocations(stage: &mut Stage) -> u64 {
    (stage.run)();
    allocation_counter::measure(|| (stage.run)()).count_total
}
