use bytes::BytesMut;

use super::{stop, thinking_print, usage};
use crate::{
    canonical::{Audio, AudioSource, Block, Choice, Refusal, Reply, ToolCall},
    dialect::{
        Dialect, ReasoningField, ReplyContext,
        common::{missed_tier, openai_logprobs},
    },
    json::Writer,
    loss::Losses,
};

/// Writes a whole reply for a client.
pub(in crate::dialect) fn print_reply(
    reply: &Reply,
    context: &ReplyContext,
    out: &mut BytesMut,
) -> Losses {
    let same = reply.source == Dialect::Chat;
    let mut losses = Losses::new();
    let w = &mut Writer::new(out);
    w.begin_object();
    w.str_field(
        "id",
        if reply.id.is_empty() {
            &context.id
        } else {
            &reply.id
        },
    );
    w.str_field("object", "chat.completion");
    w.u64_field("created", reply.created.unwrap_or(context.created));
    w.str_field(
        "model",
        if context.model.is_empty() {
            &reply.model
        } else {
            &context.model
        },
    );
    w.key("choices");
    w.begin_array();
    for choice in &reply.choices {
        Printing {
            same,
            context,
            losses: &mut losses,
        }
        .choice(choice, w);
    }
    w.end_array();
    if let Some(usage) = &reply.usage {
        w.key("usage");
        usage::print(usage, same, &mut losses, w);
    }
    let tier = service_tier(reply.service_tier.as_deref());
    w.opt_str("service_tier", tier);
    missed_tier(reply.service_tier.as_deref(), tier, &mut losses);
    for (name, value) in reply.extra.iter() {
        if same {
            w.raw_field(name, value);
        } else {
            losses.add_field("reply", name);
        }
    }
    w.end_object();
    losses
}

/// Anthropic's `standard` is OpenAI's `default`; a tier OpenAI does not know is not shown, since its
/// clients know no others.
pub(super) fn service_tier(tier: Option<&str>) -> Option<&str> {
    match tier {
        Some("standard") => Some("default"),
        Some("auto" | "default" | "flex" | "scale" | "priority" | "fast") => tier,
        _ => None,
    }
}

struct Printing<'r> {
    same: bool,
    context: &'r ReplyContext,
    losses: &'r mut Losses,
}

/// What of a choice stands where in a Chat message.
#[derive(Default)]
struct Message<'r> {
    text: Option<String>,
    refusal: Option<&'r Refusal>,
    thinking: Vec<&'r Block>,
    calls: Vec<&'r ToolCall>,
    audio: Option<&'r Audio>,
    citations: Vec<&'r crate::canonical::Raw>,
}

