//! Thoughts that a client of Chat was streamed, as its fold sends them back.

use serde_json::{Value, json};

use super::{events, frames, messages_stream, print, to_messages};
use crate::dialect::{Dialect, ReplyContext};

/// What a client keeps of a stream: the text of the thought, and the last of its entries.
fn streamed(format: &str) -> (String, Value) {
    let stream = match format {
        "anthropic-claude-v1" => messages_stream(&[
            json!({ "type": "message_start", "message": { "id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": { "input_tokens": 1, "output_tokens": 1 } } }),
            json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "thinking", "thinking": "", "signature": "" } }),
            json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "thinking_delta", "thinking": "Grüße, " } }),
            json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "thinking_delta", "thinking": "he says." } }),
            json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "signature_delta", "signature": "c2ln" } }),
            json!({ "type": "content_block_stop", "index": 0 }),
        ]),
        _ => messages_stream(&[
            json!({ "type": "response.output_item.added", "output_index": 0, "item": { "id": "rs_1", "type": "reasoning", "summary": [] } }),
            json!({ "type": "response.reasoning_summary_part.added", "item_id": "rs_1", "output_index": 0, "summary_index": 0, "part": { "type": "summary_text", "text": "" } }),
            json!({ "type": "response.reasoning_summary_text.delta", "item_id": "rs_1", "output_index": 0, "summary_index": 0, "delta": "Hm" }),
            json!({ "type": "response.reasoning_summary_part.done", "item_id": "rs_1", "output_index": 0, "summary_index": 0, "part": { "type": "summary_text", "text": "Hm" } }),
            json!({ "type": "response.output_item.done", "output_index": 0, "item": { "id": "rs_1", "type": "reasoning", "summary": [{ "type": "summary_text", "text": "Hm" }], "encrypted_content": "c2ln" } }),
        ]),
    };
    let from = match format {
        "anthropic-claude-v1" => Dialect::Messages,
        _ => Dialect::Responses,
    };
    let printed = print(
        Dialect::Chat,
        &events(from, &stream),
        ReplyContext::default(),
    );
    let (mut text, mut last) = (String::new(), Value::Null);
    for frame in frames(&printed) {
        let delta = &frame["choices"][0]["delta"];
        text.push_str(delta["reasoning_content"].as_str().unwrap_or_default());
        if delta["reasoning_details"].is_array() {
            last = delta["reasoning_details"].clone();
        }
    }
    (text, last)
}

fn back(text: &str, details: &Value) -> (Value, String) {
    to_messages(&json!({ "model": "m", "messages": [
        { "role": "user", "content": "hi" },
        { "role": "assistant", "content": "so", "reasoning_content": text, "reasoning_details": details },
        { "role": "user", "content": "and?" },
    ] }))
}

#[test]
fn a_streamed_thought_comes_back_whole() {
    let (text, details) = streamed("anthropic-claude-v1");
    assert_eq!(text, "Grüße, he says.");
    let (sent, losses) = back(&text, &details);
    let thought = json!({ "type": "thinking", "thinking": text, "signature": "c2ln" });
    assert_eq!(sent["messages"][1]["content"][0], thought);
    assert!(!losses.contains("thinking"), "{losses}");
}

#[test]
fn a_piece_of_a_thought_does_not_go_to_who_signed_the_whole() {
    let (text, details) = streamed("anthropic-claude-v1");
    for kept in ["says.", "", "Grüße, he says. And more"] {
        let (sent, losses) = back(kept, &details);
        let content = &sent["messages"][1]["content"];
        assert!(!content.to_string().contains("c2ln"), "{kept}: {content}");
        assert!(losses.contains("thinking"), "{kept}: {losses}");
    }
    // Two thoughts share the text between them.
    let twice = json!([details[0], details[0]]);
    let (sent, _) = back(&format!("{text}{text}"), &twice);
    let content = &sent["messages"][1]["content"];
    assert_eq!(content[0]["thinking"], text.as_str());
    assert_eq!(content[1], content[0]);
}

#[test]
fn a_streamed_proof_says_whose_it_is() {
    for format in ["anthropic-claude-v1", "openai-responses-v1"] {
        let (_, details) = streamed(format);
        assert_eq!(details[0]["format"], format, "{details}");
        assert_eq!(details[0]["signature"], "c2ln", "{details}");
    }
}
