use std::collections::VecDeque;

use bytes::{BufMut, BytesMut};

use super::{block_print, error, reply_print::service_tier, stop, usage};
use crate::{
    canonical::{Block, Delta, Event, Start, Stop, StopReason, Usage},
    dialect::{Dialect, ReplyContext},
    error::{AiError, AiErrorKind},
    json::Writer,
    loss::Losses,
};

/// Writes a stream of message events.
///
/// Messages allow one open block at a time. The block that began first is written as it grows;
/// what others grow by meanwhile is kept, within a bound, until it is their turn.
#[derive(Debug)]
pub(in crate::dialect) struct StreamPrinter {
    context: ReplyContext,
    started: bool,
    live: Option<Live>,
    waiting: VecDeque<Waiting>,
    /// Bytes kept in `waiting`.
    kept: usize,
    next: u64,
    stop: Option<Stop>,
    usage: Usage,
    losses: Losses,
    done: bool,
}

/// The block being written.
#[derive(Debug)]
struct Live {
    index: u32,
    number: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    Call,
    Opaque,
    /// Nothing was written for it.
    Lost,
}

#[derive(Debug)]
struct Waiting {
    index: u32,
    block: Box<Block>,
    deltas: Vec<Delta>,
    stopped: bool,
}

impl StreamPrinter {
    pub(in crate::dialect) fn new(context: ReplyContext) -> Self {
        Self {
            context,
            started: false,
            live: None,
            waiting: VecDeque::new(),
            kept: 0,
            next: 0,
            stop: None,
            usage: Usage::default(),
            losses: Losses::new(),
            done: false,
        }
    }

    pub(in crate::dialect) fn losses(&self) -> &Losses {
        &self.losses
    }

    pub(in crate::dialect) fn push(&mut self, event: &Event, out: &mut BytesMut) {
        if self.done {
            return;
        }
        match event {
            Event::Start(start) => self.start(start, out),
            Event::BlockStart { choice: 0, index, block } => {
                self.ensure_start(out);
                if self.live.is_some() {
                    self.wait(*index, block);
                } else {
                    self.open(*index, block, out);
                }
            }
            Event::Delta { choice: 0, index, delta } => self.delta(*index, delta, out),
            Event::BlockStop { choice: 0, index } => self.block_stop(*index, out),
            Event::Stop { choice: 0, stop } => {
                self.ensure_start(out);
                self.stop = Some(stop.clone());
            }
            Event::BlockStart { .. }
            | Event::Delta { .. }
            | Event::BlockStop { .. }
            | Event::Stop { .. } => self.losses.add("choices"),
            Event::ChoiceExtra { name, .. } => self.losses.add_field("choice", name),
            Event::Usage(usage) => self.usage.merge((**usage).clone()),
            Event::Ping => frame(out, "ping", |w| w.str_field("type", "ping")),
            Event::Error(error) => self.error(error, out),
            Event::End => self.end(out),
        }
    }

