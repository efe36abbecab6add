use super::{
    error, reply_parse::parse_reply, stop, stream_calls::Calls, thinking_parse, usage, wire,
};
use crate::{
    canonical::{
        Block, Delta, Event, Raw, Refusal, Start, Stop, StopReason, Text, Thinking, unfold,
    },
    dialect::common::{Intake, unreadable},
    error::{AiError, AiErrorKind},
    json::{Content, Str},
};

/// Reads a stream of chunks.
#[derive(Debug, Default)]
pub(in crate::dialect) struct StreamParser {
    intake: Intake,
    state: State,
}

#[derive(Debug, Default)]
struct State {
    id: String,
    started: bool,
    done: bool,
    choices: Vec<ChoiceState>,
}

/// Where a choice stands.
#[derive(Debug, Default)]
pub(super) struct ChoiceState {
    number: u32,
    /// The number of the next block.
    next: u32,
    /// The block prose goes into.
    prose: Option<(Prose, u32)>,
    calls: Calls,
    stopped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prose {
    Text,
    /// Reasoning; entries of `reasoning_details` carry their own number.
    Thinking(Option<u64>),
    Refusal,
}

impl StreamParser {
    pub(in crate::dialect) fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        if self.state.done {
            return;
        }
        let state = &mut self.state;
        if let Err(error) = self.intake.push(bytes, |frame| state.data(frame.data, out)) {
            self.state.fail(error, out);
        }
    }

    pub(in crate::dialect) fn finish(&mut self, out: &mut Vec<Event>) {
        if self.state.done {
            return;
        }
        let state = &mut self.state;
        let body = self.intake.finish(|frame| state.data(frame.data, out));
        if self.state.done {
            return;
        }
        if let Some(body) = body {
            return match parse_reply(&body) {
                Ok(reply) => {
                    self.state.done = true;
                    out.extend(unfold(reply));
                }
                Err(error) => self.state.fail(error, out),
            };
        }
        self.state.end_of_input(out);
    }

    pub(in crate::dialect) fn is_done(&self) -> bool {
        self.state.done
    }

    /// Whether a choice has begun to say something.
    pub(in crate::dialect) fn is_started(&self) -> bool {
        self.state.choices.iter().any(|choice| choice.next > 0)
    }

    /// Takes the data of one event, for a reader that frames on its own.
    pub(in crate::dialect) fn frame(&mut self, data: &[u8], out: &mut Vec<Event>) {
        self.state.data(data, out);
    }
}

impl State {
    fn fail(&mut self, error: AiError, out: &mut Vec<Event>) {
        self.done = true;
        out.push(Event::Error(error));
    }

    /// Some servers never say `[DONE]`: every choice having ended is as good.
    fn end_of_input(&mut self, out: &mut Vec<Event>) {
        if !self.choices.is_empty() && self.choices.iter().all(|choice| choice.stopped) {
            self.done = true;
            out.push(Event::End);
            return;
        }
        let message = "the stream ended before the answer did";
        self.fail(AiError::upstream(AiErrorKind::Truncated, message), out);
    }

