use serde_json::json;

use super::{stream_calls::interleaved, *};

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
