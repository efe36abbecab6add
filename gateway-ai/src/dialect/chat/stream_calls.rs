use super::{
    message_parse::{argument_text, legacy_id},
    wire,
};
use crate::{
    canonical::{Block, Delta, Event, ToolCall},
    dialect::{
        common::{Scan, synthetic_call_id},
        stream::{MAX_BLOCKS, too_many},
    },
    error::AiError,
    json::Str,
    sse::Framer,
};

/// The tool calls of a choice, put together from fragments.
///
/// Fragments of parallel calls may interleave, so several calls can be open at once; a call whose
/// arguments are complete closes as soon as the next one begins, so that a printer which allows one
/// open block does not have to wait for the end.
#[derive(Debug, Default)]
pub(super) struct Calls {
    all: Vec<Call>,
    /// Bytes that came before the name of their call.
    nameless: usize,
}

#[derive(Debug, Default)]
struct Call {
    /// The `index` on the wire; servers that send none count on.
    wire_index: Option<u64>,
    id: String,
    name: String,
    custom: bool,
    /// The block, once the name is known.
    block: Option<u32>,
    /// Argument text that came before the name.
    early: String,
    scan: Scan,
    closed: bool,
}

impl Calls {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Takes a fragment.
    ///
    /// # Errors
    ///
    /// There are more calls, or more bytes of calls without a name, than any model writes.
    pub(super) fn fragment(
        &mut self,
        wire: wire::ToolCall<'_>,
        legacy: bool,
        reply: &str,
        choice: u32,
        next: &mut u32,
        out: &mut Vec<Event>,
    ) -> Result<(), AiError> {
        let index = wire.index.as_ref().and_then(|index| index.as_u64());
        let id = wire.id.as_deref().unwrap_or_default();
        let position = self.find(index, id);
        if position == MAX_BLOCKS {
            return Err(too_many("calls"));
        }
        if position == self.all.len() {
            self.close_complete(choice, out);
            self.all.push(Call {
                wire_index: index,
                id: id.to_owned(),
                ..Call::default()
            });
        }
        let call = &mut self.all[position];
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        let (name, text) = match (wire.custom, wire.function) {
            (Some(custom), _) if custom.name.is_some() || custom.input.is_some() => {
                call.custom = true;
                (custom.name, custom.input.map(Str::into_owned))
            }
            (_, Some(function)) => (function.name, function.arguments.map(argument_text)),
            _ => (None, None),
        };
        if call.block.is_none() {
            // Names come whole nearly always; those that come in pieces come before arguments.
            call.name.push_str(name.as_deref().unwrap_or_default());
            if legacy {
                call.id = legacy_id(&call.name);
            }
            if call.name.is_empty() {
                self.nameless += text.as_ref().map_or(0, String::len);
            }
            if self.nameless > Framer::LIMIT {
                return Err(too_many("bytes before the name of their call"));
            }
        }
        let number = u32::try_from(position).unwrap_or(u32::MAX);
        call.take(
            text.unwrap_or_default(),
            |call, out| {
                call.start(reply, choice, number, next, out);
            },
            choice,
            out,
        );
        Ok(())
    }

    /// The call a fragment belongs to; the length if it begins a new one.
    fn find(&self, index: Option<u64>, id: &str) -> usize {
        let same_id = |call: &Call| id.is_empty() || call.id.is_empty() || call.id == id;
        let found = match index {
            Some(_) => self.all.iter().rposition(|call| call.wire_index == index),
            None => self.all.len().checked_sub(1),
        };
        // Some servers number every call 0 and tell them apart by id alone.
        found
            .filter(|position| same_id(&self.all[*position]))
            .unwrap_or(self.all.len())
    }

    /// Closes the calls whose arguments are complete.
    pub(super) fn close_complete(&mut self, choice: u32, out: &mut Vec<Event>) {
        for call in &mut self.all {
            if let (Some(index), true) = (call.block, call.scan.is_complete() && !call.closed) {
                call.closed = true;
                out.push(Event::BlockStop { choice, index });
            }
        }
    }

    /// Closes every call, also one whose name never came.
    pub(super) fn close_all(
        &mut self,
        reply: &str,
        choice: u32,
        next: &mut u32,
        out: &mut Vec<Event>,
    ) {
        for (call, number) in self.all.iter_mut().zip(0..) {
            if call.block.is_none() {
                call.start(reply, choice, number, next, out);
            }
            if let (Some(index), false) = (call.block, call.closed) {
                call.closed = true;
                out.push(Event::BlockStop { choice, index });
            }
        }
    }
}

impl Call {
    /// Takes argument text; the block starts once the name is known.
    fn take(
        &mut self,
        text: String,
        start: impl FnOnce(&mut Self, &mut Vec<Event>),
        choice: u32,
        out: &mut Vec<Event>,
    ) {
        match self.block {
            None if self.name.is_empty() => self.early.push_str(&text),
            None => {
                self.early.push_str(&text);
                start(self, out);
            }
            Some(_) if text.is_empty() || self.closed => {}
            Some(index) => {
                self.scan.push(&text);
                let delta = Delta::Arguments(text.into());
                out.push(Event::Delta {
                    choice,
                    index,
                    delta,
                });
            }
        }
    }

    fn start(
        &mut self,
        reply: &str,
        choice: u32,
        number: u32,
        next: &mut u32,
        out: &mut Vec<Event>,
    ) {
        if self.id.is_empty() {
            self.id = synthetic_call_id(reply, choice, number);
        }
        let index = *next;
        *next += 1;
        self.block = Some(index);
        let call = ToolCall {
            id: self.id.clone(),
            name: self.name.clone(),
            custom: self.custom,
            ..ToolCall::default()
        };
        out.push(Event::BlockStart {
            choice,
            index,
            block: Box::new(Block::ToolCall(call)),
        });
        let early = std::mem::take(&mut self.early);
        if !early.is_empty() {
            self.scan.push(&early);
            let delta = Delta::Arguments(early.into());
            out.push(Event::Delta {
                choice,
                index,
                delta,
            });
        }
    }
}
