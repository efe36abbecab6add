use super::{
    block_parse, error,
    frame::{FrameReader, Message},
    reply_parse::parse_reply,
    stop, usage, wire,
};
use crate::{
    canonical::{Block, Delta, Event, Start, Stop, StopReason, Text, Thinking, Usage, unfold},
    dialect::common::{broken_off, read_json, unreadable},
    error::{AiError, AiErrorKind},
    json::{Str, missed},
};

/// Reads an event stream of Bedrock.
#[derive(Debug, Default)]
pub(in crate::dialect) struct StreamParser {
    frames: FrameReader,
    /// An answer that is one JSON body after all.
    body: Option<Vec<u8>>,
    state: State,
}

#[derive(Debug, Default)]
struct State {
    begun: bool,
    started: bool,
    stop: Option<Stop>,
    done: bool,
    next: u32,
    /// The open block: its number on the wire, what it is, its number here.
    open: Option<(u64, Kind, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    Call,
    /// Nothing another dialect could show.
    Skipped,
}

impl StreamParser {
    pub(in crate::dialect) fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        if self.state.done || bytes.is_empty() {
            return;
        }
        // No message is long enough for its length to begin with a brace.
        if !std::mem::replace(&mut self.state.begun, true) && bytes[0] == b'{' {
            self.body = Some(Vec::new());
        }
        let state = &mut self.state;
        let result = match &mut self.body {
            Some(body) if body.len() + bytes.len() > FrameReader::LIMIT => Err(AiError::upstream(
                AiErrorKind::Malformed,
                "the provider's answer is too large",
            )),
            Some(body) => {
                body.extend_from_slice(bytes);
                Ok(())
            }
            None => self
                .frames
                .push(bytes, |message| state.message(&message, out)),
        };
        if let Err(error) = result {
            self.state.fail(error, out);
        }
    }

    pub(in crate::dialect) fn finish(&mut self, out: &mut Vec<Event>) {
        if self.state.done {
            return;
        }
        match self.body.take().map(|body| parse_reply(&body)) {
            Some(Ok(reply)) => {
                self.state.done = true;
                out.extend(unfold(reply));
            }
            Some(Err(error)) => self.state.fail(error, out),
            // The counts that should have followed are missing; the answer is not.
            None if self.state.stop.is_some() && !self.frames.is_inside() => self.state.end(out),
            None => self.state.fail(broken_off(), out),
        }
    }

    pub(in crate::dialect) fn is_done(&self) -> bool {
        self.state.done
    }
}

impl State {
    fn fail(&mut self, error: AiError, out: &mut Vec<Event>) {
        if !std::mem::replace(&mut self.done, true) {
            out.push(Event::Error(error));
        }
    }

    fn message(&mut self, message: &Message<'_>, out: &mut Vec<Event>) {
        if self.done {
            return;
        }
        let wire = read_json::<wire::StreamEvent<'_>>(message.payload);
        if message.kind != "event" {
            let said = wire.ok().and_then(|wire| wire.message).map(|text| text.0);
            let said = said.as_deref().unwrap_or(message.error);
            return self.fail(error::exception(None, Some(message.name), said), out);
        }
        match wire {
            Ok(wire) => self.event(message.name, wire, out),
            Err(error) => self.fail(unreadable(&error), out),
        }
    }

    fn event(&mut self, name: &str, wire: wire::StreamEvent<'_>, out: &mut Vec<Event>) {
        let number = wire.index.and_then(|index| index.as_u64()).unwrap_or(0);
        match name {
            "messageStart" => self.start(out),
            "contentBlockStart" => self.block_start(number, wire.start.unwrap_or_default(), out),
            "contentBlockDelta" => self.delta(number, wire.delta.unwrap_or_default(), out),
            "contentBlockStop" => self.close(out),
            "messageStop" => {
                self.close(out);
                let raw = wire.stop_reason.as_deref().unwrap_or("end_turn");
                self.stop = Some(stop::parse(raw, wire.additional.as_ref()));
                if wire.additional.is_some_and(|fields| !stop::is_all(&fields)) {
                    missed("additionalModelResponseFields");
                }
            }
            "metadata" => {
                let counted = wire
                    .usage
                    .map(|counted| usage::parse(counted, wire.metrics));
                self.metadata(counted, out);
            }
            // Events nobody has told us of do not end an answer.
            _ => missed(name),
        }
    }

    fn start(&mut self, out: &mut Vec<Event>) {
        if !std::mem::replace(&mut self.started, true) {
            out.push(Event::Start(Start::default()));
        }
    }