impl Printing<'_> {
    fn choice(&mut self, choice: &Choice, w: &mut Writer<'_>) {
        let message = self.gather(&choice.content);
        w.begin_object();
        w.u64_field("index", u64::from(choice.index));
        w.key("message");
        w.begin_object();
        self.message(&message, w);
        for (name, value) in choice.extra.iter() {
            if let Some(name) = name.strip_prefix("message.").filter(|_| self.same) {
                w.raw_field(name, value);
            }
        }
        w.end_object();
        w.key("logprobs");
        match &choice.logprobs {
            Some(logprobs) => {
                let made = (!self.same).then(|| openai_logprobs(logprobs, self.losses));
                w.raw(made.flatten().as_ref().unwrap_or(logprobs).as_str());
            }
            None => w.null(),
        }
        w.key("finish_reason");
        match &choice.stop {
            Some(stop) => {
                w.string(stop::print(
                    stop,
                    self.context.legacy_functions,
                    self.losses,
                ));
            }
            None => w.string("stop"),
        }
        for (name, value) in choice.extra.iter() {
            if self.same && !name.starts_with("message.") {
                w.raw_field(name, value);
            } else if !self.same {
                self.losses.add_field("choice", name);
            }
        }
        w.end_object();
    }

    fn gather<'r>(&mut self, content: &'r [Block]) -> Message<'r> {
        let mut message = Message::default();
        for block in content {
            match block {
                Block::Text(text) => {
                    if !message.calls.is_empty() {
                        self.losses.add("content.order");
                    }
                    message.text.get_or_insert_default().push_str(&text.text);
                    message.citations.extend(&text.citations);
                    if text.signature.is_some() {
                        self.losses.add("text.signature");
                    }
                    for (name, _) in text.extra.iter() {
                        self.losses.add_field("content", name);
                    }
                }
                Block::Refusal(refusal) => message.refusal = Some(refusal),
                Block::Thinking(_) | Block::RedactedThinking(_) => message.thinking.push(block),
                Block::ToolCall(call) => message.calls.push(call),
                Block::Audio(audio) => message.audio = Some(audio),
                Block::Opaque(opaque) => self.losses.add_field("content", &opaque.kind),
                Block::Image(_) => self.losses.add("content.image"),
                Block::Document(_) | Block::Video(_) | Block::ToolResult(_) => {
                    self.losses.add("content.misplaced");
                }
            }
        }
        message
    }

    fn message(&mut self, message: &Message<'_>, w: &mut Writer<'_>) {
        w.str_field("role", "assistant");
        w.key("content");
        match &message.text {
            Some(text) => w.string(text),
            None if message.calls.is_empty()
                && message.refusal.is_none()
                && message.audio.is_none() =>
            {
                w.string("");
            }
            None => w.null(),
        }
        w.key("refusal");
        match message.refusal {
            Some(refusal) => w.string(&refusal.text),
            None => w.null(),
        }
        self.thinking(&message.thinking, w);
        self.calls(&message.calls, w);
        if let Some(audio) = message.audio {
            self.audio(audio, w);
        }
        for citations in &message.citations {
            if self.same {
                w.raw_field("annotations", citations);
            } else {
                self.losses.add("text.citations");
            }
        }
    }

    fn thinking(&mut self, blocks: &[&Block], w: &mut Writer<'_>) {
        let field = match self.context.reasoning {
            _ if blocks.is_empty() => return,
            ReasoningField::Omit => return self.losses.add("thinking"),
            ReasoningField::ReasoningContent => "reasoning_content",
            ReasoningField::Reasoning => "reasoning",
        };
        let mut text = String::new();
        let mut needs_details = false;
        for block in blocks {
            match block {
                Block::Thinking(thinking) => {
                    text.push_str(&thinking.text);
                    needs_details |= thinking.signature.is_some() || thinking.id.is_some();
                }
                _ => needs_details = true,
            }
        }
        for block in blocks.iter().filter(|_| !needs_details) {
            if let Block::Thinking(thinking) = block {
                for (name, _) in thinking.extra.iter() {
                    self.losses.add_field("content", name);
                }
            }
        }
        if !text.is_empty() {
            w.str_field(field, &text);
        }
        if needs_details {
            w.key("reasoning_details");
            w.begin_array();
            for (block, index) in blocks.iter().zip(0..) {
                thinking_print::detail(block, index, w);
            }
            w.end_array();
        }
    }

    fn calls(&mut self, calls: &[&ToolCall], w: &mut Writer<'_>) {
        if let (true, [call, ..]) = (self.context.legacy_functions, calls) {
            w.object_field("function_call", |w| {
                w.str_field("name", &call.name);
                w.str_field("arguments", arguments(call));
            });
            if calls.len() > 1 {
                self.losses.add("tool_calls");
            }
            return;
        }
        if calls.is_empty() {
            return;
        }
        w.key("tool_calls");
        w.begin_array();
        for call in calls {
            w.begin_object();
            w.str_field("id", &call.id);
            let (kind, text) = if call.custom {
                ("custom", "input")
            } else {
                ("function", "arguments")
            };
            w.str_field("type", kind);
            w.object_field(kind, |w| {
                w.str_field("name", &call.name);
                w.str_field(text, arguments(call));
            });
            for (name, value) in call.extra.iter() {
                if self.same && !name.starts_with("function.") {
                    w.raw_field(name, value);
                } else {
                    self.losses.add_field("tool_call", name);
                }
            }
            if call.signature.is_some() {
                self.losses.add("tool_call.signature");
            }
            w.end_object();
        }
        w.end_array();
    }

    fn audio(&mut self, audio: &Audio, w: &mut Writer<'_>) {
        // Sound without an id of its own is another provider's, in a form of its own.
        let (AudioSource::Data { data, .. }, Some(_)) = (&audio.source, audio.extra.get("id"))
        else {
            return self.losses.add("audio");
        };
        w.object_field("audio", |w| {
            for (name, value) in audio.extra.iter() {
                w.raw_field(name, value);
            }
            w.str_field("data", data);
            w.str_field(
                "transcript",
                audio.transcript.as_deref().unwrap_or_default(),
            );
        });
    }
}

/// The argument text; a call without arguments still carries an object.
pub(super) fn arguments(call: &ToolCall) -> &str {
    if call.arguments.trim().is_empty() && !call.custom {
        "{}"
    } else {
        &call.arguments
    }
}
