use bytes::BytesMut;

use super::{
    content_parse::PART,
    message_parse::{ITEM, PHASE},
    output::{Call, Item, Kind, Part, own_id},
    reasoning::{CONTINUED, OPENAI, REDACTED},
    stream_print::{Open, StreamPrinter},
};
use crate::{
    canonical::{Block, Delta, Opaque, Raw, Source, Text, Thinking, ToolCall},
    dialect::{Dialect, common::is_anthropics},
    json::Writer,
};

impl StreamPrinter {
    pub(super) fn block_start(&mut self, index: u32, block: &Block, out: &mut BytesMut) {
        match block {
            Block::Text(text) => self.text(index, text, out),
            Block::Refusal(refusal) => {
                let part = Part {
                    refusal: true,
                    ..Part::default()
                };
                self.part(index, None, part, out);
                if !refusal.text.is_empty() {
                    self.delta(index, &Delta::Refusal(refusal.text.as_str().into()), out);
                }
            }
            Block::Thinking(thinking) => self.thinking(index, thinking, out),
            Block::RedactedThinking(opaque) => self.redacted(index, opaque, out),
            Block::ToolCall(call) => self.call(index, call, out),
            Block::Opaque(opaque)
                if opaque.dialect == Dialect::Responses
                    && !opaque.kind.starts_with(PART)
                    && opaque.raw.is_object() =>
            {
                self.item(index, "item", None, Kind::Raw(opaque.raw.clone()), out);
            }
            Block::Opaque(opaque) => self.losses.add_field("content", &opaque.kind),
            Block::Image(image) => match &image.source {
                Source::Base64 { data, .. } => {
                    self.item(index, "ig", None, Kind::Image(data.clone()), out);
                }
                _ => self.losses.add("content.image"),
            },
            Block::Audio(_) => self.losses.add("audio"),
            Block::Document(_) | Block::Video(_) | Block::ToolResult(_) => {
                self.losses.add("content.misplaced");
            }
        }
    }

    /// Announces an item and opens a block that is all of it.
    fn item(
        &mut self,
        index: u32,
        prefix: &str,
        id: Option<String>,
        kind: Kind,
        out: &mut BytesMut,
    ) -> usize {
        let number = self.announce(prefix, id, kind, out);
        self.items[number].open += 1;
        self.blocks.push(Open {
            index,
            item: number,
            part: None,
            summary: true,
        });
        number
    }

    /// Announces an item. What came before it and is complete is said to be.
    fn announce(
        &mut self,
        prefix: &str,
        id: Option<String>,
        kind: Kind,
        out: &mut BytesMut,
    ) -> usize {
        self.finish_idle(out);
        let number = self.items.len();
        let id = id.unwrap_or_else(|| self.line.id(prefix, number));
        let item = Item::new(id, kind);
        self.line.event(out, "response.output_item.added", |w| {
            w.u64_field("output_index", number as u64);
            w.key("item");
            item.write("in_progress", w);
        });
        self.items.push(item);
        number
    }

    fn text(&mut self, index: u32, text: &Text, out: &mut BytesMut) {
        self.part(index, text.extra.get(ITEM), Part::default(), out);
        if !text.text.is_empty() {
            self.delta(index, &Delta::Text(text.text.as_str().into()), out);
        }
        if text.signature.is_some() {
            self.losses.add("text.signature");
        }
        for (name, _) in text.extra.iter().filter(|(name, _)| *name != PHASE) {
            self.losses.add_field("content", name);
        }
    }

    /// Opens a part of a message: of the one that is being written, unless it begins another.
    fn part(&mut self, index: u32, begins: Option<&Raw>, part: Part, out: &mut BytesMut) {
        let current = match self.items.last() {
            Some(Item {
                kind: Kind::Message { .. },
                done: None,
                ..
            }) if begins.is_none() => Some(self.items.len() - 1),
            _ => None,
        };
        let number = current.unwrap_or_else(|| {
            let kind = Kind::Message {
                parts: Vec::new(),
                own: begins.cloned(),
            };
            self.announce("msg", own_id(begins), kind, out)
        });
        let item = &mut self.items[number];
        item.open += 1;
        let Kind::Message { parts, .. } = &mut item.kind else {
            return;
        };
        let position = parts.len();
        self.blocks.push(Open {
            index,
            item: number,
            part: Some(position),
            summary: false,
        });
        parts.push(part);
        self.of_part(
            "response.content_part.added",
            (number, position),
            out,
            |part, w| {
                w.key("part");
                part.write(w);
            },
        );
    }