    fn data(&mut self, data: &[u8], out: &mut Vec<Event>) {
        if self.done {
            return;
        }
        let data = data.trim_ascii();
        if data == b"[DONE]" {
            return self.finished(out);
        }
        if data.is_empty() {
            return;
        }
        match serde_json::from_slice::<wire::Chunk<'_>>(data) {
            Ok(chunk) => self.chunk(chunk, out),
            Err(error) => self.fail(unreadable(&error), out),
        }
    }

    /// `[DONE]`: choices whose end was never said end here.
    fn finished(&mut self, out: &mut Vec<Event>) {
        self.done = true;
        for choice in &mut self.choices {
            if !choice.stopped {
                let has_calls = !choice.calls.is_empty();
                let reason = if has_calls {
                    StopReason::ToolUse
                } else {
                    StopReason::End
                };
                choice.stop(&self.id, Stop::new(reason), out);
            }
        }
        out.push(Event::End);
    }

    fn chunk(&mut self, chunk: wire::Chunk<'_>, out: &mut Vec<Event>) {
        if let Some(raw) = chunk
            .error
            .filter(|raw| !matches!(raw.get(), "null" | "{}"))
        {
            return self.fail(error::parse_object(None, raw), out);
        }
        let choices = chunk.choices.unwrap_or_default();
        let id = chunk.id.map(|id| id.0).unwrap_or_default();
        // Azure's first chunk speaks of the prompt alone and has no id.
        if !self.started && (!id.is_empty() || !choices.is_empty()) {
            self.started = true;
            self.id.clone_from(&id);
            let mut start = Start {
                id,
                model: chunk.model.map(Str::into_owned).unwrap_or_default(),
                created: chunk.created.and_then(|created| created.as_u64()),
                service_tier: chunk.service_tier.map(|tier| (*tier).into()),
                ..Start::default()
            };
            let fingerprint = chunk
                .system_fingerprint
                .and_then(|raw| Raw::from_raw(raw).ok());
            if let Some(fingerprint) = fingerprint {
                start.extra.push("system_fingerprint", fingerprint);
            }
            out.push(Event::Start(start));
        }
        for choice in choices {
            self.choice(choice, out);
        }
        let counted = chunk
            .usage
            .or_else(|| chunk.x_groq.and_then(|groq| groq.usage));
        if let Some(counted) = counted {
            out.push(Event::Usage(Box::new(usage::parse(counted))));
        }
    }

    fn choice(&mut self, wire: wire::ChunkChoice<'_>, out: &mut Vec<Event>) {
        let number = wire
            .index
            .and_then(|index| u32::try_from(index.as_u64()?).ok())
            .unwrap_or(0);
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
        let id = &self.id;
        let choice = &mut self.choices[position];
        if choice.stopped {
            return;
        }
        if let Some(value) = wire.logprobs {
            let name = compact_str::CompactString::const_new("logprobs");
            out.push(Event::ChoiceExtra {
                choice: number,
                name,
                value,
            });
        }
        // A server that answers whole inside a stream puts `message` where `delta` belongs.
        let whole = wire.message.filter(|_| choice.next == 0);
        if let Some(delta) = wire.delta.or(whole)
            && let Err(error) = choice.delta(id, delta, out)
        {
            let error = AiError::upstream(AiErrorKind::Malformed, error.message());
            return self.fail(error, out);
        }
        if let Some(raw) = wire.finish_reason {
            let stop = stop::parse(&raw, !choice.calls.is_empty());
            choice.stop(id, stop, out);
        }
    }
}

impl ChoiceState {
    fn delta(
        &mut self,
        id: &str,
        mut wire: wire::Delta<'_>,
        out: &mut Vec<Event>,
    ) -> Result<(), AiError> {
        self.reasoning(&mut wire, out)?;
        match wire.content {
            Some(Content::Text(text)) => self.prose(Prose::Text, &text, out),
            Some(Content::Parts(parts)) => {
                let (blocks, _) = super::message_parse::content(Some(Content::Parts(parts)))?;
                blocks.into_iter().for_each(|block| self.part(block, out));
            }
            None => {}
        }
        if let Some(refusal) = wire.refusal {
            self.prose(Prose::Refusal, &refusal, out);
        }
        for citation in wire.annotations.into_iter().flatten() {
            if let Some((Prose::Text, index)) = self.prose {
                let delta = Delta::Citation(citation);
                out.push(Event::Delta {
                    choice: self.number,
                    index,
                    delta,
                });
            }
        }
        let legacy = wire.function_call.map(|function| wire::ToolCall {
            function: Some(function),
            ..wire::ToolCall::default()
        });
        let is_legacy = legacy.is_some();
        for call in wire.tool_calls.into_iter().flatten().chain(legacy) {
            self.close_prose(out);
            self.calls
                .fragment(call, is_legacy, id, self.number, &mut self.next, out);
        }
        Ok(())
    }

