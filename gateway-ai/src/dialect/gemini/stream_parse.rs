use serde_json::value::RawValue;

use super::{error, parts_parse, reply_parse::filtered, stop, usage, wire};
use crate::{
    canonical::{Block, Delta, Event, Start, Stop, Text, Thinking},
    dialect::{
        common::{EventParser, StreamState, broken_off, read_json, synthetic_call_id, unreadable},
        stream::{MAX_CHOICES, too_many},
    },
    error::{AiError, AiErrorKind},
    json::Str,
};

/// Reads a stream of partial replies: server-sent events, or one JSON array.
pub(in crate::dialect) type StreamParser = EventParser<State>;

#[derive(Debug, Default)]
pub(in crate::dialect) struct State {
    id: String,
    started: bool,
    done: bool,
    choices: Vec<ChoiceState>,
}

#[derive(Debug, Default)]
struct ChoiceState {
    number: u32,
    next: u32,
    /// The open block: whether it is thinking, and its number.
    open: Option<(bool, u32)>,
    calls: u32,
    finish: Option<Stop>,
}

impl StreamState for State {
    fn data(&mut self, data: &[u8], out: &mut Vec<Event>) {
        if self.done || data.trim_ascii().is_empty() {
            return;
        }
        if data.trim_ascii_start().starts_with(b"[") {
            return self.array(data, out);
        }
        self.object(data, out);
    }

    fn end(&mut self, body: Option<Vec<u8>>, out: &mut Vec<Event>) {
        if let Some(body) = body {
            self.array(&body, out);
        }
        self.end_of_input(out);
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn close(&mut self) {
        self.done = true;
    }
}

impl State {
    /// Without `alt=sse` the stream is one array, or one object if it failed at once.
    fn array(&mut self, body: &[u8], out: &mut Vec<Event>) {
        if body.trim_ascii_start().starts_with(b"{") {
            return self.data(body, out);
        }
        match serde_json::from_slice::<Vec<&RawValue>>(body) {
            Ok(chunks) => chunks
                .iter()
                .for_each(|raw| self.object(raw.get().as_bytes(), out)),
            Err(error) => self.fail(unreadable(&error), out),
        }
    }

    /// A stream has no last word: it is complete if every candidate has its reason.
    fn end_of_input(&mut self, out: &mut Vec<Event>) {
        if self.done {
            return;
        }
        let finished = self.choices.iter().all(|choice| choice.finish.is_some());
        if self.choices.is_empty() || !finished {
            return self.fail(broken_off(), out);
        }
        self.done = true;
        for choice in &mut self.choices {
            choice.close(out);
            if let Some(mut stop) = choice.finish.take() {
                // The reason may have come before the last call.
                if let (true, Some(raw)) = (choice.calls > 0, &stop.raw) {
                    stop = stop::parse(raw, true);
                }
                out.push(Event::Stop {
                    choice: choice.number,
                    stop,
                });
            }
        }
        out.push(Event::End);
    }

    /// One chunk. An array in an array is none, however many of them there are.
    fn object(&mut self, data: &[u8], out: &mut Vec<Event>) {
        if self.done {
            return;
        }
        match read_json::<wire::Reply<'_>>(data) {
            Ok(chunk) => self.chunk(chunk, out),
            Err(error) => self.fail(unreadable(&error), out),
        }
    }

    fn chunk(&mut self, chunk: wire::Reply<'_>, out: &mut Vec<Event>) {
        if let Some(raw) = chunk.error {
            return self.fail(error::parse_object(None, raw), out);
        }
        if !std::mem::replace(&mut self.started, true) {
            self.id = chunk.id.map(Str::into_owned).unwrap_or_default();
            let model = chunk.model.map(Str::into_owned).unwrap_or_default();
            out.push(Event::Start(Start {
                id: self.id.clone(),
                model,
                ..Start::default()
            }));
        }
        let blocked = chunk.feedback.and_then(|feedback| feedback.block_reason);
        let is_empty = chunk.candidates.as_ref().is_none_or(Vec::is_empty);
        if let (Some(reason), true) = (blocked, is_empty) {
            self.choice(0).finish = Some(filtered(&reason));
        }
        for candidate in chunk.candidates.into_iter().flatten() {
            if let Err(error) = self.candidate(candidate, out) {
                return self.fail(
                    AiError::upstream(AiErrorKind::Malformed, error.message()),
                    out,
                );
            }
        }
        if let Some(counted) = chunk.usage {
            out.push(Event::Usage(Box::new(usage::parse(counted))));
        }
    }

