use super::{content_parse, stream_calls::Calls, thinking_parse, wire};
use crate::{
    canonical::{Block, Delta, Event, Refusal, Stop, Text, Thinking},
    error::AiError,
    json::{Content, missed},
};

/// Where a choice stands.
#[derive(Debug, Default)]
pub(super) struct ChoiceState {
    pub(super) number: u32,
    /// The number of the next block.
    pub(super) next: u32,
    /// The block prose goes into.
    prose: Option<(Prose, u32)>,
    pub(super) calls: Calls,
    pub(super) stopped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prose {
    Text,
    /// Reasoning; entries of `reasoning_details` carry their own number.
    Thinking(Option<u64>),
    Refusal,
}

impl ChoiceState {
    pub(super) fn new(number: u32) -> Self {
        Self {
            number,
            ..Self::default()
        }
    }

    pub(super) fn delta(
        &mut self,
        id: &str,
        mut wire: wire::Delta<'_>,
        out: &mut Vec<Event>,
    ) -> Result<(), AiError> {
        self.reasoning(&mut wire, out)?;
        match wire.content {
            Some(Content::Text(text)) => self.prose(Prose::Text, &text, out),
            Some(Content::Parts(parts)) => {
                let (blocks, _) = content_parse::content(Some(Content::Parts(parts)))?;
                blocks.into_iter().for_each(|block| self.part(block, out));
            }
            None => {}
        }
        if let Some(refusal) = wire.refusal {
            self.prose(Prose::Refusal, &refusal, out);
        }
        for citation in wire.annotations.into_iter().flatten() {
            let Some((Prose::Text, index)) = self.prose else {
                missed("annotations");
                break;
            };
            let delta = Delta::Citation(citation);
            out.push(Event::Delta {
                choice: self.number,
                index,
                delta,
            });
        }
        // Sound grows in pieces that only its own clients can put together.
        if wire.audio.is_some() {
            missed("audio");
        }
        let legacy = wire.function_call.map(|function| wire::ToolCall {
            function: Some(function),
            ..wire::ToolCall::default()
        });
        let is_legacy = legacy.is_some();
        for call in wire.tool_calls.into_iter().flatten().chain(legacy) {
            self.close_prose(out);
            self.calls
                .fragment(call, is_legacy, id, self.number, &mut self.next, out)?;
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

    pub(super) fn stop(&mut self, id: &str, stop: Stop, out: &mut Vec<Event>) {
        self.stopped = true;
        self.close_prose(out);
        self.calls.close_all(id, self.number, &mut self.next, out);
        out.push(Event::Stop {
            choice: self.number,
            stop,
        });
    }
}
