use bytes::BytesMut;

use super::{block_print, error, frame, reply_print::service_tier, stop, usage};
use crate::{
    canonical::{Block, Delta, Event, Stop, StopReason, ToolCall, Usage},
    dialect::{
        ReplyContext,
        common::{missed_beside, tagged},
    },
    error::AiError,
    json::Writer,
    loss::Losses,
};

/// Writes an event stream as Bedrock does.
#[derive(Debug)]
pub(in crate::dialect) struct StreamPrinter {
    started: bool,
    open: Vec<Open>,
    next: u64,
    stop: Option<Stop>,
    tier: Option<compact_str::CompactString>,
    usage: Usage,
    losses: Losses,
    done: bool,
}

/// A block that is being written.
#[derive(Debug)]
struct Open {
    index: u32,
    kind: Kind,
    /// Whose proof will follow, where it is another provider's.
    tag: Option<compact_str::CompactString>,
    /// Its number on the wire, once something of it was written.
    number: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    Call,
    /// Nothing was written for it.
    Lost,
}

impl StreamPrinter {
    pub(in crate::dialect) fn new(_: ReplyContext) -> Self {
        Self {
            started: false,
            open: Vec::new(),
            next: 0,
            stop: None,
            tier: None,
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
            Event::Start(start) => {
                if let Some(usage) = &start.usage {
                    self.usage.merge((**usage).clone());
                }
                self.tier.clone_from(&start.service_tier);
                let unknown = start.extra.iter();
                unknown.for_each(|(name, _)| self.losses.add_field("reply", name));
                self.start(out);
            }
            Event::BlockStart {
                choice: 0,
                index,
                block,
            } => self.block_start(*index, block, out),
            Event::Delta {
                choice: 0,
                index,
                delta,
            } => self.delta(*index, delta, out),
            Event::BlockStop { choice: 0, index } => self.block_stop(*index, out),
            Event::Stop { choice: 0, stop } => self.stop = Some(stop.clone()),
            Event::BlockStart { .. }
            | Event::Delta { .. }
            | Event::BlockStop { .. }
            | Event::Stop { .. } => self.losses.add("choices"),
            Event::ChoiceExtra { name, .. } => self.losses.add_field("choice", name),
            Event::Usage(usage) => self.usage.merge((**usage).clone()),
            // There is no sign of life in this dialect, and an event its clients do not know may
            // be an error to them.
            Event::Ping => {}
            Event::Error(error) => self.error(error, out),
            Event::End => self.end(out),
        }
    }

