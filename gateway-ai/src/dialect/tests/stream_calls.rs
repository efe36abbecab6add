//! Calls of tools in streams: many at once, in any order.

use serde_json::json;

use super::{streams::types, *};

/// Two parallel calls whose fragments interleave, as OpenAI may send them.
pub(super) fn interleaved() -> String {
    chat_stream(&[
        json!({ "role": "assistant", "content": "" }),
        json!({ "content": "let me" }),
        json!({ "tool_calls": [{ "index": 0, "id": "a", "type": "function", "function": { "name": "f", "arguments": "" } }] }),
        json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "{\"x\":" } }] }),
        json!({ "tool_calls": [{ "index": 1, "id": "b", "type": "function", "function": { "name": "g", "arguments": "{" } }] }),
        json!({ "tool_calls": [{ "index": 0, "function": { "arguments": "1}" } }] }),
        json!({ "tool_calls": [{ "index": 1, "function": { "arguments": "}" } }] }),
        json!({ "finish": "tool_calls" }),
        json!({ "choices": [], "usage": { "prompt_tokens": 7, "completion_tokens": 3 } }),
        "[DONE]".into(),
    ])
}

#[test]
fn sequential_calls_are_not_held_back() {
    let mut parser = Dialect::Chat.stream_parser();
    let mut printer = Dialect::Messages.stream_printer(ReplyContext::default());
    let mut seen = String::new();
    for call in 0..2 {
        for delta in [
            json!({ "tool_calls": [{ "index": call, "id": format!("c{call}"), "function": { "name": "f", "arguments": "" } }] }),
            json!({ "tool_calls": [{ "index": call, "function": { "arguments": "{\"n\":1}" } }] }),
        ] {
            let (mut events, mut out) = (Vec::new(), BytesMut::new());
            parser.push(chat_stream(&[delta]).as_bytes(), &mut events);
            events
                .iter()
                .for_each(|event| printer.push(event, &mut out));
            assert!(!out.is_empty(), "nothing came out of call {call}");
            seen.push_str(std::str::from_utf8(&out).unwrap());
        }
    }
    assert_eq!(
        types(&seen)
            .iter()
            .filter(|kind| *kind == "content_block_start")
            .count(),
        2
    );
}

/// Text, a call without arguments and one with, as Anthropic sends them.
fn calls() -> String {
    messages_stream(&[
        json!({ "type": "message_start", "message": { "id": "msg_1", "model": "claude", "usage": { "input_tokens": 9, "output_tokens": 1 } } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
        json!({ "type": "ping" }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "hi" } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "content_block_start", "index": 1, "content_block": { "type": "tool_use", "id": "t1", "name": "f", "input": {} } }),
        json!({ "type": "content_block_delta", "index": 1, "delta": { "type": "input_json_delta", "partial_json": "" } }),
        json!({ "type": "content_block_stop", "index": 1 }),
        json!({ "type": "content_block_start", "index": 2, "content_block": { "type": "tool_use", "id": "t2", "name": "g", "input": {} } }),
        json!({ "type": "content_block_delta", "index": 2, "delta": { "type": "input_json_delta", "partial_json": "{\"a\":" } }),
        json!({ "type": "content_block_delta", "index": 2, "delta": { "type": "input_json_delta", "partial_json": "1}" } }),
        json!({ "type": "content_block_stop", "index": 2 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" }, "usage": { "output_tokens": 12 } }),
        json!({ "type": "message_stop" }),
    ])
}

#[test]
fn chat_counts_calls_and_not_blocks() {
    let context = ReplyContext {
        include_usage: true,
        ..ReplyContext::default()
    }
    .with_identity("x", 3);
    let text = print(Dialect::Chat, &events(Dialect::Messages, &calls()), context);
    let all = frames(&text);
    let deltas: Vec<&Value> = all
        .iter()
        .filter_map(|frame| frame["choices"].get(0))
        .map(|c| &c["delta"])
        .collect();
    assert_eq!(deltas[0], &json!({ "role": "assistant", "content": "" }));
    assert_eq!(
        deltas
            .iter()
            .filter(|delta| !delta["role"].is_null())
            .count(),
        1
    );
    assert_eq!(
        deltas[2]["tool_calls"][0],
        json!({ "index": 0, "id": "t1", "type": "function", "function": { "name": "f", "arguments": "" } })
    );
    assert_eq!(
        deltas[3]["tool_calls"][0],
        json!({ "index": 0, "function": { "arguments": "{}" } })
    );
    assert_eq!(deltas[4]["tool_calls"][0]["index"], 1);
    let joined: String = deltas
        .iter()
        .filter(|d| d["tool_calls"][0]["index"] == 1)
        .filter_map(|d| d["tool_calls"][0]["function"]["arguments"].as_str())
        .collect();
    assert_eq!(joined, "{\"a\":1}");
    let finish = &all[all.len() - 3];
    assert_eq!(
        (
            &finish["choices"][0]["delta"],
            &finish["choices"][0]["finish_reason"]
        ),
        (&json!({}), &json!("tool_calls"))
    );
    let usage = &all[all.len() - 2];
    assert_eq!(
        (
            &usage["choices"],
            &usage["usage"]["prompt_tokens"],
            &usage["usage"]["completion_tokens"]
        ),
        (&json!([]), &json!(9), &json!(12))
    );
    assert_eq!(all[all.len() - 1], "[DONE]");
    assert!(all.iter().all(|frame| frame == "[DONE]"
        || (frame["id"] == "msg_1" && frame["model"] == "claude" && frame["created"] == 3)));
    assert!(text.contains(": ping\n\n"));
}

#[test]
fn servers_that_number_every_call_zero_are_understood() {
    let stream = chat_stream(&[
        json!({ "tool_calls": [{ "index": 0, "id": "a", "function": { "name": "f", "arguments": "{}" } }] }),
        json!({ "tool_calls": [{ "index": 0, "id": "b", "function": { "name": "g", "arguments": "{}" } }] }),
        json!({ "finish": "stop" }),
        "[DONE]".into(),
    ]);
    let reply = fold(Dialect::Chat, events(Dialect::Chat, &stream));
    assert_eq!(reply.choices[0].content.len(), 2);
    let missing = chat_stream(&[
        json!({ "tool_calls": [{ "function": { "name": "f", "arguments": "{\"a\":" } }] }),
        json!({ "tool_calls": [{ "function": { "arguments": "1}" } }] }),
        json!({ "finish": "stop" }),
        "[DONE]".into(),
    ]);
    let reply = fold(Dialect::Chat, events(Dialect::Chat, &missing));
    let crate::canonical::Block::ToolCall(call) = &reply.choices[0].content[0] else {
        panic!()
    };
    assert_eq!(
        (call.arguments.as_str(), call.id.as_str()),
        ("{\"a\":1}", "call_chatcmpl1_0_0")
    );
}
