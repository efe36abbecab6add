use serde_json::value::RawValue;

use super::{
    call_parse::text_of,
    reply_parse::output,
    stream_item::{Item, Key, Piece, own_of_message, take_text},
    wire,
};
use crate::{
    canonical::{Block, Delta, Event, Raw},
    dialect::common::unreadable,
    error::AiError,
};

/// The blocks of an answer that is being read.
///
/// Items are told apart by their place in the output: some servers name one item differently in
/// each event.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    next: u32,
    calls: bool,
    items: Vec<Item>,
}

impl Blocks {
    pub(super) fn has_calls(&self) -> bool {
        self.calls
    }

    /// Whether an item was spoken of.
    pub(super) fn knows(&self, number: u64) -> bool {
        self.items
            .iter()
            .any(|item| item.number == number && item.done)
    }

    fn at(&mut self, number: u64) -> usize {
        let found = self.items.iter().rposition(|item| item.number == number);
        found.unwrap_or_else(|| {
            self.items.push(Item::new(number));
            self.items.len() - 1
        })
    }

    pub(super) fn item_added(
        &mut self,
        number: u64,
        raw: Option<&RawValue>,
        out: &mut Vec<Event>,
    ) -> Result<(), AiError> {
        let Some(raw) = raw else { return Ok(()) };
        let at = self.at(number);
        let head: wire::ItemHead<'_> =
            serde_json::from_str(raw.get()).map_err(|error| unreadable(&error))?;
        match head.kind.as_deref() {
            Some("function_call" | "custom_tool_call") => {
                if let Some(Block::ToolCall(mut call)) = output(raw)?.pop() {
                    // The whole text comes again; what is here may be its beginning.
                    call.arguments.clear();
                    if self.piece(at, Key::Arguments).is_none() {
                        self.begin(at, Key::Arguments, Block::ToolCall(call), out);
                    }
                }
            }
            Some("message") => self.items[at].own = own_of_message(raw),
            _ => self.items[at].id = head.id.map(|id| id.0),
        }
        Ok(())
    }

    fn piece(&mut self, at: usize, key: Key) -> Option<&mut Piece> {
        self.items[at]
            .pieces
            .iter_mut()
            .find(|piece| piece.key == key)
    }

    fn begin(&mut self, at: usize, key: Key, block: Block, out: &mut Vec<Event>) {
        let index = self.next;
        self.next += 1;
        self.calls |= matches!(block, Block::ToolCall(_));
        self.items[at].pieces.push(Piece {
            key,
            index,
            open: true,
            grown: false,
            cited: false,
        });
        out.push(Event::BlockStart {
            choice: 0,
            index,
            block: Box::new(block),
        });
    }

    /// Begins a piece if it has not begun.
    pub(super) fn ensure(&mut self, number: u64, key: Key, out: &mut Vec<Event>) {
        let at = self.at(number);
        if self.items[at].done || self.piece(at, key).is_some() {
            return;
        }
        if matches!(key, Key::Summary(_) | Key::Reasoning(_)) {
            self.close(at, out);
        }
        if let Some(block) = self.items[at].empty(key) {
            self.begin(at, key, block, out);
        }
    }

