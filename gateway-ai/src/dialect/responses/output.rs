use super::message_parse::item_id;
use crate::{
    canonical::{Extra, Raw},
    json::Writer,
};

/// An item of an answer being written.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) kind: Kind,
    /// Blocks of it that have not ended.
    pub(super) open: usize,
    /// The whole item, once it is complete.
    pub(super) done: Option<Box<str>>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Message {
        parts: Vec<Part>,
        /// The item's own fields where it came from this dialect.
        own: Option<Raw>,
    },
    Reasoning {
        parts: Vec<Thought>,
        /// Who signed it.
        format: Option<compact_str::CompactString>,
        proof: Option<String>,
    },
    Call(Call),
    /// An item of this dialect that is handed on as it came.
    Raw(Raw),
    /// A picture the model made, in base64.
    Image(String),
    /// Nothing any more: the item is complete.
    Done,
}

#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) text: String,
    pub(super) refusal: bool,
    pub(super) annotations: Vec<Raw>,
    /// The entries of `logprobs`, separated by commas.
    pub(super) logprobs: String,
}

#[derive(Debug)]
pub(super) struct Thought {
    pub(super) text: String,
    pub(super) summary: bool,
}

#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) call_id: String,
    pub(super) name: String,
    pub(super) arguments: String,
    pub(super) custom: bool,
    pub(super) extra: Extra,
}

impl Item {
    pub(super) fn new(id: String, kind: Kind) -> Self {
        Self {
            id,
            kind,
            open: 0,
            done: None,
        }
    }

    /// Writes the item as it stands.
    pub(super) fn write(&self, status: &str, w: &mut Writer<'_>) {
        if let Kind::Raw(raw) = &self.kind {
            return w.raw(raw.as_str());
        }
        w.begin_object();
        w.str_field("id", &self.id);
        match &self.kind {
            Kind::Message { parts, own } => {
                w.str_field("type", "message");
                w.str_field("status", status);
                w.str_field("role", "assistant");
                w.array_field("content", |w| parts.iter().for_each(|part| part.write(w)));
                let phase = own.as_ref().and_then(|own| {
                    own.read::<std::collections::BTreeMap<String, Raw>>()
                        .ok()?
                        .remove("phase")
                });
                w.opt_raw("phase", phase.as_ref());
            }
            Kind::Reasoning { parts, proof, .. } => {
                w.str_field("type", "reasoning");
                w.array_field("summary", |w| thoughts(parts, true, w));
                if parts.iter().any(|part| !part.summary) {
                    w.array_field("content", |w| thoughts(parts, false, w));
                }
                w.opt_str("encrypted_content", proof.as_deref());
            }
            Kind::Call(call) => call.write(status, w),
            Kind::Image(data) => {
                w.str_field("type", "image_generation_call");
                w.str_field("status", status);
                w.str_field("result", data);
            }
            Kind::Raw(_) | Kind::Done => {}
        }
        w.end_object();
    }
}

fn thoughts(parts: &[Thought], summary: bool, w: &mut Writer<'_>) {
    for part in parts.iter().filter(|part| part.summary == summary) {
        part.write(w);
    }
}

impl Thought {
    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.object(|w| {
            let kind = if self.summary {
                "summary_text"
            } else {
                "reasoning_text"
            };
            w.str_field("type", kind);
            w.str_field("text", &self.text);
        });
    }
}

impl Part {
    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.object(|w| {
            if self.refusal {
                w.str_field("type", "refusal");
                return w.str_field("refusal", &self.text);
            }
            w.str_field("type", "output_text");
            w.array_field("annotations", |w| {
                self.annotations.iter().for_each(|raw| w.raw(raw.as_str()));
            });
            list("logprobs", &self.logprobs, w);
            w.str_field("text", &self.text);
        });
    }
}

/// A list whose entries are written already.
pub(super) fn list(key: &'static str, entries: &str, w: &mut Writer<'_>) {
    w.key(key);
    w.begin_array();
    if !entries.is_empty() {
        w.raw(entries);
    }
    w.end_array();
}

impl Call {
    fn write(&self, status: &str, w: &mut Writer<'_>) {
        let (kind, text) = if self.custom {
            ("custom_tool_call", "input")
        } else {
            ("function_call", "arguments")
        };
        w.str_field("type", kind);
        w.str_field("status", status);
        w.str_field(text, &self.arguments);
        w.str_field("call_id", &self.call_id);
        w.str_field("name", &self.name);
        for (name, value) in self.extra.all().filter(|(name, _)| *name != "status") {
            w.raw_field(name, value);
        }
    }
}

/// The id an item came with.
pub(super) fn own_id(own: Option<&Raw>) -> Option<String> {
    own.and_then(item_id).filter(|id| !id.is_empty())
}
