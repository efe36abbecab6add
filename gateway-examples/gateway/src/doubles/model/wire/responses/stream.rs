//! A response as a stream of events.

use bytes::Bytes;
use serde_json::Value;
use serde_json::json;

use super::print::envelope;
use super::print::item;
use super::print::item_id;
use super::print::text_part;
use super::print::whole;
use crate::doubles::model::brain::Answer;
use crate::doubles::model::brain::Ask;
use crate::doubles::model::brain::Block;
use crate::doubles::model::brain::Finish;
use crate::doubles::model::brain::count_tokens;
use crate::doubles::model::brain::pieces;
use crate::doubles::model::wire::sse;
use crate::doubles::playback::Script;

pub(in crate::doubles::model::wire) fn stream(ask: &Ask, answer: &Answer) -> Script {
    let mut printer = Printer {
        script: Script::default(),
        sequence: 0,
        answer,
    };
    let begun = envelope(ask, answer);
    printer.mark(json!({ "type": "response.created", "response": begun }));
    printer.mark(json!({ "type": "response.in_progress", "response": begun }));
    for (at, block) in answer.blocks.iter().enumerate() {
        printer.item(at, block);
    }
    let kind = match answer.finish {
        Finish::Length => "response.incomplete",
        _ => "response.completed",
    };
    let last = printer.event(json!({ "type": kind, "response": whole(ask, answer) }));
    let mut failed = begun;
    failed["status"] = json!("failed");
    let message = "The model failed to generate a response.";
    failed["error"] = json!({ "code": "server_error", "message": message });
    let failed = printer.event(json!({ "type": "response.failed", "response": failed }));
    let mut script = printer.script;
    script.tail = vec![last];
    script.error = failed;
    script.malformed = Bytes::from_static(
        b"event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\n\n",
    );
    script
}

struct Printer<'a> {
    script: Script,
    sequence: u64,
    answer: &'a Answer,
}

impl Printer<'_> {
    fn item(&mut self, at: usize, block: &Block) {
        let id = item_id(self.answer, at, block);
        self.mark(json!({
            "type": "response.output_item.added",
            "output_index": at,
            "item": opened(self.answer, at, block),
        }));
        match block {
            Block::Thinking(text) => self.thinking(at, &id, text),
            Block::Text(text) => self.text(at, &id, text),
            Block::Call { arguments, .. } => self.arguments(at, &id, arguments),
        }
        let cut = self.answer.finish == Finish::Length && at + 1 == self.answer.blocks.len();
        let status = if cut { "incomplete" } else { "completed" };
        self.mark(json!({
            "type": "response.output_item.done",
            "output_index": at,
            "item": item(self.answer, at, block, status),
        }));
    }

    fn thinking(&mut self, at: usize, id: &str, text: &str) {
        let about = json!({ "item_id": id, "output_index": at, "summary_index": 0 });
        let empty = json!({ "part": { "type": "summary_text", "text": "" } });
        let full = json!({ "part": { "type": "summary_text", "text": text } });
        self.mark(with("response.reasoning_summary_part.added", &about, empty));
        for piece in pieces(text) {
            let delta = json!({ "delta": piece });
            self.content(
                with("response.reasoning_summary_text.delta", &about, delta),
                piece,
            );
        }
        let done = json!({ "text": text });
        self.mark(with("response.reasoning_summary_text.done", &about, done));
        self.mark(with("response.reasoning_summary_part.done", &about, full));
    }

    fn text(&mut self, at: usize, id: &str, text: &str) {
        let about = json!({ "item_id": id, "output_index": at, "content_index": 0 });
        let empty = json!({ "part": text_part("") });
        self.mark(with("response.content_part.added", &about, empty));
        for piece in pieces(text) {
            let delta = json!({ "delta": piece, "logprobs": [] });
            self.content(with("response.output_text.delta", &about, delta), piece);
        }
        let done = json!({ "text": text, "logprobs": [] });
        self.mark(with("response.output_text.done", &about, done));
        let full = json!({ "part": text_part(text) });
        self.mark(with("response.content_part.done", &about, full));
    }

    fn arguments(&mut self, at: usize, id: &str, arguments: &str) {
        let about = json!({ "item_id": id, "output_index": at });
        for piece in pieces(arguments) {
            let delta = json!({ "delta": piece });
            self.content(
                with("response.function_call_arguments.delta", &about, delta),
                piece,
            );
        }
        let done = json!({ "arguments": arguments });
        self.mark(with("response.function_call_arguments.done", &about, done));
    }

    fn mark(&mut self, event: Value) {
        // The name of a call is in the event that opens its item.
        let tokens = match event["type"].as_str() {
            Some("response.output_item.added") => {
                count_tokens(event["item"]["name"].as_str().unwrap_or_default())
            }
            _ => 0,
        };
        let bytes = self.event(event);
        match tokens {
            0 => self.script.mark(bytes),
            _ => self.script.content(bytes, tokens),
        }
    }

    fn content(&mut self, event: Value, piece: &str) {
        let bytes = self.event(event);
        self.script.content(bytes, count_tokens(piece));
    }

    fn event(&mut self, mut event: Value) -> Bytes {
        event["sequence_number"] = json!(self.sequence);
        self.sequence += 1;
        sse::named(&event)
    }
}

/// An item before it has content.
fn opened(answer: &Answer, at: usize, block: &Block) -> Value {
    let empty = match block {
        Block::Thinking(_) => Block::Thinking(String::new()),
        Block::Text(_) => Block::Text(String::new()),
        Block::Call { name, .. } => Block::Call {
            name: name.clone(),
            arguments: String::new(),
        },
    };
    let mut item = item(answer, at, &empty, "in_progress");
    match block {
        Block::Thinking(_) => {
            item["summary"] = json!([]);
            item["encrypted_content"] = Value::Null;
        }
        Block::Text(_) => item["content"] = json!([]),
        Block::Call { .. } => {}
    }
    item
}

fn with(kind: &str, about: &Value, rest: Value) -> Value {
    let mut event = json!({ "type": kind });
    for fields in [about.clone(), rest] {
        if let (Value::Object(event), Value::Object(fields)) = (&mut event, fields) {
            event.extend(fields);
        }
    }
    event
}
