use bytes::{BufMut, BytesMut};

use super::{error, message_print::format_of, reply_print::service_tier, stop, usage};
use crate::{
    canonical::{Block, Delta, Event, Opaque, Start, ToolCall, Usage},
    dialect::{Dialect, ReasoningField, ReplyContext},
    error::AiError,
    json::Writer,
    loss::Losses,
};

/// Writes a stream of chunks.
#[derive(Debug)]
pub(in crate::dialect) struct StreamPrinter {
    context: ReplyContext,
    /// `data: {"id":…,"model":…` – the same at the head of every chunk.
    head: Vec<u8>,
    blocks: Vec<Open>,
    choices: Vec<ChoiceState>,
    usage: Option<Usage>,
    losses: Losses,
    done: bool,
}

#[derive(Debug, Default)]
struct ChoiceState {
    number: u32,
    calls: u64,
    details: u64,
}

/// A block that is being written.
#[derive(Debug)]
struct Open {
    choice: u32,
    index: u32,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    /// A call: its number among the calls, and whether any argument text was written.
    Call { number: u64, custom: bool, any: bool },
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
            Event::BlockStart { choice, index, block } => {
                self.block_start(*choice, *index, block, out);
            }
            Event::Delta { choice, index, delta } => self.delta(*choice, *index, delta, out),
            Event::BlockStop { choice, index } => self.block_stop(*choice, *index, out),
            Event::ChoiceExtra { choice, name, value } if name == "logprobs" => {
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
        error::write(error, &mut Writer::new(out));
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
        let id = if start.id.is_empty() { &context.id } else { start.id.as_str() };
        let model = if context.model.is_empty() { &start.model } else { &*context.model };
        let mut head = BytesMut::with_capacity(192);
        let w = &mut Writer::new(&mut head);
        w.begin_object();
        w.str_field("id", id);
        w.str_field("object", "chat.completion.chunk");
        w.u64_field("created", start.created.unwrap_or(context.created));
        w.str_field("model", model);
        w.opt_str("service_tier", service_tier(start.service_tier.as_deref(), true));
        w.opt_raw("system_fingerprint", start.extra.get("system_fingerprint"));
        self.head.extend_from_slice(b"data: ");
        self.head.extend_from_slice(&head);
    }

