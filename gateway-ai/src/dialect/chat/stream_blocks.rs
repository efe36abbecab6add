use bytes::BytesMut;

use super::{
    stream_print::{Kind, Open, StreamPrinter},
    thinking_parse::TEXT_BYTES,
    thinking_print::{detail, known_format},
};
use crate::{
    canonical::{Block, Delta, Opaque, ToolCall},
    dialect::{ReasoningField, common::missed_beside},
    json::Writer,
};

impl StreamPrinter {
    pub(super) fn block_start(
        &mut self,
        choice: u32,
        index: u32,
        block: &Block,
        out: &mut BytesMut,
    ) {
        self.ensure(choice, out);
        missed_beside(block, &mut self.losses);
        let kind = match block {
            Block::Text(_) => Kind::Text,
            Block::Refusal(_) => Kind::Other,
            Block::Thinking(thinking) => Kind::Thinking {
                format: known_format(thinking.format.as_deref()),
                summary: thinking.summary,
                bytes: 0,
            },
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
        self.blocks.push(Open {
            choice,
            index,
            kind,
        });
        // Some blocks start with what others grow by.
        match block {
            Block::Text(text) if !text.text.is_empty() => {
                self.delta(choice, index, &Delta::Text(text.text.as_str().into()), out);
            }
            Block::Thinking(thinking) if !thinking.text.is_empty() => {
                self.delta(
                    choice,
                    index,
                    &Delta::Thinking(thinking.text.as_str().into()),
                    out,
                );
            }
            Block::ToolCall(call) if !call.arguments.is_empty() => {
                self.delta(
                    choice,
                    index,
                    &Delta::Arguments(call.arguments.as_str().into()),
                    out,
                );
            }
            Block::Refusal(refusal) if !refusal.text.is_empty() => {
                self.delta(
                    choice,
                    index,
                    &Delta::Refusal(refusal.text.as_str().into()),
                    out,
                );
            }
            _ => {}
        }
    }

    fn call_start(&mut self, choice: u32, call: &ToolCall, out: &mut BytesMut) -> Kind {
        let number = self.state(choice).map_or(0, |state| {
            state.calls += 1;
            state.calls - 1
        });
        if call.signature.is_some() {
            self.losses.add("tool_call.signature");
        }
        let custom = call.custom;
        if self.context.legacy_functions {
            let fill = |w: &mut Writer<'_>| {
                w.object_field("function_call", |w| {
                    w.str_field("name", &call.name);
                    w.str_field("arguments", "");
                });
            };
            self.chunk(choice, out, fill, None, None);
            return Kind::Call {
                number,
                custom,
                any: false,
            };
        }
        let (kind, text) = if custom {
            ("custom", "input")
        } else {
            ("function", "arguments")
        };
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
        Kind::Call {
            number,
            custom,
            any: false,
        }
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
                detail(&block, number, w);
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

    pub(super) fn delta(&mut self, choice: u32, index: u32, delta: &Delta, out: &mut BytesMut) {
        match delta {
            Delta::Text(text) => {
                self.chunk(choice, out, |w| w.str_field("content", text), None, None);
            }
            Delta::Refusal(text) => {
                self.chunk(choice, out, |w| w.str_field("refusal", text), None, None);
            }
            Delta::Thinking(text) => self.thinking(choice, index, text, out),
            Delta::Signature(signature) => self.signature(choice, index, signature, out),
            Delta::Arguments(text) => self.arguments(choice, index, text, out),
            Delta::Citation(_) => self.losses.add("text.citations"),
            Delta::Audio(_) | Delta::Transcript(_) => self.losses.add("audio"),
            Delta::Opaque(_) => self.losses.add("content.delta"),
        }
    }

    fn thinking(&mut self, choice: u32, index: u32, text: &str, out: &mut BytesMut) {
        let field = match self.context.reasoning {
            ReasoningField::Omit => return self.losses.add("thinking"),
            ReasoningField::ReasoningContent => "reasoning_content",
            ReasoningField::Reasoning => "reasoning",
        };
        if let Some(Open {
            kind: Kind::Thinking { bytes, .. },
            ..
        }) = self.open(choice, index)
        {
            *bytes += text.len();
        }
        self.chunk(choice, out, |w| w.str_field(field, text), None, None);
    }

    /// Chat has no slot for a signature: it rides in `reasoning_details`, as OpenRouter has it. The
    /// text was written before; how much of it there was lets a client's fold be told from a piece.
    fn signature(&mut self, choice: u32, index: u32, signature: &str, out: &mut BytesMut) {
        let kind = self.open(choice, index).map(|open| open.kind);
        let (format, summary, bytes) = match kind {
            Some(Kind::Thinking {
                format,
                summary,
                bytes,
            }) if self.context.reasoning != ReasoningField::Omit => (format, summary, bytes),
            Some(Kind::Call { .. }) => return self.losses.add("tool_call.signature"),
            Some(Kind::Text) => return self.losses.add("text.signature"),
            _ => return self.losses.add("thinking.signature"),
        };
        let kind = if summary {
            "reasoning.summary"
        } else {
            "reasoning.text"
        };
        let number = self.next_detail(choice);
        let fill = |w: &mut Writer<'_>| {
            w.array_field("reasoning_details", |w| {
                w.object(|w| {
                    w.str_field("type", kind);
                    w.str_field("signature", signature);
                    w.opt_str("format", format);
                    w.u64_field("index", number);
                    w.u64_field(TEXT_BYTES, bytes as u64);
                });
            });
        };
        self.chunk(choice, out, fill, None, None);
    }

    fn open(&mut self, choice: u32, index: u32) -> Option<&mut Open> {
        self.blocks
            .iter_mut()
            .find(|open| (open.choice, open.index) == (choice, index))
    }

    fn arguments(&mut self, choice: u32, index: u32, text: &str, out: &mut BytesMut) {
        let Some(Open {
            kind:
                Kind::Call {
                    number,
                    custom,
                    any,
                },
            ..
        }) = self.open(choice, index)
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
        let (kind, key) = if custom {
            ("custom", "input")
        } else {
            ("function", "arguments")
        };
        let fill = |w: &mut Writer<'_>| {
            tool_calls(w, number, |w| {
                w.object_field(kind, |w| w.str_field(key, text))
            });
        };
        self.chunk(choice, out, fill, None, None);
    }

    /// A call without arguments says `{}`, once, at its end.
    pub(super) fn block_stop(&mut self, choice: u32, index: u32, out: &mut BytesMut) {
        if let Some(Open {
            kind:
                Kind::Call {
                    any: false,
                    custom: false,
                    ..
                },
            ..
        }) = self.open(choice, index)
        {
            self.arguments(choice, index, "{}", out);
        }
        self.blocks
            .retain(|open| (open.choice, open.index) != (choice, index));
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
