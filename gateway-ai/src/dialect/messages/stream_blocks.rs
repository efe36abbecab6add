use bytes::BytesMut;

use super::{
    block_print,
    stream_print::{Kind, Live, StreamPrinter, Waiting, frame},
};
use crate::{
    canonical::{Block, Delta},
    dialect::{
        Dialect,
        common::{missed_beside, tagged},
    },
    error::{AiError, AiErrorKind},
    json::Writer,
};

impl StreamPrinter {
    pub(super) fn wait(&mut self, index: u32, block: &Block) {
        let block = Box::new(block.clone());
        self.waiting.push_back(Waiting {
            index,
            block,
            deltas: Vec::new(),
            stopped: false,
        });
    }

    pub(super) fn open(&mut self, index: u32, block: &Block, out: &mut BytesMut) {
        let number = self.next;
        let mut kind = block_kind(block);
        if kind == Kind::Lost {
            block_print::lost(block, &mut self.losses);
        } else {
            kind = self.block_start(number, block, kind, out);
            self.next += 1;
            missed_beside(block, &mut self.losses);
            if matches!(block, Block::ToolCall(call) if call.signature.is_some()) {
                self.losses.add("tool_call.signature");
            }
        }
        self.live = Some(Live {
            index,
            number,
            kind,
            tag: match block {
                Block::Thinking(thinking) => block_print::proof_tag(thinking).map(Into::into),
                _ => None,
            },
        });
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

    pub(super) fn delta(&mut self, index: u32, delta: &Delta, out: &mut BytesMut) {
        if self.live.as_ref().is_some_and(|live| live.index == index) {
            return self.write(delta, out);
        }
        let Some(waiting) = self
            .waiting
            .iter_mut()
            .find(|waiting| waiting.index == index)
        else {
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
        let proof;
        let fill: (&str, &str, &str) = match (live.kind, delta) {
            (Kind::Text, Delta::Text(text) | Delta::Refusal(text)) => ("text_delta", "text", text),
            (Kind::Thinking, Delta::Thinking(text)) => ("thinking_delta", "thinking", text),
            (Kind::Thinking, Delta::Signature(text)) => {
                proof = tagged(live.tag.as_deref(), text);
                ("signature_delta", "signature", &proof)
            }
            (Kind::Call | Kind::Opaque, Delta::Arguments(text)) => {
                ("input_json_delta", "partial_json", text)
            }
            (Kind::Text, Delta::Citation(raw)) if !block_print::is_foreign_citation(raw) => {
                return self.raw_delta(
                    |w| {
                        w.object(|w| {
                            w.str_field("type", "citations_delta");
                            w.raw_field("citation", raw);
                        });
                    },
                    out,
                );
            }
            (Kind::Opaque, Delta::Opaque(raw)) => {
                return self.raw_delta(|w| w.raw(raw.as_str()), out);
            }
            (Kind::Lost, _) => return,
            (_, Delta::Citation(_)) => return self.losses.add("text.citations"),
            (Kind::Call, Delta::Signature(_)) => return self.losses.add("tool_call.signature"),
            (_, Delta::Signature(_)) => return self.losses.add("text.signature"),
            _ => return self.losses.add("content.delta"),
        };
        let (kind, key, text) = fill;
        self.raw_delta(
            |w| {
                w.object(|w| {
                    w.str_field("type", kind);
                    w.str_field(key, text);
                });
            },
            out,
        );
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

    pub(super) fn block_stop(&mut self, index: u32, out: &mut BytesMut) {
        if self.live.as_ref().is_some_and(|live| live.index == index) {
            self.close(out);
            self.next_block(out);
        } else if let Some(waiting) = self.waiting.iter_mut().find(|w| w.index == index) {
            waiting.stopped = true;
        }
    }

    pub(super) fn close(&mut self, out: &mut BytesMut) {
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
    pub(super) fn next_block(&mut self, out: &mut BytesMut) {
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

/// What may wait for its turn, in bytes.
const MAX_KEPT: usize = 4 * 1024 * 1024;
