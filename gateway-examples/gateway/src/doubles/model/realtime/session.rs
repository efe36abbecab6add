//! What a session does with what its client says. No I/O.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;

use super::answer::Asked;
use crate::doubles::model::brain::Ask;
use crate::doubles::model::brain::Part;
use crate::doubles::model::brain::Role;
use crate::doubles::model::brain::Turn;

/// A session and its conversation so far.
pub(super) struct Session {
    config: Value,
    turns: Vec<Turn>,
    /// Bytes of sound that were sent and not committed, and tokens of what was.
    sound: (usize, u64),
    items: u64,
    events: u64,
}

/// What follows a client's event.
pub(super) enum Next {
    /// These events.
    Say(Vec<Value>),
    /// An answer.
    Answer(Box<Asked>),
}

impl Session {
    pub(super) fn new(model: &str) -> Self {
        Self {
            config: json!({
                "id": "sess_mock",
                "object": "realtime.session",
                "type": "realtime",
                "model": model,
                "output_modalities": ["audio"],
                "instructions": "",
            }),
            turns: Vec::new(),
            sound: (0, 0),
            items: 0,
            events: 0,
        }
    }

    /// The first event of all.
    pub(super) fn created(&mut self) -> Value {
        let session = self.config.clone();
        self.event("session.created", json!({ "session": session }))
    }

    pub(super) fn hear(&mut self, text: &[u8]) -> Next {
        let Ok(said) = serde_json::from_slice::<Value>(text) else {
            return self.mistake("The event is not valid JSON.");
        };
        match said["type"].as_str().unwrap_or_default() {
            "session.update" => self.update(&said["session"]),
            "conversation.item.create" => self.item(&said["item"]),
            "input_audio_buffer.append" => {
                let sound = STANDARD.decode(said["audio"].as_str().unwrap_or_default());
                self.sound.0 += sound.map_or(0, |sound| sound.len());
                Next::Say(Vec::new())
            }
            "input_audio_buffer.commit" => self.commit(),
            "response.create" => Next::Answer(Box::new(self.asked(&said["response"]))),
            other => self.mistake(&format!("Invalid value: '{other}'.")),
        }
    }

    /// An event with an id of its own.
    pub(super) fn event(&mut self, kind: &str, mut event: Value) -> Value {
        self.events += 1;
        event["type"] = json!(kind);
        event["event_id"] = json!(format!("event_{}", self.events));
        event
    }

    pub(super) fn item_id(&mut self) -> String {
        self.items += 1;
        format!("item_{}", self.items)
    }

    pub(super) fn remember(&mut self, role: Role, part: Part) {
        let parts = vec![part];
        self.turns.push(Turn { role, parts });
    }

    pub(super) fn mistake(&mut self, message: &str) -> Next {
        let error = json!({
            "type": "invalid_request_error",
            "code": "invalid_value",
            "message": message,
            "param": "type",
            "event_id": null,
        });
        Next::Say(vec![self.event("error", json!({ "error": error }))])
    }

    fn update(&mut self, update: &Value) -> Next {
        // The model of a session is settled when it opens.
        if update["model"].is_string() && update["model"] != self.config["model"] {
            return self.mistake("The model of a session cannot be changed.");
        }
        for (name, value) in update.as_object().into_iter().flatten() {
            self.config[name] = value.clone();
        }
        let session = self.config.clone();
        Next::Say(vec![
            self.event("session.updated", json!({ "session": session })),
        ])
    }

    fn item(&mut self, item: &Value) -> Next {
        let role = match item["role"].as_str() {
            Some("assistant") => Role::Assistant,
            _ => Role::User,
        };
        let parts = item["content"].as_array().into_iter().flatten();
        let parts: Vec<Part> = parts
            .map(|part| match part["text"].as_str() {
                Some(text) => Part::Text(text.to_owned()),
                None => Part::Media,
            })
            .collect();
        if item["type"] != "message" || parts.is_empty() {
            return self.mistake("An item is a message with content.");
        }
        self.turns.push(Turn { role, parts });
        let mut item = item.clone();
        item["id"] = json!(self.item_id());
        item["object"] = json!("realtime.item");
        item["status"] = json!("completed");
        let events = ["conversation.item.added", "conversation.item.done"];
        let event = json!({ "previous_item_id": null, "item": item });
        Next::Say(events.map(|kind| self.event(kind, event.clone())).into())
    }

    fn commit(&mut self) -> Next {
        if self.sound.0 == 0 {
            return self.mistake("The buffer of sound is empty.");
        }
        self.sound.1 += (self.sound.0 as u64).div_ceil(BYTES_A_TOKEN);
        self.sound.0 = 0;
        self.remember(Role::User, Part::Media);
        let event = json!({ "previous_item_id": null, "item_id": self.item_id() });
        Next::Say(vec![self.event("input_audio_buffer.committed", event)])
    }

    fn asked(&self, response: &Value) -> Asked {
        let option = |name: &str| match &response[name] {
            Value::Null => &self.config[name],
            own => own,
        };
        let system = option("instructions").as_str().unwrap_or_default();
        let kinds = option("output_modalities").as_array();
        let aloud = kinds.is_none_or(|kinds| kinds.contains(&json!("audio")));
        Asked {
            ask: Ask {
                model: self.config["model"].as_str().unwrap_or_default().to_owned(),
                stream: true,
                system: Vec::from_iter((!system.is_empty()).then(|| system.to_owned())),
                turns: self.turns.clone(),
                ..Ask::default()
            },
            aloud,
            heard: self.sound.1,
        }
    }
}

/// A tenth of a second of 24 kHz PCM.
const BYTES_A_TOKEN: u64 = 4800;
