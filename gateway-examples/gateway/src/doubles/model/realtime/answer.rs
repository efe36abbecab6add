//! An answer as the events of a session. No I/O.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;

use super::session::Session;
use crate::doubles::model::brain;
use crate::doubles::model::brain::Ask;
use crate::doubles::model::brain::Block;
use crate::doubles::model::brain::Part;
use crate::doubles::model::brain::Role;
use crate::doubles::model::brain::pieces;

/// An answer that is wanted.
pub(super) struct Asked {
    pub(super) ask: Ask,
    /// Whether it is spoken.
    pub(super) aloud: bool,
    /// Tokens of sound in the conversation.
    pub(super) heard: u64,
}

/// An event, and the tokens that leave with it.
pub(super) type Said = (Value, u64);

impl Asked {
    pub(super) fn prompt_tokens(&self) -> u64 {
        self.ask.prompt_tokens() + self.heard
    }

    /// All events of the answer, in order.
    pub(super) fn answer(&self, session: &mut Session) -> Vec<Said> {
        let answer = brain::answer(&self.ask, 0);
        let text: String = answer.blocks.iter().filter_map(text).collect();
        let mut script = Script {
            response: answer.id("resp_"),
            item: session.item_id(),
            said: Vec::new(),
            session,
        };
        let item = script.message("in_progress", json!([]));
        script.envelope("created", "in_progress", json!([]), Value::Null);
        script.part("response.output_item.added", "item", &item);
        script.part("conversation.item.added", "item", &item);
        script.part("response.content_part.added", "part", &self.part(""));
        self.content(&mut script, &text);
        let part = self.part(&text);
        let item = script.message("completed", json!([part]));
        script.part("response.content_part.done", "part", &part);
        script.part("response.output_item.done", "item", &item);
        let usage = self.usage(answer.completion_tokens);
        script.envelope("done", "completed", json!([item]), usage);
        let said = script.said;
        session.remember(Role::Assistant, Part::Text(text));
        said
    }

    fn content(&self, script: &mut Script<'_>, text: &str) {
        let (delta, done, whole) = if self.aloud {
            let kind = "response.output_audio_transcript";
            (
                format!("{kind}.delta"),
                format!("{kind}.done"),
                "transcript",
            )
        } else {
            let kind = "response.output_text";
            (format!("{kind}.delta"), format!("{kind}.done"), "text")
        };
        for piece in pieces(text) {
            if self.aloud {
                let sound = STANDARD.encode(piece.as_bytes().repeat(4));
                script.part("response.output_audio.delta", "delta", &json!(sound));
            }
            script.part(&delta, "delta", &json!(piece));
            script.said.last_mut().expect("it was just said").1 = 1;
        }
        if self.aloud {
            script.part("response.output_audio.done", "status", &json!("completed"));
        }
        script.part(&done, whole, &json!(text));
    }

    fn part(&self, text: &str) -> Value {
        if self.aloud {
            json!({ "type": "output_audio", "transcript": text })
        } else {
            json!({ "type": "output_text", "text": text })
        }
    }

    fn usage(&self, output: u64) -> Value {
        let input = self.prompt_tokens();
        let (spoken, written) = if self.aloud { (output, 0) } else { (0, output) };
        json!({
            "total_tokens": input + output,
            "input_tokens": input,
            "output_tokens": output,
            "input_token_details": {
                "text_tokens": input - self.heard, "audio_tokens": self.heard,
                "image_tokens": 0, "cached_tokens": 0,
            },
            "output_token_details": { "text_tokens": written, "audio_tokens": spoken },
        })
    }
}

fn text(block: &Block) -> Option<&str> {
    match block {
        Block::Text(text) => Some(text),
        _ => None,
    }
}

/// Events of one answer.
struct Script<'a> {
    session: &'a mut Session,
    response: String,
    item: String,
    said: Vec<Said>,
}

impl Script<'_> {
    /// An event about the one item there is.
    fn part(&mut self, kind: &str, name: &str, value: &Value) {
        let event = json!({
            "response_id": self.response, "item_id": self.item, "output_index": 0, "content_index": 0,
            name: value,
        });
        self.said.push((self.session.event(kind, event), 0));
    }

    fn envelope(&mut self, kind: &str, status: &str, output: Value, usage: Value) {
        let mut response = json!({
            "id": self.response, "object": "realtime.response", "status": status, "status_details": null,
        });
        response["output"] = output;
        response["usage"] = usage;
        let event = json!({ "response": response });
        let event = self.session.event(&format!("response.{kind}"), event);
        self.said.push((event, 0));
    }

    fn message(&self, status: &str, content: Value) -> Value {
        let mut message = json!({
            "id": self.item, "object": "realtime.item", "type": "message", "role": "assistant",
            "status": status,
        });
        message["content"] = content;
        message
    }
}
