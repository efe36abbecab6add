use super::{error, reply_parse::parse_reply, stop, stream_choice::ChoiceState, usage, wire};
use crate::{
    canonical::{Event, Raw, Start, Stop, StopReason},
    dialect::{
        common::{EventParser, StreamState, broken_off, read_json, unreadable},
        stream::{MAX_CHOICES, too_many},
    },
    error::{AiError, AiErrorKind},
    json::Str,
};

/// Reads a stream of chunks.
pub(in crate::dialect) type StreamParser = EventParser<State>;

#[derive(Debug, Default)]
pub(in crate::dialect) struct State {
    id: String,
    started: bool,
    done: bool,
    choices: Vec<ChoiceState>,
}

impl StreamState for State {
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
        match read_json::<wire::Chunk<'_>>(data) {
            Ok(chunk) => self.chunk(chunk, out),
            Err(error) => self.fail(unreadable(&error), out),
        }
    }

    fn end(&mut self, body: Option<Vec<u8>>, out: &mut Vec<Event>) {
        match body {
            Some(body) => self.whole(parse_reply(&body), out),
            // Some servers never say `[DONE]`: every choice having ended is as good.
            None if !self.choices.is_empty() && self.choices.iter().all(|c| c.stopped) => {
                self.done = true;
                out.push(Event::End);
            }
            None => self.fail(broken_off(), out),
        }
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn close(&mut self) {
        self.done = true;
    }
}

impl State {
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

    fn chunk(&mut self, mut chunk: wire::Chunk<'_>, out: &mut Vec<Event>) {
        if let Some(raw) = chunk
            .error
            .filter(|raw| !matches!(raw.get(), "null" | "{}"))
        {
            return self.fail(error::parse_object(None, raw), out);
        }
        if chunk.choices.is_none()
            && let Some(message) = chunk.failure()
        {
            return self.fail(error::said(&message), out);
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
            if self.done {
                return;
            }
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
        if position.is_none() && self.choices.len() == MAX_CHOICES {
            return self.fail(too_many("choices"), out);
        }
        let position = position.unwrap_or_else(|| {
            self.choices.push(ChoiceState::new(number));
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
        // Moonshot counts within the choice.
        if let Some(counted) = wire.usage {
            out.push(Event::Usage(Box::new(usage::parse(counted))));
        }
    }
}