    fn block_start(&mut self, number: u64, start: wire::Start<'_>, out: &mut Vec<Event>) {
        match start.tool_use {
            Some(call) if call.kind.as_deref().is_none_or(|kind| kind == "tool_use") => {
                let block = Block::ToolCall(block_parse::tool_use(call));
                self.open(number, Kind::Call, block, out);
            }
            Some(call) => {
                missed(call.kind.as_deref().unwrap_or_default());
                self.skip(number, out);
            }
            None if start.extra.is_empty() => {}
            None => self.skip(number, out),
        }
    }

    fn skip(&mut self, number: u64, out: &mut Vec<Event>) {
        self.close(out);
        self.open = Some((number, Kind::Skipped, 0));
    }

    fn open(&mut self, number: u64, kind: Kind, block: Block, out: &mut Vec<Event>) -> u32 {
        self.start(out);
        self.close(out);
        let index = self.next;
        self.next += 1;
        self.open = Some((number, kind, index));
        out.push(Event::BlockStart {
            choice: 0,
            index,
            block: Box::new(block),
        });
        index
    }

    /// The number of the open block, after opening one of this kind if there is another or none.
    fn within(&mut self, number: u64, kind: Kind, out: &mut Vec<Event>) -> u32 {
        match self.open {
            Some((open, have, index)) if open == number && have == kind => index,
            _ => {
                let block = match kind {
                    Kind::Thinking => Block::Thinking(Thinking::default()),
                    _ => Block::Text(Text::default()),
                };
                self.open(number, kind, block, out)
            }
        }
    }

    fn delta(&mut self, number: u64, wire: wire::Delta<'_>, out: &mut Vec<Event>) {
        if matches!(self.open, Some((open, Kind::Skipped, _)) if open == number) {
            return;
        }
        if let Some(text) = wire.text.filter(|text| !text.is_empty()) {
            let index = self.within(number, Kind::Text, out);
            self.grow(index, Delta::Text((*text).into()), out);
        }
        if let Some(citation) = wire.citation {
            let index = self.within(number, Kind::Text, out);
            self.grow(index, Delta::Citation(citation), out);
        }
        if let Some(reasoning) = wire.reasoning {
            self.reasoning(number, reasoning, out);
        }
        let input = wire.tool_use.and_then(|delta| delta.input);
        if let (Some(input), Some((_, Kind::Call, index))) = (input, self.open)
            && !input.is_empty()
        {
            self.grow(index, Delta::Arguments((*input).into()), out);
        }
    }

    fn reasoning(&mut self, number: u64, wire: wire::ReasoningDelta<'_>, out: &mut Vec<Event>) {
        if let Some(data) = wire.redacted {
            let block = Block::RedactedThinking(block_parse::redacted(&data));
            self.open(number, Kind::Skipped, block, out);
            return self.close_whole(out);
        }
        if let Some(text) = wire.text.filter(|text| !text.is_empty()) {
            let index = self.within(number, Kind::Thinking, out);
            self.grow(index, Delta::Thinking((*text).into()), out);
        }
        let signature = wire.signature.map(Str::into_owned);
        if let Some(signature) = signature.filter(|text| !text.is_empty()) {
            let index = self.within(number, Kind::Thinking, out);
            self.grow(index, Delta::Signature(signature), out);
        }
    }

    fn grow(&mut self, index: u32, delta: Delta, out: &mut Vec<Event>) {
        out.push(Event::Delta {
            choice: 0,
            index,
            delta,
        });
    }

    fn close(&mut self, out: &mut Vec<Event>) {
        match self.open.take() {
            Some((_, Kind::Skipped, _)) | None => {}
            Some((_, _, index)) => out.push(Event::BlockStop { choice: 0, index }),
        }
    }

    /// Closes a block that came whole.
    fn close_whole(&mut self, out: &mut Vec<Event>) {
        if let Some((_, _, index)) = self.open.take() {
            out.push(Event::BlockStop { choice: 0, index });
        }
    }

    /// The last event: counts.
    fn metadata(&mut self, counted: Option<Usage>, out: &mut Vec<Event>) {
        if let Some(counted) = counted {
            self.start(out);
            out.push(Event::Usage(Box::new(counted)));
        }
        if self.stop.is_some() {
            self.end(out);
        }
    }

    fn end(&mut self, out: &mut Vec<Event>) {
        self.start(out);
        // A block may have begun after the reason was given.
        self.close(out);
        self.done = true;
        let stop = self.stop.take();
        out.push(Event::Stop {
            choice: 0,
            stop: stop.unwrap_or_else(|| Stop::new(StopReason::End)),
        });
        out.push(Event::End);
    }
}
