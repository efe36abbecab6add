use serde_json::value::RawValue;

use super::{
    message_parse::{ITEM, mark_phase},
    reasoning::{CONTINUED, OPENAI},
    wire,
};
use crate::canonical::{Block, Delta, Extra, Raw, Refusal, Text, Thinking};

/// Which piece of an item a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Text(u64),
    Refusal(u64),
    Summary(u64),
    Reasoning(u64),
    Arguments,
}

/// An item of an answer that is being read.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) number: u64,
    pub(super) done: bool,
    /// The item's own fields, for the first block of it.
    pub(super) own: Option<Raw>,
    pub(super) id: Option<String>,
    pub(super) pieces: Vec<Piece>,
}

/// A block of an item.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) key: Key,
    pub(super) index: u32,
    pub(super) open: bool,
    pub(super) grown: bool,
    pub(super) cited: bool,
}

impl Item {
    pub(super) const fn new(number: u64) -> Self {
        Self {
            number,
            done: false,
            own: None,
            id: None,
            pieces: Vec::new(),
        }
    }

    /// An empty block for a piece that begins.
    pub(super) fn empty(&mut self, key: Key) -> Option<Block> {
        let item = self;
        let summary = matches!(key, Key::Summary(_));
        match key {
            Key::Text(_) => {
                let mut text = Text::default();
                if let Some(own) = item.own.take() {
                    if let Some(phase) = phase_of(&own) {
                        mark_phase(&mut text, &phase);
                    }
                    text.extra.push_own(ITEM, own);
                }
                Some(Block::Text(text))
            }
            Key::Refusal(_) => Some(Block::Refusal(Refusal::default())),
            Key::Summary(_) | Key::Reasoning(_) => {
                let mut extra = Extra::new();
                if !item.pieces.is_empty() {
                    extra.push_own(CONTINUED, Raw::from_value(&true.into()));
                }
                Some(Block::Thinking(Thinking {
                    id: item.id.clone(),
                    summary,
                    format: Some(OPENAI.into()),
                    extra,
                    ..Thinking::default()
                }))
            }
            // A call nobody has announced has no name.
            Key::Arguments => None,
        }
    }
}

impl Key {
    /// What a piece of this kind grows by.
    pub(super) fn delta(self, text: &str) -> Delta {
        match self {
            Self::Text(_) => Delta::Text(text.into()),
            Self::Refusal(_) => Delta::Refusal(text.into()),
            Self::Summary(_) | Self::Reasoning(_) => Delta::Thinking(text.into()),
            Self::Arguments => Delta::Arguments(text.into()),
        }
    }
}

/// What a block grows by, taken out of it.
pub(super) fn take_text(block: &mut Block) -> (String, Option<Raw>, Option<String>) {
    match block {
        Block::Text(text) => (std::mem::take(&mut text.text), text.citations.take(), None),
        Block::Refusal(refusal) => (std::mem::take(&mut refusal.text), None, None),
        Block::Thinking(thinking) => (
            std::mem::take(&mut thinking.text),
            None,
            thinking.signature.take(),
        ),
        Block::ToolCall(call) => (std::mem::take(&mut call.arguments), None, None),
        _ => (String::new(), None, None),
    }
}

fn phase_of(own: &Raw) -> Option<Raw> {
    let message: wire::Message<'_> = serde_json::from_str(own.as_str()).ok()?;
    message.phase
}

/// The own fields of a message: all but what is in it.
pub(super) fn own_of_message(raw: &RawValue) -> Option<Raw> {
    let message: wire::Message<'_> = serde_json::from_str(raw.get()).ok()?;
    let fields = [
        ("type", message.kind),
        ("id", message.id),
        ("phase", message.phase),
    ];
    let spelled: Vec<String> = fields
        .into_iter()
        .filter_map(|(name, value)| Some(format!("\"{name}\":{}", value?.as_str())))
        .collect();
    Raw::bounded(&format!("{{{}}}", spelled.join(","))).ok()
}