    /// An event of a message's part.
    pub(super) fn of_part(
        &mut self,
        kind: &str,
        (number, position): (usize, usize),
        out: &mut BytesMut,
        fill: impl FnOnce(&Part, &mut Writer<'_>),
    ) {
        let item = &self.items[number];
        if let Kind::Message { parts, .. } = &item.kind
            && let Some(part) = parts.get(position)
        {
            self.line.of_item(out, kind, (number, item), |w| {
                w.u64_field("content_index", position as u64);
                fill(part, w);
            });
        }
    }

    /// Opens a part of reasoning; the part itself begins with its first word, since reasoning that
    /// is only encrypted has none.
    fn thinking(&mut self, index: u32, thinking: &Thinking, out: &mut BytesMut) {
        let continued = thinking.extra.get(CONTINUED).is_some();
        for (name, _) in thinking.extra.iter() {
            self.losses.add_field("content", name);
        }
        let current = match self.items.last() {
            Some(Item {
                kind: Kind::Reasoning { .. },
                done: None,
                ..
            }) if continued => Some(self.items.len() - 1),
            _ => None,
        };
        let number = current.unwrap_or_else(|| {
            let kind = Kind::Reasoning {
                parts: Vec::new(),
                format: thinking.format.clone(),
                proof: None,
            };
            let id = thinking.id.clone().filter(|id| !id.is_empty());
            self.announce("rs", id, kind, out)
        });
        self.items[number].open += 1;
        self.blocks.push(Open {
            index,
            item: number,
            part: None,
            // Only this dialect tells a summary from the reasoning itself.
            summary: thinking.summary || thinking.id.is_none(),
        });
        if !thinking.text.is_empty() {
            self.delta(index, &Delta::Thinking(thinking.text.as_str().into()), out);
        }
        if let Some(signature) = &thinking.signature {
            self.delta(index, &Delta::Signature(signature.clone()), out);
        }
    }

    fn redacted(&mut self, index: u32, opaque: &Opaque, out: &mut BytesMut) {
        let fields: serde_json::Value = opaque.raw.read().unwrap_or_default();
        let format = fields["format"].as_str().unwrap_or_default();
        let anthropic = is_anthropics(opaque, Some(format));
        let proof = match fields["data"].as_str() {
            Some(data) if format == OPENAI => data.to_owned(),
            Some(data) if anthropic => format!("{REDACTED}:{data}"),
            _ => return self.losses.add("redacted_thinking"),
        };
        let kind = Kind::Reasoning {
            parts: Vec::new(),
            format: None,
            proof: Some(proof),
        };
        self.item(index, "rs", None, kind, out);
    }

    fn call(&mut self, index: u32, call: &ToolCall, out: &mut BytesMut) {
        if call.signature.is_some() {
            self.losses.add("tool_call.signature");
        }
        let kind = Kind::Call(Call {
            call_id: call.id.clone(),
            name: call.name.clone(),
            arguments: String::new(),
            custom: call.custom,
            extra: own_of_call(call),
        });
        for (name, _) in call.extra.iter().filter(|_| call.item_id.is_none()) {
            self.losses.add_field("tool_call", name);
        }
        let prefix = if call.custom { "ctc" } else { "fc" };
        let id = call.item_id.clone().filter(|id| !id.is_empty());
        self.item(index, prefix, id, kind, out);
        if !call.arguments.is_empty() {
            self.delta(
                index,
                &Delta::Arguments(call.arguments.as_str().into()),
                out,
            );
        }
    }

    /// Says of every item whose blocks have ended that it is complete.
    fn finish_idle(&mut self, out: &mut BytesMut) {
        for number in 0..self.items.len() {
            if self.items[number].open == 0 {
                self.finish(number, out);
            }
        }
    }

    pub(super) fn finish_all(&mut self, out: &mut BytesMut) {
        while let Some(index) = self.blocks.first().map(|open| open.index) {
            self.block_stop(index, out);
        }
        self.finish_idle(out);
    }

    pub(super) fn finish(&mut self, number: usize, out: &mut BytesMut) {
        let item = &mut self.items[number];
        if item.done.is_some() {
            return;
        }
        let mut whole = BytesMut::with_capacity(256);
        item.write("completed", &mut Writer::one_line(&mut whole));
        let whole = String::from_utf8_lossy(&whole);
        self.line.event(out, "response.output_item.done", |w| {
            w.u64_field("output_index", number as u64);
            w.key("item");
            w.raw(&whole);
        });
        // What was gathered is in the whole item; the two are not kept side by side.
        item.kind = Kind::Done;
        item.done = Some(whole.into());
    }
}

/// The fields of a call that came from this dialect: they are its item's.
fn own_of_call(call: &ToolCall) -> crate::canonical::Extra {
    if call.item_id.is_some() {
        call.extra.clone()
    } else {
        crate::canonical::Extra::new()
    }
}