    pub(in crate::dialect) fn error(&mut self, error: &AiError, out: &mut BytesMut) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        out.put_slice(b"event: error\ndata: ");
        error::write(error, &mut Writer::new(out));
        out.put_slice(b"\n\n");
    }

    fn ensure_start(&mut self, out: &mut BytesMut) {
        if !self.started {
            self.start(&Start::default(), out);
        }
    }

    fn start(&mut self, start: &Start, out: &mut BytesMut) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        if let Some(usage) = &start.usage {
            self.usage.merge((**usage).clone());
        }
        // Clients read the input count here: an estimate is better than nothing.
        let mut usage = self.usage.clone();
        usage.input = usage.input.or(self.context.input_estimate).or(Some(0));
        let context = &self.context;
        let id = if start.id.is_empty() { context.id.as_str() } else { &start.id };
        let model = if context.model.is_empty() { &start.model } else { &*context.model };
        let tier = service_tier(start.service_tier.as_deref(), true);
        frame(out, "message_start", |w| {
            w.str_field("type", "message_start");
            w.object_field("message", |w| {
                w.str_field("id", id);
                w.str_field("type", "message");
                w.str_field("role", "assistant");
                w.str_field("model", model);
                w.array_field("content", |_| {});
                w.key("stop_reason");
                w.null();
                w.key("stop_sequence");
                w.null();
                w.key("usage");
                usage::print(&usage, false, tier, w);
            });
        });
    }

    fn wait(&mut self, index: u32, block: &Block) {
        let block = Box::new(block.clone());
        self.waiting.push_back(Waiting { index, block, deltas: Vec::new(), stopped: false });
    }

    fn open(&mut self, index: u32, block: &Block, out: &mut BytesMut) {
        let number = self.next;
        let mut kind = block_kind(block);
        if kind == Kind::Lost {
            block_print::lost(block, &mut self.losses);
        } else {
            kind = self.block_start(number, block, kind, out);
            self.next += 1;
        }
        self.live = Some(Live { index, number, kind });
        // Some blocks start with what others grow by.
        match block {
            Block::Text(text) if !text.text.is_empty() => {
                self.write(&Delta::Text(text.text.as_str().into()), out);
            }
            Block::Refusal(refusal) if !refusal.text.is_empty() => {
                self.write(&Delta::Text(refusal.text.as_str().into()), out);
            }
            Block::Thinking(thinking) if !thinking.text.is_empty() => {
                self.write(&Delta::Thinking(thinking.text.as_str().into()), out);
            }
            Block::ToolCall(call) if !call.arguments.is_empty() => {
                self.write(&Delta::Arguments(call.arguments.as_str().into()), out);
            }
            _ => {}
        }
    }

    fn block_start(&self, number: u64, block: &Block, kind: Kind, out: &mut BytesMut) -> Kind {
        frame(out, "content_block_start", |w| {
            w.str_field("type", "content_block_start");
            w.u64_field("index", number);
            w.key("content_block");
            match block {
                Block::Thinking(_) => w.object(|w| {
                    w.str_field("type", "thinking");
                    w.str_field("thinking", "");
                    w.str_field("signature", "");
                }),
                Block::ToolCall(call) => w.object(|w| {
                    w.str_field("type", "tool_use");
                    w.str_field("id", &call.id);
                    w.str_field("name", &call.name);
                    w.object_field("input", |_| {});
                }),
                Block::RedactedThinking(opaque) => w.object(|w| {
                    w.str_field("type", "redacted_thinking");
                    let data = block_print::redacted(opaque);
                    w.str_field("data", data.as_deref().unwrap_or_default());
                }),
                Block::Opaque(opaque) => w.raw(opaque.raw.as_str()),
                _ => w.object(|w| {
                    w.str_field("type", "text");
                    w.str_field("text", "");
                }),
            }
        });
        kind
    }

    fn delta(&mut self, index: u32, delta: &Delta, out: &mut BytesMut) {
        if self.live.as_ref().is_some_and(|live| live.index == index) {
            return self.write(delta, out);
        }
        let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.index == index) else {
            return self.losses.add("content.delta");
        };
        self.kept += delta.len();
        match (waiting.deltas.last_mut(), delta) {
            (Some(Delta::Text(have)), Delta::Text(more))
            | (Some(Delta::Arguments(have)), Delta::Arguments(more))
            | (Some(Delta::Thinking(have)), Delta::Thinking(more)) => have.push_str(more),
            _ => waiting.deltas.push(delta.clone()),
        }
        if self.kept > MAX_KEPT {
            let message = "too many tool calls grow side by side";
            self.error(&AiError::upstream(AiErrorKind::Malformed, message), out);
        }
    }

    /// Writes what the live block grows by.
    fn write(&mut self, delta: &Delta, out: &mut BytesMut) {
        let Some(live) = &self.live else { return };
        let fill: (&str, &str, &str) = match (live.kind, delta) {
            (Kind::Text, Delta::Text(text) | Delta::Refusal(text)) => ("text_delta", "text", text),
            (Kind::Thinking, Delta::Thinking(text)) => ("thinking_delta", "thinking", text),
            (Kind::Thinking, Delta::Signature(text)) => ("signature_delta", "signature", text),
            (Kind::Call | Kind::Opaque, Delta::Arguments(text)) => {
                ("input_json_delta", "partial_json", text)
            }
            (Kind::Text, Delta::Citation(raw)) if !block_print::is_foreign_citation(raw) => {
                return self.raw_delta(|w| {
                    w.object(|w| {
                        w.str_field("type", "citations_delta");
                        w.raw_field("citation", raw);
                    });
                }, out);
            }
            (Kind::Opaque, Delta::Opaque(raw)) => {
                return self.raw_delta(|w| w.raw(raw.as_str()), out);
            }
            (Kind::Lost, _) => return,
            (_, Delta::Citation(_)) => return self.losses.add("text.citations"),
            (_, Delta::Signature(_)) => return self.losses.add("signature"),
            _ => return self.losses.add("content.delta"),
        };
        let (kind, key, text) = fill;
        self.raw_delta(|w| {
            w.object(|w| {
                w.str_field("type", kind);
                w.str_field(key, text);
            });
        }, out);
    }

    fn raw_delta(&self, delta: impl FnOnce(&mut Writer<'_>), out: &mut BytesMut) {
        let number = self.live.as_ref().map_or(0, |live| live.number);
        frame(out, "content_block_delta", |w| {
            w.str_field("type", "content_block_delta");
            w.u64_field("index", number);
            w.key("delta");
            delta(w);
        });
    }

    fn block_stop(&mut self, index: u32, out: &mut BytesMut) {
        if self.live.as_ref().is_some_and(|live| live.index == index) {
            self.close(out);
            self.next_block(out);
        } else if let Some(waiting) = self.waiting.iter_mut().find(|w| w.index == index) {
            waiting.stopped = true;
        }
    }

    fn close(&mut self, out: &mut BytesMut) {
        if let Some(live) = self.live.take()
            && live.kind != Kind::Lost
        {
            frame(out, "content_block_stop", |w| {
                w.str_field("type", "content_block_stop");
                w.u64_field("index", live.number);
            });
        }
    }

    /// Writes the blocks that waited, up to one that still grows.
    fn next_block(&mut self, out: &mut BytesMut) {
        while let Some(waiting) = self.waiting.pop_front() {
            self.open(waiting.index, &waiting.block, out);
            for delta in &waiting.deltas {
                self.kept = self.kept.saturating_sub(delta.len());
                self.write(delta, out);
            }
            if !waiting.stopped {
                return;
            }
            self.close(out);
        }
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.ensure_start(out);
        while self.live.is_some() {
            self.close(out);
            self.next_block(out);
        }
        self.done = true;
        let ended = Stop::new(StopReason::End);
        let stop = self.stop.as_ref().unwrap_or(&ended);
        let reason = stop::print(stop, &mut self.losses);
        frame(out, "message_delta", |w| {
            w.str_field("type", "message_delta");
            w.object_field("delta", |w| {
                w.str_field("stop_reason", reason);
                w.key("stop_sequence");
                match &stop.sequence {
                    Some(sequence) => w.string(sequence),
                    None => w.null(),
                }
            });
            w.key("usage");
            usage::print(&self.usage, false, None, w);
        });
        frame(out, "message_stop", |w| w.str_field("type", "message_stop"));
    }
}

fn block_kind(block: &Block) -> Kind {
    match block {
        Block::Text(_) | Block::Refusal(_) => Kind::Text,
        Block::Thinking(_) => Kind::Thinking,
        Block::ToolCall(_) => Kind::Call,
        Block::RedactedThinking(opaque) if block_print::redacted(opaque).is_some() => Kind::Opaque,
        Block::Opaque(opaque) if opaque.dialect == Dialect::Messages => Kind::Opaque,
        _ => Kind::Lost,
    }
}

/// Writes one event; its name is its type.
fn frame(out: &mut BytesMut, name: &str, fill: impl FnOnce(&mut Writer<'_>)) {
    out.put_slice(b"event: ");
    out.put_slice(name.as_bytes());
    out.put_slice(b"\ndata: ");
    Writer::new(out).object(fill);
    out.put_slice(b"\n\n");
}

/// What may wait for its turn, in bytes.
const MAX_KEPT: usize = 4 * 1024 * 1024;