    /// The first chunk of a choice names the role, once.
    fn ensure(&mut self, choice: u32, out: &mut BytesMut) {
        if self.head.is_empty() {
            self.write_head(&Start::default());
        }
        if self.choices.iter().any(|state| state.number == choice) {
            return;
        }
        self.choices.push(ChoiceState { number: choice, ..ChoiceState::default() });
        let role = |w: &mut Writer<'_>| {
            w.str_field("role", "assistant");
            w.str_field("content", "");
        };
        self.chunk(choice, out, role, None, None);
    }

    fn state(&mut self, choice: u32) -> Option<&mut ChoiceState> {
        self.choices.iter_mut().find(|state| state.number == choice)
    }

    fn chunk(
        &self,
        choice: u32,
        out: &mut BytesMut,
        delta: impl FnOnce(&mut Writer<'_>),
        logprobs: Option<&str>,
        finish: Option<&str>,
    ) {
        out.put_slice(&self.head);
        out.put_slice(b",\"choices\":[");
        let w = &mut Writer::new(out);
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

    fn block_start(&mut self, choice: u32, index: u32, block: &Block, out: &mut BytesMut) {
        self.ensure(choice, out);
        let kind = match block {
            Block::Text(_) => Kind::Text,
            Block::Refusal(_) => Kind::Other,
            Block::Thinking(_) => Kind::Thinking,
            Block::ToolCall(call) => self.call_start(choice, call, out),
            Block::RedactedThinking(opaque) => self.redacted(choice, opaque, out),
            Block::Opaque(opaque) => {
                self.losses.add_field("content", &opaque.kind);
                Kind::Other
            }
            Block::Image(_)
            | Block::Document(_)
            | Block::Audio(_)
            | Block::Video(_)
            | Block::ToolResult(_) => {
                self.losses.add("content.media");
                Kind::Other
            }
        };
        self.blocks.push(Open { choice, index, kind });
        // Some blocks start with what others grow by.
        match block {
            Block::Text(text) if !text.text.is_empty() => {
                self.delta(choice, index, &Delta::Text(text.text.as_str().into()), out);
            }
            Block::Thinking(thinking) if !thinking.text.is_empty() => {
                self.delta(choice, index, &Delta::Thinking(thinking.text.as_str().into()), out);
            }
            Block::ToolCall(call) if !call.arguments.is_empty() => {
                self.delta(choice, index, &Delta::Arguments(call.arguments.as_str().into()), out);
            }
            Block::Refusal(refusal) if !refusal.text.is_empty() => {
                self.delta(choice, index, &Delta::Refusal(refusal.text.as_str().into()), out);
            }
            _ => {}
        }
    }

    fn call_start(&mut self, choice: u32, call: &ToolCall, out: &mut BytesMut) -> Kind {
        let number = self.state(choice).map_or(0, |state| {
            state.calls += 1;
            state.calls - 1
        });
        let custom = call.custom;
        if self.context.legacy_functions {
            let fill = |w: &mut Writer<'_>| {
                w.object_field("function_call", |w| {
                    w.str_field("name", &call.name);
                    w.str_field("arguments", "");
                });
            };
            self.chunk(choice, out, fill, None, None);
            return Kind::Call { number, custom, any: false };
        }
        let (kind, text) = if custom { ("custom", "input") } else { ("function", "arguments") };
        let fill = |w: &mut Writer<'_>| {
            tool_calls(w, number, |w| {
                w.str_field("id", &call.id);
                w.str_field("type", kind);
                w.object_field(kind, |w| {
                    w.str_field("name", &call.name);
                    w.str_field(text, "");
                });
            });
        };
        self.chunk(choice, out, fill, None, None);
        Kind::Call { number, custom, any: false }
    }

    fn redacted(&mut self, choice: u32, opaque: &Opaque, out: &mut BytesMut) -> Kind {
        if self.context.reasoning == ReasoningField::Omit {
            self.losses.add("redacted_thinking");
            return Kind::Other;
        }
        let number = self.next_detail(choice);
        let block = Block::RedactedThinking(opaque.clone());
        let fill = |w: &mut Writer<'_>| {
            w.array_field("reasoning_details", |w| {
                super::message_print::detail(&block, number, w);
            });
        };
        self.chunk(choice, out, fill, None, None);
        Kind::Other
    }

    fn next_detail(&mut self, choice: u32) -> u64 {
        self.state(choice).map_or(0, |state| {
            state.details += 1;
            state.details - 1
        })
    }

    fn delta(&mut self, choice: u32, index: u32, delta: &Delta, out: &mut BytesMut) {
        match delta {
            Delta::Text(text) => {
                self.chunk(choice, out, |w| w.str_field("content", text), None, None);
            }
            Delta::Refusal(text) => {
                self.chunk(choice, out, |w| w.str_field("refusal", text), None, None);
            }
            Delta::Thinking(text) => match self.context.reasoning {
                ReasoningField::Omit => self.losses.add("thinking"),
                ReasoningField::ReasoningContent => {
                    self.chunk(choice, out, |w| w.str_field("reasoning_content", text), None, None);
                }
                ReasoningField::Reasoning => {
                    self.chunk(choice, out, |w| w.str_field("reasoning", text), None, None);
                }
            },
            Delta::Signature(signature) => self.signature(choice, index, signature, out),
            Delta::Arguments(text) => self.arguments(choice, index, text, out),
            Delta::Citation(_) => self.losses.add("text.citations"),
            Delta::Audio(_) | Delta::Transcript(_) => self.losses.add("audio"),
            Delta::Opaque(_) => self.losses.add("content.delta"),
        }
    }

    /// Chat has no slot for a signature: it rides in `reasoning_details`, as OpenRouter has it.
    fn signature(&mut self, choice: u32, index: u32, signature: &str, out: &mut BytesMut) {
        let kind = self.open(choice, index).map(|open| open.kind);
        if kind != Some(Kind::Thinking) || self.context.reasoning == ReasoningField::Omit {
            return self.losses.add("thinking.signature");
        }
        let number = self.next_detail(choice);
        let fill = |w: &mut Writer<'_>| {
            w.array_field("reasoning_details", |w| {
                w.object(|w| {
                    w.str_field("type", "reasoning.text");
                    w.str_field("signature", signature);
                    w.opt_str("format", format_of(Dialect::Messages));
                    w.u64_field("index", number);
                });
            });
        };
        self.chunk(choice, out, fill, None, None);
    }

    fn open(&mut self, choice: u32, index: u32) -> Option<&mut Open> {
        self.blocks.iter_mut().find(|open| (open.choice, open.index) == (choice, index))
    }

    fn arguments(&mut self, choice: u32, index: u32, text: &str, out: &mut BytesMut) {
        let Some(Open { kind: Kind::Call { number, custom, any }, .. }) = self.open(choice, index)
        else {
            return self.losses.add("content.delta");
        };
        *any = true;
        let (number, custom) = (*number, *custom);
        if self.context.legacy_functions {
            let fill = |w: &mut Writer<'_>| {
                w.object_field("function_call", |w| w.str_field("arguments", text));
            };
            return self.chunk(choice, out, fill, None, None);
        }
        let (kind, key) = if custom { ("custom", "input") } else { ("function", "arguments") };
        let fill = |w: &mut Writer<'_>| {
            tool_calls(w, number, |w| w.object_field(kind, |w| w.str_field(key, text)));
        };
        self.chunk(choice, out, fill, None, None);
    }

    /// A call without arguments says `{}`, once, at its end.
    fn block_stop(&mut self, choice: u32, index: u32, out: &mut BytesMut) {
        if let Some(Open { kind: Kind::Call { any: false, custom: false, .. }, .. }) =
            self.open(choice, index)
        {
            self.arguments(choice, index, "{}", out);
        }
        self.blocks.retain(|open| (open.choice, open.index) != (choice, index));
    }

    fn count(&mut self, usage: &Usage) {
        self.usage.get_or_insert_with(Usage::default).merge(usage.clone());
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.done = true;
        if let (true, Some(usage)) = (self.context.include_usage, &self.usage) {
            out.put_slice(&self.head);
            out.put_slice(b",\"choices\":[],\"usage\":");
            usage::print(usage, false, &mut Writer::new(out));
            out.put_slice(b"}\n\n");
        }
        out.put_slice(b"data: [DONE]\n\n");
    }
}

fn tool_calls(w: &mut Writer<'_>, number: u64, fill: impl FnOnce(&mut Writer<'_>)) {
    w.array_field("tool_calls", |w| {
        w.object(|w| {
            w.u64_field("index", number);
            fill(w);
        });
    });
}
