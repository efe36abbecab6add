use serde_json::value::RawValue;

use super::{block_parse, error, reply_parse::parse_reply, stop, usage, wire};
use crate::{
    canonical::{Block, Delta, Event, Extra, Raw, Start, Stop, StopReason, Text},
    dialect::common::{EventParser, StreamState, broken_off, read_json, unreadable},
    error::{AiError, AiErrorKind},
    json::{Str, missed},
};

/// Reads a stream of message events.
pub(in crate::dialect) type StreamParser = EventParser<State>;

#[derive(Debug, Default)]
pub(in crate::dialect) struct State {
    started: bool,
    stopped: bool,
    done: bool,
    open: Vec<u32>,
}

impl StreamState for State {
    fn data(&mut self, data: &[u8], out: &mut Vec<Event>) {
        // Some gateways close an Anthropic stream with OpenAI's word; it says nothing here.
        if self.done || data.is_empty() || data == b"[DONE]" {
            return;
        }
        match read_json::<wire::StreamEvent<'_>>(data) {
            Ok(event) => self.event(event, out),
            Err(error) => self.fail(unreadable(&error), out),
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
    fn malformed(&mut self, reason: impl std::fmt::Display, out: &mut Vec<Event>) {
        let message = format!("an event cannot be read: {reason}");
        self.fail(AiError::upstream(AiErrorKind::Malformed, message), out);
    }

    fn event(&mut self, wire: wire::StreamEvent<'_>, out: &mut Vec<Event>) {
        let index = wire
            .index
            .and_then(|index| u32::try_from(index.as_u64()?).ok())
            .unwrap_or(0);
        match wire.kind.as_deref() {
            Some("message_start") => self.start(wire.message.unwrap_or_default(), out),
            Some("content_block_start") => {
                let Some(raw) = wire.content_block else {
                    return self.malformed("a block start without its block", out);
                };
                match block_parse::block(raw, "content_block") {
                    Ok(block) => self.block_start(index, block, out),
                    Err(error) => self.malformed(error.message(), out),
                }
            }
            Some("content_block_delta") => {
                let delta = wire.delta.map(|raw| self.delta(index, raw, out));
                if let Some(Err(error)) = delta {
                    self.fail(unreadable(&error), out);
                }
            }
            Some("content_block_stop") => self.block_stop(index, out),
            Some("message_delta") => self.message_delta(wire.delta, wire.usage, out),
            Some("message_stop") => self.message_stop(out),
            Some("ping") => out.push(Event::Ping),
            Some("error") => self.error(wire.error, out),
            _ if wire.error.is_some() => self.error(wire.error, out),
            // Events nobody has told us of do not end an answer.
            kind => missed(kind.unwrap_or("event")),
        }
    }

    fn error(&mut self, raw: Option<&RawValue>, out: &mut Vec<Event>) {
        let error = match raw {
            Some(raw) => error::parse_object(None, raw),
            None => AiError::upstream(AiErrorKind::Server, "the provider reported an error"),
        };
        self.fail(error, out);
    }

    fn start(&mut self, wire: wire::Reply<'_>, out: &mut Vec<Event>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let tier = wire
            .usage
            .as_ref()
            .and_then(|usage| usage.service_tier.as_deref());
        out.push(Event::Start(Start {
            service_tier: tier.map(Into::into),
            id: wire.id.map(Str::into_owned).unwrap_or_default(),
            model: wire.model.map(Str::into_owned).unwrap_or_default(),
            created: None,
            usage: wire.usage.map(|usage| Box::new(usage::parse(usage))),
            extra: Extra::from_fields(wire.extra),
        }));
    }

    fn block_start(&mut self, index: u32, mut block: Block, out: &mut Vec<Event>) {
        self.block_stop(index, out);
        // Some servers send a call whole, at its start, or what a text is taken from.
        let whole = match &mut block {
            Block::ToolCall(call) => std::mem::take(&mut call.arguments),
            _ => String::new(),
        };
        let cited = match &mut block {
            Block::Text(text) => text.citations.take(),
            _ => None,
        };
        self.open.push(index);
        out.push(Event::BlockStart {
            choice: 0,
            index,
            block: Box::new(block),
        });
        let whole = (!whole.is_empty()).then(|| Delta::Arguments(whole.into()));
        let cited = cited.and_then(|cited| cited.read::<Vec<Raw>>().ok());
        let cited = cited.into_iter().flatten().map(Delta::Citation);
        out.extend(whole.into_iter().chain(cited).map(|delta| Event::Delta {
            choice: 0,
            index,
            delta,
        }));
    }

    fn block_stop(&mut self, index: u32, out: &mut Vec<Event>) {
        if let Some(position) = self.open.iter().position(|open| *open == index) {
            self.open.swap_remove(position);
            out.push(Event::BlockStop { choice: 0, index });
        }
    }

    fn delta(
        &mut self,
        index: u32,
        raw: &RawValue,
        out: &mut Vec<Event>,
    ) -> Result<(), serde_json::Error> {
        let wire: wire::Delta<'_> = serde_json::from_str(raw.get())?;
        let delta = match (wire.kind.as_deref(), wire.text, wire.partial_json) {
            (Some("text_delta"), Some(text), _) => Delta::Text((*text).into()),
            (Some("input_json_delta"), _, Some(text)) => Delta::Arguments((*text).into()),
            (Some("thinking_delta"), ..) => {
                Delta::Thinking(wire.thinking.as_deref().unwrap_or_default().into())
            }
            (Some("signature_delta"), ..) => {
                Delta::Signature(wire.signature.map(Str::into_owned).unwrap_or_default())
            }
            (Some("citations_delta"), ..) => match wire.citation {
                Some(citation) => Delta::Citation(citation),
                None => return Ok(()),
            },
            _ => match Raw::from_raw(raw) {
                Ok(raw) => Delta::Opaque(raw),
                Err(_) => return Ok(()),
            },
        };
        if delta.is_empty() {
            return Ok(());
        }
        if !self.open.contains(&index) {
            self.block_start(index, Block::Text(Text::default()), out);
        }
        out.push(Event::Delta {
            choice: 0,
            index,
            delta,
        });
        Ok(())
    }

    fn message_delta(
        &mut self,
        raw: Option<&RawValue>,
        usage: Option<wire::Usage<'_>>,
        out: &mut Vec<Event>,
    ) {
        let wire = raw.map(|raw| serde_json::from_str::<wire::Delta<'_>>(raw.get()));
        let wire = wire.and_then(Result::ok).unwrap_or_default();
        if let Some(raw) = wire.stop_reason {
            self.close(out);
            self.stopped = true;
            let stop = stop::parse(&raw, wire.stop_sequence.map(Str::into_owned));
            out.push(Event::Stop { choice: 0, stop });
        }
        if let Some(usage) = usage {
            out.push(Event::Usage(Box::new(usage::parse(usage))));
        }
    }

    fn message_stop(&mut self, out: &mut Vec<Event>) {
        self.close(out);
        self.done = true;
        if !self.stopped {
            out.push(Event::Stop {
                choice: 0,
                stop: Stop::new(StopReason::End),
            });
        }
        out.push(Event::End);
    }

    fn close(&mut self, out: &mut Vec<Event>) {
        for index in std::mem::take(&mut self.open) {
            out.push(Event::BlockStop { choice: 0, index });
        }
    }
}
