use compact_str::CompactString;
use serde_json::value::RawValue;

use super::{
    error,
    reply_parse::{failure, own, parse_reply},
    stop,
    stream_blocks::Blocks,
    stream_item::Key,
    usage, wire,
};
use crate::{
    canonical::{Event, Start},
    dialect::common::{EventParser, StreamState, broken_off, read_json, unreadable},
    error::AiError,
    json::{Str, missed},
};

/// Reads a stream of response events.
pub(in crate::dialect) type StreamParser = EventParser<State>;

#[derive(Debug, Default)]
pub(in crate::dialect) struct State {
    started: bool,
    done: bool,
    /// What the first event said beside the answer: the last one says it again.
    said: Vec<CompactString>,
    blocks: Blocks,
}

impl StreamState for State {
    fn data(&mut self, data: &[u8], out: &mut Vec<Event>) {
        // Some servers close the stream with Chat's word; it says nothing here.
        let data = data.trim_ascii();
        if self.done || data.is_empty() || data == b"[DONE]" {
            return;
        }
        let read = read_json::<wire::StreamEvent<'_>>(data);
        let result = match read {
            Ok(event) => self.event(event, data, out),
            Err(error) => Err(unreadable(&error)),
        };
        if let Err(error) = result {
            self.fail(error, out);
        }
    }

    fn end(&mut self, body: Option<Vec<u8>>, out: &mut Vec<Event>) {
        match body {
            Some(body) => self.whole(parse_reply(&body), out),
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
    fn event(
        &mut self,
        wire: wire::StreamEvent<'_>,
        data: &[u8],
        out: &mut Vec<Event>,
    ) -> Result<(), AiError> {
        let number =
            |n: &Option<crate::canonical::Number>| n.as_ref().and_then(|n| n.as_u64()).unwrap_or(0);
        let item = number(&wire.output_index);
        let content = number(&wire.content_index);
        let summary = number(&wire.summary_index);
        let kind = wire.kind.as_deref().unwrap_or_default();
        let blocks = &mut self.blocks;
        match kind.strip_prefix("response.").unwrap_or(kind) {
            "created" | "in_progress" | "queued" => self.start(wire.response, out)?,
            "completed" | "incomplete" | "failed" | "cancelled" | "done" => {
                self.end(wire.response, out)?;
            }
            "error" => return Err(event_error(wire.error, data)),
            "output_item.added" => blocks.item_added(item, wire.item, out)?,
            "output_item.done" => blocks.item_done(item, wire.item, out)?,
            "content_part.added" => blocks.part_added((item, content), wire.part, out)?,
            "output_text.delta" => {
                blocks.logprobs(wire.logprobs, out);
                blocks.grow(item, Key::Text(content), wire.delta, out);
            }
            "output_text.annotation.added" => {
                blocks.cite(item, Key::Text(content), wire.annotation, out);
            }
            "output_text.done" => blocks.fill(item, Key::Text(content), wire.text, out),
            "refusal.delta" => blocks.grow(item, Key::Refusal(content), wire.delta, out),
            "refusal.done" => blocks.fill(item, Key::Refusal(content), wire.refusal, out),
            "reasoning_summary_part.added" => blocks.ensure(item, Key::Summary(summary), out),
            "reasoning_summary_text.delta" => {
                blocks.grow(item, Key::Summary(summary), wire.delta, out);
            }
            "reasoning_summary_text.done" => {
                blocks.fill(item, Key::Summary(summary), wire.text, out);
            }
            "reasoning_text.delta" => blocks.grow(item, Key::Reasoning(content), wire.delta, out),
            "reasoning_text.done" => blocks.fill(item, Key::Reasoning(content), wire.text, out),
            "function_call_arguments.delta" | "custom_tool_call_input.delta" => {
                blocks.grow(item, Key::Arguments, wire.delta, out);
            }
            "function_call_arguments.done" => {
                blocks.fill(item, Key::Arguments, wire.arguments, out)
            }
            "custom_tool_call_input.done" => blocks.fill(item, Key::Arguments, wire.input, out),
            "keepalive" | "ping" => out.push(Event::Ping),
            _ if kind.is_empty() && is_error(wire.error) => {
                return Err(event_error(wire.error, data));
            }
            // Said again, whole, when the item is done.
            kind if PROGRESS.iter().any(|part| kind.contains(part)) => {}
            // Events nobody has told us of do not end an answer.
            kind => missed(kind),
        }
        Ok(())
    }

    fn start(&mut self, raw: Option<&RawValue>, out: &mut Vec<Event>) -> Result<(), AiError> {
        if std::mem::replace(&mut self.started, true) {
            return Ok(());
        }
        let wire = read_response(raw)?;
        let extra = own(wire.extra);
        self.said = extra.iter().map(|(name, _)| name.into()).collect();
        out.push(Event::Start(Start {
            id: wire.id.map(|id| id.0).unwrap_or_default(),
            model: wire.model.map(Str::into_owned).unwrap_or_default(),
            created: wire.created_at.and_then(|created| created.as_u64()),
            // What is said at the beginning is what was asked for.
            service_tier: wire
                .service_tier
                .filter(|tier| &**tier != "auto")
                .map(|tier| (*tier).into()),
            usage: None,
            extra,
        }));
        Ok(())
    }

    fn end(&mut self, raw: Option<&RawValue>, out: &mut Vec<Event>) -> Result<(), AiError> {
        self.start(raw, out)?;
        let wire = read_response(raw)?;
        let extra = own(wire.extra);
        let news = extra.iter().map(|(name, _)| name);
        news.filter(|name| !self.said.iter().any(|said| said == name))
            .for_each(missed);
        let status = wire.status.as_deref();
        if let Some("failed" | "cancelled") = status {
            if let Some(counted) = wire.usage {
                out.push(Event::Usage(Box::new(usage::parse(counted))));
            }
            return Err(failure(status, wire.error));
        }
        // What a server has not said piece by piece is said here.
        for (number, raw) in (0..).zip(wire.output.unwrap_or_default()) {
            if !self.blocks.knows(number) {
                self.blocks.item_done(number, Some(raw), out)?;
            }
        }
        self.blocks.close_all(out);
        let reason = wire.incomplete_details.and_then(|details| details.reason);
        let stop = stop::parse(status, reason.as_deref(), self.blocks.has_calls());
        out.push(Event::Stop { choice: 0, stop });
        if let Some(counted) = wire.usage {
            out.push(Event::Usage(Box::new(usage::parse(counted))));
        }
        self.done = true;
        out.push(Event::End);
        Ok(())
    }
}

/// In the names of events that tell of what an item will hold, or what a hosted tool is doing.
const PROGRESS: [&str; 3] = ["_part.done", "_call", "_list_tools"];

fn read_response(raw: Option<&RawValue>) -> Result<wire::Reply<'_>, AiError> {
    match raw {
        Some(raw) => serde_json::from_str(raw.get()).map_err(|error| unreadable(&error)),
        None => Ok(wire::Reply::default()),
    }
}

fn is_error(raw: Option<&RawValue>) -> bool {
    raw.is_some_and(|raw| !matches!(raw.get(), "null" | "{}"))
}

/// An `error` event has its members at the top, or one level below.
fn event_error(inner: Option<&RawValue>, data: &[u8]) -> AiError {
    let whole = || serde_json::from_slice::<&RawValue>(data).ok();
    error::parse(inner.filter(|_| is_error(inner)).or_else(whole))
}
