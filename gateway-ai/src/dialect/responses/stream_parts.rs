use bytes::BytesMut;

use super::{
    output::{self, Item, Kind, Thought},
    reasoning::tag,
    stream_print::{Open, StreamPrinter},
    tools_print::raised,
};
use crate::{
    canonical::{Delta, Raw},
    dialect::common::{openai_logprobs, says_nothing},
    json::Writer,
};

impl StreamPrinter {
    fn open(&mut self, index: u32) -> Option<&mut Open> {
        self.blocks.iter_mut().find(|open| open.index == index)
    }

    pub(super) fn delta(&mut self, index: u32, delta: &Delta, out: &mut BytesMut) {
        let Some(open) = self.open(index) else { return };
        let (number, part) = (open.item, open.part);
        match (&mut self.items[number].kind, part, delta) {
            (Kind::Message { parts, .. }, Some(at), Delta::Text(text)) if !parts[at].refusal => {
                parts[at].text.push_str(text);
                let logprobs = std::mem::take(&mut self.logprobs);
                if !logprobs.is_empty() {
                    let comma = if parts[at].logprobs.is_empty() {
                        ""
                    } else {
                        ","
                    };
                    parts[at].logprobs.push_str(comma);
                    parts[at].logprobs.push_str(&logprobs);
                }
                self.of_part("response.output_text.delta", (number, at), out, |_, w| {
                    w.str_field("delta", text);
                    output::list("logprobs", &logprobs, w);
                });
            }
            (Kind::Message { parts, .. }, Some(at), Delta::Refusal(text)) if parts[at].refusal => {
                parts[at].text.push_str(text);
                self.of_part("response.refusal.delta", (number, at), out, |_, w| {
                    w.str_field("delta", text);
                });
            }
            (Kind::Message { .. }, Some(at), Delta::Citation(raw)) => {
                self.citation((number, at), raw, out);
            }
            (Kind::Reasoning { .. }, _, Delta::Thinking(text)) => {
                self.thought(index, number, text, out);
            }
            (Kind::Reasoning { format, proof, .. }, _, Delta::Signature(signature)) => {
                *proof = Some(match tag(format.as_deref()) {
                    Some(tag) => format!("{tag}:{signature}"),
                    None => signature.clone(),
                });
            }
            (Kind::Call(_), _, Delta::Arguments(text)) => self.arguments(number, text, out),
            (Kind::Message { .. }, _, Delta::Signature(_)) => self.losses.add("text.signature"),
            (Kind::Call(_), _, Delta::Signature(_)) => self.losses.add("tool_call.signature"),
            (_, _, Delta::Audio(_) | Delta::Transcript(_)) => self.losses.add("audio"),
            _ => self.losses.add("content.delta"),
        }
    }

    /// Citations by URL are the same in both OpenAI dialects but for one level of nesting.
    fn citation(&mut self, (number, at): (usize, usize), raw: &Raw, out: &mut BytesMut) {
        let mut value: serde_json::Map<_, _> = raw.read().unwrap_or_default();
        if value
            .get("url_citation")
            .is_some_and(serde_json::Value::is_object)
        {
            value.insert("type".to_owned(), "url_citation".into());
        }
        let value = serde_json::Value::from(raised(value, "url_citation"));
        let known = [
            "url_citation",
            "file_citation",
            "container_file_citation",
            "file_path",
        ];
        if !known.iter().any(|kind| value["type"] == *kind) {
            return self.losses.add("text.citations");
        }
        let annotation = Raw::from_value(&value);
        if let Kind::Message { parts, .. } = &mut self.items[number].kind {
            parts[at].annotations.push(annotation.clone());
        }
        let kind = "response.output_text.annotation.added";
        self.of_part(kind, (number, at), out, |part, w| {
            w.u64_field("annotation_index", part.annotations.len() as u64 - 1);
            w.raw_field("annotation", &annotation);
        });
    }

    fn thought(&mut self, index: u32, number: usize, text: &str, out: &mut BytesMut) {
        let Some(open) = self.blocks.iter_mut().find(|open| open.index == index) else {
            return;
        };
        let item = &mut self.items[number];
        let Kind::Reasoning { parts, .. } = &mut item.kind else {
            return;
        };
        let summary = open.summary;
        let fresh = open.part.is_none();
        let at = *open.part.get_or_insert(parts.len());
        if fresh {
            parts.push(Thought {
                text: String::new(),
                summary,
            });
            let kind = if summary {
                "response.reasoning_summary_part.added"
            } else {
                "response.content_part.added"
            };
            self.of_thought(kind, (number, at), out, |thought, w| {
                w.key("part");
                thought.write(w);
            });
        }
        if let Kind::Reasoning { parts, .. } = &mut self.items[number].kind {
            parts[at].text.push_str(text);
        }
        let kind = if summary {
            "response.reasoning_summary_text.delta"
        } else {
            "response.reasoning_text.delta"
        };
        self.of_thought(kind, (number, at), out, |_, w| w.str_field("delta", text));
    }

