//! Claude as Bedrock invokes it: Anthropic's messages in Amazon's envelope.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderValue;
use serde_json::json;

use super::event_stream;
use super::print::corrupted;
use crate::doubles::model::brain::Answer;
use crate::doubles::model::brain::Ask;
use crate::doubles::model::wire::Incoming;
use crate::doubles::model::wire::Refusal;
use crate::doubles::model::wire::messages;
use crate::doubles::playback::Script;

/// The body says its version itself; model and stream are in the path and nowhere else.
pub(in crate::doubles::model::wire) fn read(incoming: &Incoming<'_>) -> Result<Ask, Refusal> {
    if incoming.body["anthropic_version"] != "bedrock-2023-05-31" {
        let message = "Malformed input request: anthropic_version is not valid.";
        return Err(Refusal::invalid(message, None));
    }
    for extraneous in ["model", "stream"] {
        if !incoming.body[extraneous].is_null() {
            let message =
                format!("Malformed input request: extraneous key [{extraneous}] is not permitted.");
            return Err(Refusal::invalid(message, None));
        }
    }
    let mut headers = incoming.headers.clone();
    headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
    let mut ask = messages::read(&Incoming {
        headers: &headers,
        ..*incoming
    })?;
    ask.stream = incoming.stream;
    Ok(ask)
}

/// Each of Anthropic's events is the base64 in a chunk of Amazon's.
pub(in crate::doubles::model::wire) fn stream(ask: &Ask, answer: &Answer) -> Script {
    let mut script = messages::stream(ask, answer);
    for frame in &mut script.frames {
        frame.bytes = chunk(&frame.bytes);
    }
    for bytes in &mut script.tail {
        *bytes = chunk(bytes);
    }
    let message = json!({ "message": "Bedrock is unable to process your request." });
    script.error = event_stream::exception("serviceUnavailableException", &message);
    script.malformed = corrupted();
    script
}

fn chunk(event: &Bytes) -> Bytes {
    let data = event.split(|byte| *byte == b'\n');
    let data = data.filter_map(|line| line.strip_prefix(b"data: "));
    let data: Vec<u8> = data.flatten().copied().collect();
    event_stream::event("chunk", &json!({ "bytes": STANDARD.encode(data) }))
}
