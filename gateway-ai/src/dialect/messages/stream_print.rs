use std::collections::VecDeque;

use bytes::{BufMut, BytesMut};
use compact_str::CompactString;

use super::{error, reply_print::service_tier, stop, usage};
use crate::{
    canonical::{Block, Delta, Event, Start, Stop, StopReason, Usage},
    dialect::{
        ReplyContext,
        common::{missed_counts, missed_tier},
    },
    error::AiError,
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
    pub(super) live: Option<Live>,
    pub(super) waiting: VecDeque<Waiting>,
    /// Bytes kept in `waiting`.
    pub(super) kept: usize,
    pub(super) next: u64,
    stop: Option<Stop>,
    usage: Usage,
    pub(super) losses: Losses,
    done: bool,
}

/// The block being written.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) index: u32,
    pub(super) number: u64,
    pub(super) kind: Kind,
    /// What a proof is written under.
    pub(super) tag: Option<CompactString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Thinking,
    Call,
    Opaque,
    /// Nothing was written for it.
    Lost,
}

#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) index: u32,
    pub(super) block: Box<Block>,
    pub(super) deltas: Vec<Delta>,
    pub(super) stopped: bool,
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
            Event::BlockStart {
                choice: 0,
                index,
                block,
            } => {
                self.ensure_start(out);
                if self.live.is_some() {
                    self.wait(*index, block);
                } else {
                    self.open(*index, block, out);
                }
            }
            Event::Delta {
                choice: 0,
                index,
                delta,
            } => self.delta(*index, delta, out),
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
            // Nothing precedes `message_start`.
            Event::Ping if !self.started => {}
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
        error::write(error, &mut Writer::one_line(out));
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
        let id = if start.id.is_empty() {
            context.id.as_str()
        } else {
            &start.id
        };
        let model = if context.model.is_empty() {
            &start.model
        } else {
            &*context.model
        };
        let tier = service_tier(start.service_tier.as_deref());
        let unknown = start.extra.iter();
        unknown.for_each(|(name, _)| self.losses.add_field("reply", name));
        missed_tier(start.service_tier.as_deref(), tier, &mut self.losses);
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
        missed_counts(&self.usage, usage::SLOTS, &mut self.losses);
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

/// Writes one event; its name is its type.
pub(super) fn frame(out: &mut BytesMut, name: &str, fill: impl FnOnce(&mut Writer<'_>)) {
    out.put_slice(b"event: ");
    out.put_slice(name.as_bytes());
    out.put_slice(b"\ndata: ");
    Writer::one_line(out).object(fill);
    out.put_slice(b"\n\n");
}
