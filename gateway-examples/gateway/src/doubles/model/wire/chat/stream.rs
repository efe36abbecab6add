//! A chat completion as a stream of chunks.

use bytes::Bytes;
use serde_json::Value;
use serde_json::json;

use super::print::FINGERPRINT;
use super::print::finish;
use super::print::refusal;
use super::print::usage;
use crate::doubles::model::brain::Answer;
use crate::doubles::model::brain::Ask;
use crate::doubles::model::brain::Block;
use crate::doubles::model::brain::count_tokens;
use crate::doubles::model::brain::pieces;
use crate::doubles::model::wire::Refusal;
use crate::doubles::model::wire::listing::CREATED;
use crate::doubles::model::wire::sse;
use crate::doubles::playback::Script;

pub(in crate::doubles::model::wire) fn stream(ask: &Ask, answers: &[Answer]) -> Script {
    let mut printer = Printer {
        ask,
        id: answers[0].id("chatcmpl-"),
        script: Script::default(),
    };
    for (index, answer) in answers.iter().enumerate() {
        printer.open(index, answer);
        printer.blocks(index, answer);
    }
    for (index, answer) in answers.iter().enumerate() {
        let last = printer.chunk(index, &json!({}), &json!(finish(&answer.finish)));
        printer.script.tail.push(last);
    }
    if ask.stream_usage {
        let mut last = printer.envelope(&json!([]));
        last["usage"] = usage(answers);
        printer.script.tail.push(sse::data(&last));
    }
    let mut script = printer.script;
    script.tail.push(Bytes::from_static(b"data: [DONE]\n\n"));
    let failed = Refusal::of_status(http::StatusCode::INTERNAL_SERVER_ERROR);
    script.error = sse::data(&refusal(&failed));
    script.malformed =
        Bytes::from_static(b"data: {\"id\":\"chatcmpl-\",\"choices\":[{\"delta\":\n\n");
    script
}

struct Printer<'a> {
    ask: &'a Ask,
    id: String,
    script: Script,
}

impl Printer<'_> {
    /// The chunk with the role. It opens the first call too when that is all there is.
    fn open(&mut self, index: usize, answer: &Answer) {
        let content = match answer.blocks.first() {
            Some(Block::Call { .. }) => Value::Null,
            _ => json!(""),
        };
        let mut delta = json!({ "role": "assistant", "content": content, "refusal": null });
        match answer.blocks.as_slice() {
            [Block::Call { name, .. }] => {
                delta["tool_calls"] = json!([opening(answer, 0, 0, name)]);
                self.content(index, &delta, count_tokens(name));
            }
            _ => {
                let bytes = self.chunk(index, &delta, &Value::Null);
                self.script.mark(bytes);
            }
        }
    }

    fn blocks(&mut self, index: usize, answer: &Answer) {
        let mut calls = 0;
        for (at, block) in answer.blocks.iter().enumerate() {
            match block {
                Block::Thinking(text) => self.text(index, "reasoning_content", text),
                Block::Text(text) => self.text(index, "content", text),
                Block::Call { name, arguments } => {
                    if answer.blocks.len() > 1 {
                        let delta = json!({ "tool_calls": [opening(answer, at, calls, name)] });
                        self.content(index, &delta, count_tokens(name));
                    }
                    for piece in pieces(arguments) {
                        let part = json!({ "index": calls, "function": { "arguments": piece } });
                        let delta = json!({ "tool_calls": [part] });
                        self.content(index, &delta, count_tokens(piece));
                    }
                    calls += 1;
                }
            }
        }
    }

    fn text(&mut self, index: usize, field: &str, text: &str) {
        for piece in pieces(text) {
            self.content(index, &json!({ field: piece }), count_tokens(piece));
        }
    }

    fn content(&mut self, index: usize, delta: &Value, tokens: u64) {
        let bytes = self.chunk(index, delta, &Value::Null);
        self.script.content(bytes, tokens);
    }

    fn chunk(&self, index: usize, delta: &Value, finish: &Value) -> Bytes {
        let choice =
            json!({ "index": index, "delta": delta, "logprobs": null, "finish_reason": finish });
        let mut chunk = self.envelope(&json!([choice]));
        if self.ask.stream_usage {
            chunk["usage"] = Value::Null;
        }
        sse::data(&chunk)
    }

    fn envelope(&self, choices: &Value) -> Value {
        json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": self.ask.model,
            "service_tier": "default",
            "system_fingerprint": FINGERPRINT,
            "choices": choices,
        })
    }
}

/// The first fragment of a call: the only one with an id, a type and a name.
fn opening(answer: &Answer, at: usize, call: usize, name: &str) -> Value {
    let function = json!({ "name": name, "arguments": "" });
    let id = answer.call_id("call_", at);
    json!({ "index": call, "id": id, "type": "function", "function": function })
}