    pub(in crate::dialect) fn error(&mut self, error: &AiError, out: &mut BytesMut) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        frame::write("exception", error::stream_name(error), out, |out| {
            Writer::new(out).object(|w| w.str_field("message", error.client_message()));
        });
    }

    fn start(&mut self, out: &mut BytesMut) {
        if !std::mem::replace(&mut self.started, true) {
            event("messageStart", out, |w| w.str_field("role", "assistant"));
        }
    }

    fn block_start(&mut self, index: u32, block: &Block, out: &mut BytesMut) {
        self.start(out);
        missed_beside(block, &mut self.losses);
        let kind = match block {
            Block::Text(_) | Block::Refusal(_) => Kind::Text,
            Block::Thinking(_) => Kind::Thinking,
            Block::ToolCall(_) => Kind::Call,
            Block::RedactedThinking(opaque) if block_print::redacted(opaque).is_some() => {
                Kind::Thinking
            }
            _ => Kind::Lost,
        };
        self.open.push(Open {
            index,
            kind,
            tag: match block {
                Block::Thinking(thinking) => block_print::proof_tag(thinking).map(Into::into),
                _ => None,
            },
            number: None,
        });
        // Some blocks start with what others grow by.
        match block {
            Block::Text(text) => self.delta(index, &Delta::Text(text.text.as_str().into()), out),
            Block::Refusal(refusal) => {
                self.delta(index, &Delta::Text(refusal.text.as_str().into()), out);
            }
            Block::Thinking(thinking) => {
                let text = thinking.text.as_str().into();
                self.delta(index, &Delta::Thinking(text), out);
            }
            Block::ToolCall(call) => self.call_start(index, call, out),
            Block::RedactedThinking(opaque) => match block_print::redacted(opaque) {
                Some(data) => self.write(index, out, |w| {
                    w.object_field("reasoningContent", |w| {
                        w.str_field("redactedContent", &data)
                    });
                }),
                None => self.losses.add("redacted_thinking"),
            },
            block => block_print::lost(block, &mut self.losses),
        }
    }

    fn call_start(&mut self, index: u32, call: &ToolCall, out: &mut BytesMut) {
        if call.signature.is_some() {
            self.losses.add("tool_call.signature");
        }
        let number = self.number(index);
        event("contentBlockStart", out, |w| {
            w.u64_field("contentBlockIndex", number);
            w.object_field("start", |w| {
                w.object_field("toolUse", |w| {
                    w.str_field("toolUseId", &call.id);
                    w.str_field("name", &call.name);
                });
            });
        });
        let text = call.arguments.as_str().into();
        self.delta(index, &Delta::Arguments(text), out);
    }

    /// The number of an open block on the wire, given to it when something of it is written.
    fn tag(&self, index: u32) -> Option<compact_str::CompactString> {
        let open = self.open.iter().find(|open| open.index == index)?;
        open.tag.clone()
    }

    fn number(&mut self, index: u32) -> u64 {
        let next = self.next;
        let open = self.open.iter_mut().find(|open| open.index == index);
        let number = open.map_or(next, |open| *open.number.get_or_insert(next));
        self.next = self.next.max(number + 1);
        number
    }

    fn delta(&mut self, index: u32, delta: &Delta, out: &mut BytesMut) {
        let kind = self
            .open
            .iter()
            .find(|open| open.index == index)
            .map(|o| o.kind);
        if delta.is_empty() || kind == Some(Kind::Lost) {
            return;
        }
        match (kind, delta) {
            (Some(Kind::Text), Delta::Text(text) | Delta::Refusal(text)) => {
                self.write(index, out, |w| w.str_field("text", text));
            }
            (Some(Kind::Thinking), Delta::Thinking(text)) => self.write(index, out, |w| {
                w.object_field("reasoningContent", |w| w.str_field("text", text));
            }),
            (Some(Kind::Thinking), Delta::Signature(text)) => {
                let tag = self.tag(index);
                let text = tagged(tag.as_deref(), text);
                self.write(index, out, |w| {
                    w.object_field("reasoningContent", |w| w.str_field("signature", &text));
                });
            }
            (Some(Kind::Call), Delta::Arguments(text)) => self.write(index, out, |w| {
                w.object_field("toolUse", |w| w.str_field("input", text));
            }),
            (_, Delta::Citation(_)) => self.losses.add("text.citations"),
            (kind, Delta::Signature(_)) => self.losses.add(match kind {
                Some(Kind::Call) => "tool_call.signature",
                _ => "text.signature",
            }),
            _ => self.losses.add("content.delta"),
        }
    }

    fn write(&mut self, index: u32, out: &mut BytesMut, fill: impl FnOnce(&mut Writer<'_>)) {
        let number = self.number(index);
        event("contentBlockDelta", out, |w| {
            w.u64_field("contentBlockIndex", number);
            w.object_field("delta", fill);
        });
    }

    fn block_stop(&mut self, index: u32, out: &mut BytesMut) {
        let Some(position) = self.open.iter().position(|open| open.index == index) else {
            return;
        };
        if let Some(number) = self.open.remove(position).number {
            event("contentBlockStop", out, |w| {
                w.u64_field("contentBlockIndex", number)
            });
        }
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.start(out);
        while let Some(open) = self.open.first() {
            self.block_stop(open.index, out);
        }
        self.done = true;
        let ended = Stop::new(StopReason::End);
        let stop = self.stop.as_ref().unwrap_or(&ended);
        let reason = stop::print(stop, &mut self.losses);
        event("messageStop", out, |w| {
            w.str_field("stopReason", reason);
            if let Some(sequence) = &stop.sequence {
                w.object_field("additionalModelResponseFields", |w| {
                    w.str_field("stop_sequence", sequence);
                });
            }
        });
        event("metadata", out, |w| {
            usage::print(&self.usage, false, &mut self.losses, w);
            service_tier(self.tier.as_deref(), &mut self.losses, w);
        });
    }
}

fn event(name: &str, out: &mut BytesMut, fill: impl FnOnce(&mut Writer<'_>)) {
    frame::write("event", name, out, |out| Writer::new(out).object(fill));
}