    /// An event of a part of reasoning; summaries and texts are numbered apart.
    fn of_thought(
        &mut self,
        kind: &str,
        (number, at): (usize, usize),
        out: &mut BytesMut,
        fill: impl FnOnce(&Thought, &mut Writer<'_>),
    ) {
        let item = &self.items[number];
        let Kind::Reasoning { parts, .. } = &item.kind else {
            return;
        };
        let thought = &parts[at];
        let before = parts[..at].iter();
        let position = before
            .filter(|part| part.summary == thought.summary)
            .count();
        let key = if thought.summary {
            "summary_index"
        } else {
            "content_index"
        };
        self.line.of_item(out, kind, (number, item), |w| {
            w.u64_field(key, position as u64);
            fill(thought, w);
        });
    }

    fn arguments(&mut self, number: usize, text: &str, out: &mut BytesMut) {
        let item = &mut self.items[number];
        let Kind::Call(call) = &mut item.kind else {
            return;
        };
        call.arguments.push_str(text);
        let kind = if call.custom {
            "response.custom_tool_call_input.delta"
        } else {
            "response.function_call_arguments.delta"
        };
        let item = &self.items[number];
        self.line
            .of_item(out, kind, (number, item), |w| w.str_field("delta", text));
    }

    pub(super) fn block_stop(&mut self, index: u32, out: &mut BytesMut) {
        let Some(position) = self.blocks.iter().position(|open| open.index == index) else {
            return;
        };
        let open = self.blocks.remove(position);
        let at = (open.item, open.part.unwrap_or(0));
        let item = &mut self.items[open.item];
        item.open = item.open.saturating_sub(1);
        match (&item.kind, open.part) {
            (Kind::Message { parts, .. }, Some(part)) => {
                let refusal = parts[part].refusal;
                self.part_done(at, refusal, out);
            }
            (Kind::Reasoning { parts, .. }, Some(part)) => {
                let summary = parts[part].summary;
                self.thought_done(at, summary, out);
            }
            (Kind::Call(_), _) => {
                self.call_done(open.item, out);
                self.finish(open.item, out);
            }
            (Kind::Raw(_) | Kind::Image(_), _) => self.finish(open.item, out),
            _ => {}
        }
    }

    fn part_done(&mut self, at: (usize, usize), refusal: bool, out: &mut BytesMut) {
        if refusal {
            self.of_part("response.refusal.done", at, out, |part, w| {
                w.str_field("refusal", &part.text);
            });
        } else {
            self.of_part("response.output_text.done", at, out, |part, w| {
                w.str_field("text", &part.text);
                output::list("logprobs", &part.logprobs, w);
            });
        }
        self.of_part("response.content_part.done", at, out, |part, w| {
            w.key("part");
            part.write(w);
        });
    }

    fn thought_done(&mut self, at: (usize, usize), summary: bool, out: &mut BytesMut) {
        let (text, part) = if summary {
            (
                "response.reasoning_summary_text.done",
                "response.reasoning_summary_part.done",
            )
        } else {
            ("response.reasoning_text.done", "response.content_part.done")
        };
        self.of_thought(text, at, out, |thought, w| {
            w.str_field("text", &thought.text)
        });
        self.of_thought(part, at, out, |thought, w| {
            w.key("part");
            thought.write(w);
        });
    }

    /// A call without arguments says `{}`, once, at its end.
    fn call_done(&mut self, number: usize, out: &mut BytesMut) {
        let empty = |item: &Item| matches!(&item.kind, Kind::Call(call) if !call.custom && call.arguments.is_empty());
        if empty(&self.items[number]) {
            self.arguments(number, "{}", out);
        }
        let item = &self.items[number];
        let Kind::Call(call) = &item.kind else {
            return;
        };
        if call.custom {
            let kind = "response.custom_tool_call_input.done";
            self.line.of_item(out, kind, (number, item), |w| {
                w.str_field("input", &call.arguments);
            });
        } else {
            let kind = "response.function_call_arguments.done";
            self.line.of_item(out, kind, (number, item), |w| {
                w.str_field("name", &call.name);
                w.str_field("arguments", &call.arguments);
            });
        }
    }

    /// Probabilities come before the text they are about.
    pub(super) fn take_logprobs(&mut self, value: &Raw) {
        let made = openai_logprobs(value, &mut self.losses);
        let value = made.as_ref().unwrap_or(value);
        let Ok(lists) = value.read::<std::collections::BTreeMap<String, Raw>>() else {
            return;
        };
        for (name, list) in &lists {
            if !matches!(name.as_str(), "content") && !says_nothing(list) {
                self.losses.add_field("logprobs", name);
            }
        }
        let Some(entries) = lists.get("content").map(Raw::as_str) else {
            return;
        };
        let inner = entries
            .trim()
            .strip_prefix('[')
            .and_then(|t| t.strip_suffix(']'));
        if let Some(inner) = inner.map(str::trim).filter(|inner| !inner.is_empty()) {
            let comma = if self.logprobs.is_empty() { "" } else { "," };
            self.logprobs.push_str(comma);
            self.logprobs.push_str(inner);
        }
    }
}
