//! Bodies of the size and shape real calls have: a 0.6 KB chat request, a 1.0 KB answer, a stream of
//! 104 events.

use bytes::Bytes;
use serde_json::json;

/// The path of an OpenAI chat completion.
pub const CHAT_PATH: &str = "/v1/chat/completions";
/// The path of an Anthropic message.
pub const MESSAGES_PATH: &str = "/v1/messages";

const WORDS: &str =
    "the quick brown fox jumps over the lazy dog while a gateway forwards its bytes ";

/// An OpenAI chat request of about 0.6 KB.
#[must_use]
pub fn chat_request(model: &str, stream: bool) -> Bytes {
    let request = json!({
        "model": model,
        "messages": [
            { "role": "system", "content": WORDS.repeat(2) },
            { "role": "user", "content": WORDS.repeat(4) },
        ],
        "temperature": 0.7,
        "max_tokens": 256,
        "stream": stream,
    });
    Bytes::from(request.to_string())
}

/// An OpenAI chat request of at least `bytes`: a conversation of many turns, with line ends and
/// quotes in them, as agents send it.
#[must_use]
pub fn long_chat_request(bytes: usize) -> Bytes {
    let turn = format!("{}\n\"{WORDS}\"\n", WORDS.repeat(20));
    let turns = bytes.div_ceil(turn.len());
    let messages: Vec<_> = (0..turns)
        .map(|turn_number| {
            let role = if turn_number % 2 == 0 {
                "user"
            } else {
                "assistant"
            };
            json!({ "role": role, "content": turn })
        })
        .collect();
    Bytes::from(json!({ "model": "m", "messages": messages, "max_tokens": 256 }).to_string())
}

/// An OpenAI chat answer of about 1 KB.
#[must_use]
pub fn chat_reply() -> Bytes {
    let reply = json!({
        "id": "chatcmpl-0123456789", "object": "chat.completion", "created": 1_764_000_000,
        "model": "gpt-4o-mini",
        "choices": [{
            "index": 0, "finish_reason": "stop", "logprobs": null,
            "message": { "role": "assistant", "content": WORDS.repeat(8), "refusal": null },
        }],
        "usage": { "prompt_tokens": 102, "completion_tokens": 128, "total_tokens": 230 },
        "system_fingerprint": "fp_0123456789",
    });
    Bytes::from(reply.to_string())
}

/// An Anthropic answer of about 1 KB.
#[must_use]
pub fn message_reply() -> Bytes {
    let reply = json!({
        "id": "msg_0123456789", "type": "message", "role": "assistant",
        "model": "claude-haiku-4-5", "content": [{ "type": "text", "text": WORDS.repeat(8) }],
        "stop_reason": "end_turn", "stop_sequence": null,
        "usage": { "input_tokens": 102, "output_tokens": 128 },
    });
    Bytes::from(reply.to_string())
}

/// The 104 events of an OpenAI stream, `[DONE]` included, about 32 KB.
#[must_use]
pub fn chat_events() -> Vec<Bytes> {
    let chunk = |delta: serde_json::Value, finish: Option<&str>| {
        let event = json!({
            "id": "chatcmpl-0123456789", "object": "chat.completion.chunk",
            "created": 1_764_000_000, "model": "gpt-4o-mini", "system_fingerprint": "fp_0123456789",
            "choices": [{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }],
        });
        Bytes::from(format!("data: {event}\n\n"))
    };
    let mut events = vec![chunk(json!({ "role": "assistant", "content": "" }), None)];
    events.extend((0..100).map(|at| {
        let word = WORDS.split(' ').nth(at % 14).unwrap_or_default();
        chunk(
            json!({ "content": format!(" {word} and so on it goes, token by token {at}") }),
            None,
        )
    }));
    events.push(chunk(json!({}), Some("stop")));
    let usage = json!({
        "id": "chatcmpl-0123456789", "object": "chat.completion.chunk", "created": 1_764_000_000,
        "model": "gpt-4o-mini", "choices": [],
        "usage": { "prompt_tokens": 102, "completion_tokens": 128, "total_tokens": 230 },
    });
    events.push(Bytes::from(format!("data: {usage}\n\n")));
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

/// The 104 events of an Anthropic stream.
#[must_use]
pub fn message_events() -> Vec<Bytes> {
    let event = |name: &str, data: serde_json::Value| {
        Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
    };
    let start = json!({ "type": "message_start", "message": {
        "id": "msg_0123456789", "type": "message", "role": "assistant", "content": [],
        "model": "claude-haiku-4-5", "stop_reason": null, "stop_sequence": null,
        "usage": { "input_tokens": 102, "output_tokens": 1 } } });
    let block = json!({ "type": "content_block_start", "index": 0,
        "content_block": { "type": "text", "text": "" } });
    let mut events = vec![
        event("message_start", start),
        event("content_block_start", block),
    ];
    events.extend((0..99).map(|at| {
        let word = WORDS.split(' ').nth(at % 14).unwrap_or_default();
        let text = format!(" {word} and so on it goes, token by token {at}");
        event(
            "content_block_delta",
            json!({ "type": "content_block_delta", "index": 0,
            "delta": { "type": "text_delta", "text": text } }),
        )
    }));
    events.push(event(
        "content_block_stop",
        json!({ "type": "content_block_stop", "index": 0 }),
    ));
    events.push(event(
        "message_delta",
        json!({ "type": "message_delta",
        "delta": { "stop_reason": "end_turn", "stop_sequence": null },
        "usage": { "output_tokens": 128 } }),
    ));
    events.push(event("message_stop", json!({ "type": "message_stop" })));
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_have_the_same_number_of_events() {
        assert_eq!(chat_events().len(), 104);
        assert_eq!(message_events().len(), 104);
    }
}
