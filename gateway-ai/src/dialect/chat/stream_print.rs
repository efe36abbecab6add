use bytes::{BufMut, BytesMut};

use super::{error, reply_print::service_tier, stop, usage};
use crate::{
    canonical::{Event, Start, Usage},
    dialect::{
        ReplyContext,
        common::{missed_tier, openai_logprobs},
    },
    error::AiError,
    json::Writer,
    loss::Losses,
};

/// Writes a stream of chunks.
#[derive(Debug)]
pub(in crate::dialect) struct StreamPrinter {
    pub(super) context: ReplyContext,
    /// `data: {"id":…,"model":…` – the same at the head of every chunk.
    head: Vec<u8>,
    pub(super) blocks: Vec<Open>,
    choices: Vec<ChoiceState>,
    usage: Option<Usage>,
    pub(super) losses: Losses,
    done: bool,
}

#[derive(Debug, Default)]
pub(super) struct ChoiceState {
    number: u32,
    pub(super) calls: u64,
    pub(super) details: u64,
}

/// A block that is being written.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) choice: u32,
    pub(super) index: u32,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A thought: who proves it, whether it is a summary, and how much of its text was written.
    Thinking {
        format: Option<&'static str>,
        summary: bool,
        bytes: usize,
    },
    /// A call: its number among the calls, and whether any argument text was written.
    Call {
        number: u64,
        custom: bool,
        any: bool,
    },
    Other,
}

impl StreamPrinter {
    pub(in crate::dialect) fn new(context: ReplyContext) -> Self {
        Self {
            context,
            head: Vec::new(),
            blocks: Vec::new(),
            choices: Vec::new(),
            usage: None,
            losses: Losses::new(),
            done: false,
        }
    }

    pub(in crate::dialect) fn losses(&self) -> &Losses {
        &self.losses
    }

    pub(in crate::dialect) fn push(&mut self, event: &Event, out: &mut BytesMut) {
        if self.done {
            return;
        }
        match event {
            Event::Start(start) => self.start(start, out),
            Event::BlockStart {
                choice,
                index,
                block,
            } => {
                self.block_start(*choice, *index, block, out);
            }
            Event::Delta {
                choice,
                index,
                delta,
            } => self.delta(*choice, *index, delta, out),
            Event::BlockStop { choice, index } => self.block_stop(*choice, *index, out),
            Event::ChoiceExtra {
                choice,
                name,
                value,
            } if name == "logprobs" => {
                let made = openai_logprobs(value, &mut self.losses);
                let value = made.as_ref().unwrap_or(value);
                self.chunk(*choice, out, |_| {}, Some(value.as_str()), None);
            }
            Event::ChoiceExtra { name, .. } => self.losses.add_field("choice", name),
            Event::Stop { choice, stop } => {
                let reason = stop::print(stop, self.context.legacy_functions, &mut self.losses);
                self.chunk(*choice, out, |_| {}, None, Some(reason));
            }
            Event::Usage(usage) => self.count(usage),
            Event::Ping => out.put_slice(b": ping\n\n"),
            Event::Error(error) => self.error(error, out),
            Event::End => self.end(out),
        }
    }

    pub(in crate::dialect) fn error(&mut self, error: &AiError, out: &mut BytesMut) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        out.put_slice(b"data: ");
        error::write(error, &mut Writer::one_line(out));
        out.put_slice(b"\n\n");
    }

    fn start(&mut self, start: &Start, out: &mut BytesMut) {
        if self.head.is_empty() {
            self.write_head(start);
        }
        if let Some(usage) = &start.usage {
            self.count(usage);
        }
        self.ensure(0, out);
    }

    fn write_head(&mut self, start: &Start) {
        let context = &self.context;
        let id = if start.id.is_empty() {
            &context.id
        } else {
            start.id.as_str()
        };
        let model = if context.model.is_empty() {
            &start.model
        } else {
            &*context.model
        };
        let mut head = BytesMut::with_capacity(192);
        let w = &mut Writer::one_line(&mut head);
        w.begin_object();
        w.str_field("id", id);
        w.str_field("object", "chat.completion.chunk");
        w.u64_field("created", start.created.unwrap_or(context.created));
        w.str_field("model", model);
        let unknown = start.extra.iter();
        unknown
            .filter(|(name, _)| *name != "system_fingerprint")
            .for_each(|(name, _)| self.losses.add_field("reply", name));
        let tier = service_tier(start.service_tier.as_deref());
        w.opt_str("service_tier", tier);
        missed_tier(start.service_tier.as_deref(), tier, &mut self.losses);
        w.opt_raw("system_fingerprint", start.extra.get("system_fingerprint"));
        self.head.extend_from_slice(b"data: ");
        self.head.extend_from_slice(&head);
    }

    /// The first chunk of a choice names the role, once.
    pub(super) fn ensure(&mut self, choice: u32, out: &mut BytesMut) {
        if self.head.is_empty() {
            self.write_head(&Start::default());
        }
        if self.choices.iter().any(|state| state.number == choice) {
            return;
        }
        self.choices.push(ChoiceState {
            number: choice,
            ..ChoiceState::default()
        });
        let role = |w: &mut Writer<'_>| {
            w.str_field("role", "assistant");
            w.str_field("content", "");
        };
        self.chunk(choice, out, role, None, None);
    }

    pub(super) fn state(&mut self, choice: u32) -> Option<&mut ChoiceState> {
        self.choices.iter_mut().find(|state| state.number == choice)
    }

    pub(super) fn chunk(
        &self,
        choice: u32,
        out: &mut BytesMut,
        delta: impl FnOnce(&mut Writer<'_>),
        logprobs: Option<&str>,
        finish: Option<&str>,
    ) {
        out.put_slice(&self.head);
        out.put_slice(b",\"choices\":[");
        let w = &mut Writer::one_line(out);
        w.begin_object();
        w.u64_field("index", u64::from(choice));
        w.object_field("delta", delta);
        if let Some(logprobs) = logprobs {
            w.key("logprobs");
            w.raw(logprobs);
        }
        w.key("finish_reason");
        match finish {
            Some(reason) => w.string(reason),
            None => w.null(),
        }
        w.end_object();
        out.put_slice(b"]}\n\n");
    }

    fn count(&mut self, usage: &Usage) {
        self.usage
            .get_or_insert_with(Usage::default)
            .merge(usage.clone());
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.done = true;
        if let (true, Some(usage)) = (self.context.include_usage, &self.usage) {
            out.put_slice(&self.head);
            out.put_slice(b",\"choices\":[],\"usage\":");
            usage::print(usage, false, &mut self.losses, &mut Writer::one_line(out));
            out.put_slice(b"}\n\n");
        }
        out.put_slice(b"data: [DONE]\n\n");
    }
}