    pub(super) fn part_added(
        &mut self,
        (number, content): (u64, u64),
        raw: Option<&RawValue>,
        out: &mut Vec<Event>,
    ) -> Result<(), AiError> {
        let Some(raw) = raw else { return Ok(()) };
        let part: wire::Part<'_> =
            serde_json::from_str(raw.get()).map_err(|error| unreadable(&error))?;
        match part.kind.as_deref() {
            Some("output_text") => self.ensure(number, Key::Text(content), out),
            Some("refusal") => self.ensure(number, Key::Refusal(content), out),
            Some("reasoning_text") => self.ensure(number, Key::Reasoning(content), out),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn grow(
        &mut self,
        number: u64,
        key: Key,
        raw: Option<&RawValue>,
        out: &mut Vec<Event>,
    ) {
        let text = raw.map(text_of).unwrap_or_default();
        if !text.is_empty() {
            self.ensure(number, key, out);
            let at = self.at(number);
            self.say(at, key, &text, out);
        }
    }

    fn say(&mut self, at: usize, key: Key, text: &str, out: &mut Vec<Event>) {
        let Some(piece) = self.piece(at, key).filter(|piece| piece.open) else {
            return;
        };
        piece.grown = true;
        out.push(Event::Delta {
            choice: 0,
            index: piece.index,
            delta: key.delta(text),
        });
    }

    /// The whole text of a piece: news only where it has not grown to it.
    pub(super) fn fill(
        &mut self,
        number: u64,
        key: Key,
        raw: Option<&RawValue>,
        out: &mut Vec<Event>,
    ) {
        let at = self.at(number);
        if !self.piece(at, key).is_some_and(|piece| piece.grown) {
            self.grow(number, key, raw, out);
        }
    }

    pub(super) fn cite(
        &mut self,
        number: u64,
        key: Key,
        annotation: Option<Raw>,
        out: &mut Vec<Event>,
    ) {
        let at = self.at(number);
        if let (Some(piece), Some(annotation)) = (self.piece(at, key), annotation)
            && piece.open
        {
            piece.cited = true;
            out.push(Event::Delta {
                choice: 0,
                index: piece.index,
                delta: Delta::Citation(annotation),
            });
        }
    }

    pub(super) fn logprobs(&self, raw: Option<&RawValue>, out: &mut Vec<Event>) {
        let Some(list) = raw.map(RawValue::get).filter(|list| list.len() > 2) else {
            return;
        };
        if let Ok(value) = Raw::bounded(&format!("{{\"content\":{list}}}")) {
            let name = compact_str::CompactString::const_new("logprobs");
            out.push(Event::ChoiceExtra {
                choice: 0,
                name,
                value,
            });
        }
    }

    /// The whole item: what was not said of it is said now, and its blocks end.
    pub(super) fn item_done(
        &mut self,
        number: u64,
        raw: Option<&RawValue>,
        out: &mut Vec<Event>,
    ) -> Result<(), AiError> {
        let Some(raw) = raw else { return Ok(()) };
        let at = self.at(number);
        if std::mem::replace(&mut self.items[at].done, true) {
            return Ok(());
        }
        let (mut contents, mut summaries, mut texts) = (0.., 0.., 0..);
        for block in output(raw)? {
            let key = match &block {
                Block::Text(_) => Key::Text(contents.next().unwrap_or(0)),
                Block::Refusal(_) => Key::Refusal(contents.next().unwrap_or(0)),
                Block::Thinking(thinking) if thinking.summary => {
                    Key::Summary(summaries.next().unwrap_or(0))
                }
                Block::Thinking(_) => Key::Reasoning(texts.next().unwrap_or(0)),
                Block::ToolCall(_) => Key::Arguments,
                _ => {
                    self.close(at, out);
                    self.begin(at, Key::Text(u64::MAX), block, out);
                    self.close(at, out);
                    continue;
                }
            };
            self.settle(at, key, block, out);
        }
        self.close(at, out);
        Ok(())
    }

    /// Brings a piece up to what the whole item says of it.
    fn settle(&mut self, at: usize, key: Key, mut block: Block, out: &mut Vec<Event>) {
        let (text, citations, signature) = take_text(&mut block);
        if self.piece(at, key).is_none() {
            self.close(at, out);
            self.begin(at, key, block, out);
        }
        let Some(piece) = self.piece(at, key) else {
            return;
        };
        let (index, grown, cited) = (piece.index, piece.grown, piece.cited);
        if !grown && !text.is_empty() {
            self.say(at, key, &text, out);
        }
        let new = citations.filter(|_| !cited);
        for citation in new
            .and_then(|list| list.read::<Vec<Raw>>().ok())
            .into_iter()
            .flatten()
        {
            out.push(Event::Delta {
                choice: 0,
                index,
                delta: Delta::Citation(citation),
            });
        }
        if let Some(signature) = signature {
            // The proof belongs to the last piece, which may have ended by mistake.
            if self.piece(at, key).is_some_and(|piece| piece.open) {
                out.push(Event::Delta {
                    choice: 0,
                    index,
                    delta: Delta::Signature(signature),
                });
            }
        }
    }

    /// Ends the open blocks of an item.
    fn close(&mut self, at: usize, out: &mut Vec<Event>) {
        for piece in self.items[at].pieces.iter_mut().filter(|piece| piece.open) {
            piece.open = false;
            out.push(Event::BlockStop {
                choice: 0,
                index: piece.index,
            });
        }
    }

    pub(super) fn close_all(&mut self, out: &mut Vec<Event>) {
        for at in 0..self.items.len() {
            self.close(at, out);
        }
    }
}
