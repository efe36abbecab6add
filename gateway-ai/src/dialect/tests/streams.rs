use serde_json::json;

use super::*;

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

pub(super) fn types(text: &str) -> Vec<String> {
    frames(text)
        .iter()
        .map(|frame| frame["type"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn messages_have_one_open_block_and_names_equal_types() {
    let text = print(
        Dialect::Messages,
        &events(Dialect::Chat, &interleaved()),
        ReplyContext::default(),
    );
    assert_eq!(
        types(&text),
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "content_block_start",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
    );
    let all = frames(&text);
    assert_eq!(
        all[4]["content_block"],
        json!({ "type": "tool_use", "id": "a", "name": "f", "input": {} })
    );
    let indexes: Vec<u64> = all
        .iter()
        .filter_map(|frame| frame["index"].as_u64())
        .collect();
    assert_eq!(indexes, [0, 0, 0, 1, 1, 1, 1, 2, 2, 2]);
    assert_eq!(all[11]["delta"]["stop_reason"], "tool_use");
    assert_eq!(
        all[11]["usage"],
        json!({ "input_tokens": 7, "output_tokens": 3 })
    );
    for block in text.split("\n\n").filter(|block| !block.is_empty()) {
        let name = block
            .lines()
            .next()
            .unwrap()
            .strip_prefix("event: ")
            .unwrap();
        assert!(block.contains(&format!("\"type\":\"{name}\"")), "{block}");
    }
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
fn googles_clients_are_pinged_without_comments() {
    for sse in [true, false] {
        let context = ReplyContext {
            sse,
            ..ReplyContext::default()
        };
        let out = print(Dialect::Gemini, &[Event::Ping], context);
        assert_eq!(out, "\n", "sse: {sse}");
    }
}

#[test]
fn usage_is_not_sent_to_those_who_did_not_ask() {
    let text = print(
        Dialect::Chat,
        &events(Dialect::Chat, &interleaved()),
        ReplyContext::default(),
    );
    assert!(!text.contains("\"usage\""));
    assert!(text.ends_with("data: [DONE]\n\n"));
}

#[test]
fn thinking_goes_into_its_own_block_with_one_signature() {
    let stream = messages_stream(&[
        json!({ "type": "message_start", "message": { "id": "m" } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "thinking", "thinking": "", "signature": "" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "thinking_delta", "thinking": "hm" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "signature_delta", "signature": "sig" } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "content_block_start", "index": 1, "content_block": { "type": "text", "text": "" } }),
        json!({ "type": "content_block_delta", "index": 1, "delta": { "type": "text_delta", "text": "a" } }),
        json!({ "type": "content_block_stop", "index": 1 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" } }),
        json!({ "type": "message_stop" }),
    ]);
    let chat = print(
        Dialect::Chat,
        &events(Dialect::Messages, &stream),
        ReplyContext::default(),
    );
    assert!(chat.contains("\"reasoning_content\":\"hm\""));
    let again = print(
        Dialect::Messages,
        &events(Dialect::Chat, &chat),
        ReplyContext::default(),
    );
    let signatures: Vec<Value> = frames(&again)
        .into_iter()
        .filter(|f| f["delta"]["type"] == "signature_delta")
        .collect();
    assert_eq!(signatures.len(), 1);
    assert_eq!(signatures[0]["delta"]["signature"], "sig");
    let deep_seek = chat_stream(&[
        json!({ "reasoning_content": "th" }),
        json!({ "reasoning_content": "ink" }),
        json!({ "content": "answer" }),
        json!({ "finish": "stop" }),
        "[DONE]".into(),
    ]);
    let text = print(
        Dialect::Messages,
        &events(Dialect::Chat, &deep_seek),
        ReplyContext::default(),
    );
    let kinds: Vec<Value> = frames(&text)
        .iter()
        .filter(|f| !f["content_block"].is_null())
        .map(|f| f["content_block"]["type"].clone())
        .collect();
    assert_eq!(kinds, ["thinking", "text"]);
}

#[test]
fn message_start_carries_an_estimate_that_the_end_corrects() {
    let context = ReplyContext {
        input_estimate: Some(6),
        ..ReplyContext::default()
    };
    let all = frames(&print(
        Dialect::Messages,
        &events(Dialect::Chat, &interleaved()),
        context,
    ));
    assert_eq!(all[0]["message"]["usage"]["input_tokens"], 6);
    assert_eq!(all[all.len() - 2]["usage"]["input_tokens"], 7);
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

#[test]
fn two_candidates_keep_their_own_state() {
    let chunk = |index: u32, delta: Value, finish: Value| json!({ "id": "c", "choices": [{ "index": index, "delta": delta, "finish_reason": finish }] });
    let stream = chat_stream(&[
        chunk(0, json!({ "content": "a" }), Value::Null),
        chunk(1, json!({ "content": "x" }), Value::Null),
        chunk(0, json!({ "content": "b" }), Value::Null),
        chunk(1, json!({ "content": "y" }), "length".into()),
        chunk(0, json!({}), "stop".into()),
        "[DONE]".into(),
    ]);
    let text = print(
        Dialect::Chat,
        &events(Dialect::Chat, &stream),
        ReplyContext::default(),
    );
    let reply = fold(Dialect::Chat, events(Dialect::Chat, &text));
    let texts: Vec<&str> = reply
        .choices
        .iter()
        .filter_map(|choice| choice.content[0].as_text())
        .collect();
    assert_eq!(texts, ["ab", "xy"]);
}