    fn choice(&mut self, number: u32) -> &mut ChoiceState {
        let position = self
            .choices
            .iter()
            .position(|choice| choice.number == number);
        let position = position.unwrap_or_else(|| {
            self.choices.push(ChoiceState {
                number,
                ..ChoiceState::default()
            });
            self.choices.len() - 1
        });
        &mut self.choices[position]
    }

    fn candidate(
        &mut self,
        wire: wire::Candidate<'_>,
        out: &mut Vec<Event>,
    ) -> Result<(), AiError> {
        let number = wire
            .index
            .and_then(|index| u32::try_from(index.as_u64()?).ok())
            .unwrap_or(0);
        let id = self.id.clone();
        let known = self.choices.iter().any(|choice| choice.number == number);
        if !known && self.choices.len() == MAX_CHOICES {
            return Err(too_many("candidates"));
        }
        let choice = self.choice(number);
        for block in parts_parse::parts(wire.content.and_then(|content| content.parts))? {
            choice.block(block, &id, out);
        }
        if let Some(value) = wire.logprobs {
            out.push(Event::ChoiceExtra {
                choice: number,
                name: "logprobs".into(),
                value,
            });
        }
        if let Some(raw) = wire.finish_reason {
            choice.finish = Some(stop::parse(&raw.0, choice.calls > 0));
        }
        Ok(())
    }
}

impl ChoiceState {
    fn block(&mut self, block: Block, reply: &str, out: &mut Vec<Event>) {
        match block {
            Block::Text(text) => self.prose(false, &text.text, text.signature, out),
            Block::Thinking(thinking) => self.prose(true, &thinking.text, thinking.signature, out),
            Block::ToolCall(mut call) => {
                if call.synthetic_id {
                    call.id = synthetic_call_id(reply, self.number, self.calls);
                    call.synthetic_id = false;
                }
                self.calls += 1;
                let arguments = std::mem::take(&mut call.arguments);
                let delta = (!arguments.is_empty()).then(|| Delta::Arguments(arguments.into()));
                self.whole(Block::ToolCall(call), delta, out);
            }
            block => self.whole(block, None, out),
        }
    }

    fn prose(
        &mut self,
        thinking: bool,
        text: &str,
        signature: Option<String>,
        out: &mut Vec<Event>,
    ) {
        if text.is_empty() && signature.is_none() {
            return;
        }
        let choice = self.number;
        let index = match self.open {
            Some((kind, index)) if kind == thinking => index,
            _ => {
                self.close(out);
                let block = if thinking {
                    let format = Some("google-gemini-v1".into());
                    Block::Thinking(Thinking {
                        format,
                        ..Thinking::default()
                    })
                } else {
                    Block::Text(Text::default())
                };
                let index = self.next;
                self.next += 1;
                self.open = Some((thinking, index));
                out.push(Event::BlockStart {
                    choice,
                    index,
                    block: Box::new(block),
                });
                index
            }
        };
        if !text.is_empty() {
            let delta = if thinking {
                Delta::Thinking(text.into())
            } else {
                Delta::Text(text.into())
            };
            out.push(Event::Delta {
                choice,
                index,
                delta,
            });
        }
        if let Some(signature) = signature {
            let delta = Delta::Signature(signature);
            out.push(Event::Delta {
                choice,
                index,
                delta,
            });
            // What follows a signature is another block: it would not be covered by it.
            self.close(out);
        }
    }

    fn whole(&mut self, block: Block, delta: Option<Delta>, out: &mut Vec<Event>) {
        self.close(out);
        let (choice, index) = (self.number, self.next);
        self.next += 1;
        out.push(Event::BlockStart {
            choice,
            index,
            block: Box::new(block),
        });
        out.extend(delta.map(|delta| Event::Delta {
            choice,
            index,
            delta,
        }));
        out.push(Event::BlockStop { choice, index });
    }

    fn close(&mut self, out: &mut Vec<Event>) {
        if let Some((_, index)) = self.open.take() {
            out.push(Event::BlockStop {
                choice: self.number,
                index,
            });
        }
    }
}
