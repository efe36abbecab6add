use bytes::{BufMut, BytesMut};

use super::{error, reply_print, stop, usage};
use crate::{
    canonical::{Block, Delta, Event, Start, Stop, Text, Thinking, Usage},
    dialect::{ReplyContext, common::missed_tier},
    error::{AiError, AiErrorKind},
    json::Writer,
    loss::Losses,
};

/// Writes a stream of partial replies: server-sent events, or one JSON array, as the client asked.
#[derive(Debug)]
pub(in crate::dialect) struct StreamPrinter {
    context: ReplyContext,
    start: Start,
    /// Whether an array was begun.
    begun: bool,
    open: Vec<Open>,
    /// Bytes gathered in calls that are not complete.
    kept: usize,
    stops: Vec<(u32, Stop)>,
    usage: Option<Usage>,
    losses: Losses,
    done: bool,
}

/// A block that is being written. Calls are gathered until they are complete.
#[derive(Debug)]
struct Open {
    choice: u32,
    index: u32,
    block: Box<Block>,
}

impl StreamPrinter {
    pub(in crate::dialect) fn new(context: ReplyContext) -> Self {
        Self {
            context,
            start: Start::default(),
            begun: false,
            open: Vec::new(),
            kept: 0,
            stops: Vec::new(),
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
            Event::Start(start) => {
                self.start = start.clone();
                let unknown = start.extra.iter();
                unknown.for_each(|(name, _)| self.losses.add_field("reply", name));
                missed_tier(start.service_tier.as_deref(), None, &mut self.losses);
                if let Some(usage) = &start.usage {
                    self.count(usage);
                }
            }
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
            Event::ChoiceExtra { name, .. } => self.losses.add_field("choice", name),
            Event::Stop { choice, stop } => self.stops.push((*choice, stop.clone())),
            Event::Usage(usage) => self.count(usage),
            // White space between the elements of an array, and between events too: Google's own
            // clients take a comment for JSON and break the stream off.
            Event::Ping => out.put_slice(b"\n"),
            Event::Error(error) => self.error(error, out),
            Event::End => self.end(out),
        }
    }

    pub(in crate::dialect) fn error(&mut self, error: &AiError, out: &mut BytesMut) {
        if self.done {
            return;
        }
        self.frame(out, |w| error::write(error, w));
        self.close_array(out);
        self.done = true;
    }

    fn count(&mut self, usage: &Usage) {
        self.usage
            .get_or_insert_with(Usage::default)
            .merge(usage.clone());
    }