    /// Reasoning: `reasoning_details` where they are, the plain text beside them otherwise.
    fn reasoning(
        &mut self,
        wire: &mut wire::Delta<'_>,
        out: &mut Vec<Event>,
    ) -> Result<(), AiError> {
        let details = wire.reasoning_details.take().unwrap_or_default();
        if details.is_empty() {
            let text = wire
                .reasoning_content
                .take()
                .filter(|text| !text.is_empty());
            if let Some(text) = text.or_else(|| wire.reasoning.take()) {
                self.prose(Prose::Thinking(None), &text, out);
            }
            return Ok(());
        }
        for raw in details {
            match thinking_parse::detail(raw)? {
                Block::Thinking(thinking) => self.detail(thinking, out),
                block => self.whole(block, out),
            }
        }
        Ok(())
    }

    fn detail(&mut self, mut thinking: Thinking, out: &mut Vec<Event>) {
        let number = thinking
            .extra
            .get("index")
            .and_then(|index| index.as_str().parse().ok());
        let text = std::mem::take(&mut thinking.text);
        let signature = thinking.signature.take();
        let kind = Prose::Thinking(number);
        if self.prose.is_none_or(|(open, _)| open != kind) {
            self.open(kind, Block::Thinking(thinking), out);
        }
        self.prose(kind, &text, out);
        if let (Some(signature), Some((_, index))) = (signature, self.prose) {
            let delta = Delta::Signature(signature);
            out.push(Event::Delta {
                choice: self.number,
                index,
                delta,
            });
        }
    }

    fn part(&mut self, block: Block, out: &mut Vec<Event>) {
        match block {
            Block::Text(text) => self.prose(Prose::Text, &text.text, out),
            Block::Thinking(thinking) => self.prose(Prose::Thinking(None), &thinking.text, out),
            block => self.whole(block, out),
        }
    }

    /// A block that comes in one piece.
    fn whole(&mut self, block: Block, out: &mut Vec<Event>) {
        self.close_prose(out);
        let (choice, index) = (self.number, self.next);
        self.next += 1;
        out.push(Event::BlockStart {
            choice,
            index,
            block: Box::new(block),
        });
        out.push(Event::BlockStop { choice, index });
    }

    fn prose(&mut self, kind: Prose, text: &str, out: &mut Vec<Event>) {
        if text.is_empty() {
            return;
        }
        if self.prose.is_none_or(|(open, _)| open != kind) {
            let block = match kind {
                Prose::Text => Block::Text(Text::default()),
                Prose::Thinking(_) => Block::Thinking(Thinking::default()),
                Prose::Refusal => Block::Refusal(Refusal::default()),
            };
            self.open(kind, block, out);
        }
        let Some((_, index)) = self.prose else { return };
        let delta = match kind {
            Prose::Text => Delta::Text(text.into()),
            Prose::Thinking(_) => Delta::Thinking(text.into()),
            Prose::Refusal => Delta::Refusal(text.into()),
        };
        out.push(Event::Delta {
            choice: self.number,
            index,
            delta,
        });
    }

    fn open(&mut self, kind: Prose, block: Block, out: &mut Vec<Event>) {
        self.close_prose(out);
        self.calls.close_complete(self.number, out);
        let (choice, index) = (self.number, self.next);
        self.next += 1;
        self.prose = Some((kind, index));
        out.push(Event::BlockStart {
            choice,
            index,
            block: Box::new(block),
        });
    }

    fn close_prose(&mut self, out: &mut Vec<Event>) {
        if let Some((_, index)) = self.prose.take() {
            out.push(Event::BlockStop {
                choice: self.number,
                index,
            });
        }
    }

    fn stop(&mut self, id: &str, stop: Stop, out: &mut Vec<Event>) {
        self.stopped = true;
        self.close_prose(out);
        self.calls.close_all(id, self.number, &mut self.next, out);
        out.push(Event::Stop {
            choice: self.number,
            stop,
        });
    }
}