    fn frame(&mut self, out: &mut BytesMut, fill: impl FnOnce(&mut Writer<'_>)) {
        if self.context.sse {
            out.put_slice(b"data: ");
            fill(&mut Writer::one_line(out));
            out.put_slice(b"\n\n");
            return;
        }
        out.put_slice(if std::mem::replace(&mut self.begun, true) {
            b",\n"
        } else {
            b"["
        });
        fill(&mut Writer::one_line(out));
    }

    fn close_array(&mut self, out: &mut BytesMut) {
        if !self.context.sse {
            out.put_slice(if self.begun { b"]" } else { b"[]" });
        }
    }

    /// Writes a partial reply with one part of one candidate.
    fn part(&mut self, choice: u32, block: &Block, out: &mut BytesMut) {
        let mut losses = std::mem::take(&mut self.losses);
        let (model, id) = self.identity();
        self.frame(out, |w| {
            w.object(|w| {
                w.array_field("candidates", |w| {
                    w.object(|w| {
                        w.object_field("content", |w| {
                            w.array_field("parts", |w| reply_print::part(block, &mut losses, w));
                            w.str_field("role", "model");
                        });
                        w.u64_field("index", u64::from(choice));
                    });
                });
                w.str_field("modelVersion", &model);
                w.str_field("responseId", &id);
            });
        });
        self.losses = losses;
    }

    fn identity(&self) -> (String, String) {
        let context = &self.context;
        let model = if context.model.is_empty() {
            &self.start.model
        } else {
            &*context.model
        };
        let id = if self.start.id.is_empty() {
            &*context.id
        } else {
            &self.start.id
        };
        (model.to_owned(), id.to_owned())
    }

    fn block_start(&mut self, choice: u32, index: u32, block: &Block, out: &mut BytesMut) {
        match block {
            Block::Text(_) | Block::Thinking(_) | Block::Refusal(_) if is_filled(block) => {
                self.part(choice, block, out);
            }
            Block::Text(_) | Block::Thinking(_) | Block::Refusal(_) | Block::ToolCall(_) => {}
            block => self.part(choice, block, out),
        }
        self.open.push(Open {
            choice,
            index,
            block: Box::new(block.clone()),
        });
    }

    fn delta(&mut self, choice: u32, index: u32, delta: &Delta, out: &mut BytesMut) {
        let open = self
            .open
            .iter_mut()
            .find(|open| (open.choice, open.index) == (choice, index));
        let Some(open) = open else {
            return self.losses.add("content.delta");
        };
        let block = match (&mut *open.block, delta) {
            (Block::ToolCall(call), Delta::Arguments(text)) => {
                call.arguments.push_str(text);
                self.kept += text.len();
                if self.kept > MAX_KEPT {
                    let message = "a tool call grows without end";
                    self.error(&AiError::upstream(AiErrorKind::Malformed, message), out);
                }
                return;
            }
            (Block::ToolCall(call), Delta::Signature(signature)) => {
                call.signature = Some(signature.clone());
                return;
            }
            (Block::Text(_), Delta::Signature(signature)) => Block::Text(Text {
                signature: Some(signature.clone()),
                ..Text::default()
            }),
            (Block::Thinking(thinking), Delta::Signature(signature)) => {
                let signature = Some(signature.clone());
                Block::Thinking(Thinking {
                    signature,
                    format: thinking.format.clone(),
                    ..Thinking::default()
                })
            }
            (_, Delta::Text(text) | Delta::Refusal(text)) => Block::text(text.as_str()),
            (_, Delta::Thinking(text)) => Block::Thinking(Thinking {
                text: text.to_string(),
                ..Thinking::default()
            }),
            (_, Delta::Citation(_)) => return self.losses.add("text.citations"),
            _ => return self.losses.add("content.delta"),
        };
        self.part(choice, &block, out);
    }

    fn block_stop(&mut self, choice: u32, index: u32, out: &mut BytesMut) {
        let place = |open: &Open| (open.choice, open.index) == (choice, index);
        let Some(position) = self.open.iter().position(place) else {
            return;
        };
        let open = self.open.remove(position);
        if let Block::ToolCall(call) = &*open.block {
            self.kept = self.kept.saturating_sub(call.arguments.len());
            self.part(choice, &open.block, out);
        }
    }

    /// The last chunk carries reasons and counts.
    fn end(&mut self, out: &mut BytesMut) {
        let stops = std::mem::take(&mut self.stops);
        let counted = self.usage.take();
        let mut losses = std::mem::take(&mut self.losses);
        let (model, id) = self.identity();
        self.frame(out, |w| {
            w.object(|w| {
                w.array_field("candidates", |w| {
                    for (choice, stop) in &stops {
                        w.object(|w| {
                            w.object_field("content", |w| {
                                w.array_field("parts", |_| {});
                                w.str_field("role", "model");
                            });
                            w.str_field("finishReason", stop::print(stop, &mut losses));
                            w.u64_field("index", u64::from(*choice));
                        });
                    }
                });
                if let Some(counted) = &counted {
                    w.key("usageMetadata");
                    usage::print(counted, false, &mut losses, w);
                }
                w.str_field("modelVersion", &model);
                w.str_field("responseId", &id);
            });
        });
        self.losses = losses;
        self.close_array(out);
        self.done = true;
    }
}

fn is_filled(block: &Block) -> bool {
    match block {
        Block::Text(text) => !text.text.is_empty(),
        Block::Thinking(thinking) => !thinking.text.is_empty(),
        Block::Refusal(refusal) => !refusal.text.is_empty(),
        _ => true,
    }
}

/// What may wait for its call to be complete, in bytes.
const MAX_KEPT: usize = 4 * 1024 * 1024;
