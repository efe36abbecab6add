use serde_json::json;

use super::*;

fn history(arguments: &str) -> Value {
    json!({ "model": "m", "messages": [
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": "let me see", "tool_calls": [
            { "id": "c1", "type": "function", "function": { "name": "f", "arguments": arguments } },
            { "id": "c2", "type": "function", "function": { "name": "g", "arguments": "" } },
        ] },
        { "role": "tool", "tool_call_id": "c1", "content": "one" },
        { "role": "tool", "tool_call_id": "c2", "content": [{ "type": "text", "text": "two" }] },
        { "role": "user", "content": "and?" },
    ] })
}

#[test]
fn text_beside_calls_survives_and_results_share_a_turn() {
    let (body, losses) = to_messages(&history("{\"b\":1.0,\"a\":12345678901234567890123}"));
    assert_eq!(
        body["messages"][1]["content"][0],
        json!({ "type": "text", "text": "let me see" })
    );
    assert_eq!(body["messages"][1]["content"][2]["input"], json!({}));
    let results = body["messages"][2]["content"].as_array().unwrap();
    let kinds: Vec<&Value> = results.iter().map(|block| &block["type"]).collect();
    assert_eq!(kinds, ["tool_result", "tool_result", "text"]);
    assert_eq!(results[0]["content"], "one");
    assert_eq!(losses, "");
    let (back, losses) = to_chat(&body);
    assert_eq!(losses, "");
    assert_eq!(
        back["messages"][2],
        json!({ "role": "tool", "tool_call_id": "c1", "content": "one" })
    );
    assert_eq!(
        back["messages"][4],
        json!({ "role": "user", "content": "and?" })
    );
}

#[test]
fn argument_text_is_not_respelled() {
    let arguments = "{\"b\":1.0,\"a\":12345678901234567890123,\"c\":1e2}";
    let request = parse(Dialect::Chat, &history(arguments));
    let mut out = BytesMut::new();
    let target = Target::new(Dialect::Messages, "claude-haiku-4-5");
    Dialect::Messages
        .print_request(&request, &target, &mut out)
        .unwrap();
    assert!(String::from_utf8_lossy(&out).contains(arguments));
    let again = Dialect::Messages
        .parse_request(&out, Url::default())
        .unwrap();
    let mut out = BytesMut::new();
    Dialect::Chat
        .print_request(&again, &Target::new(Dialect::Chat, "gpt-4o"), &mut out)
        .unwrap();
    let chat: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        chat["messages"][1]["tool_calls"][0]["function"]["arguments"],
        arguments
    );
    assert_eq!(
        chat["messages"][1]["tool_calls"][1]["function"]["arguments"],
        "{}"
    );
}

#[test]
fn arguments_that_are_no_object_are_wrapped_and_said() {
    for text in ["[1]", "{\"a\":", "hello", "5"] {
        let (body, losses) = to_messages(&history(text));
        assert_eq!(
            body["messages"][1]["content"][1]["input"],
            json!({ "_raw": text })
        );
        assert_eq!(losses, "tool_call.arguments");
    }
}

#[test]
fn orphans_are_mended_and_said() {
    let (body, losses) = to_messages(&json!({ "model": "m", "messages": [
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": null, "tool_calls": [
            { "id": "c1", "type": "function", "function": { "name": "f", "arguments": "{}" } }] },
        { "role": "user", "content": "never mind" },
        { "role": "tool", "tool_call_id": "zzz", "content": "late" },
    ] }));
    let turn = body["messages"][2]["content"].as_array().unwrap();
    assert_eq!(
        (&turn[0]["tool_use_id"], &turn[0]["is_error"]),
        (&json!("c1"), &json!(true))
    );
    assert_eq!(turn[2]["text"], "[tool result]\nlate");
    assert_eq!(losses, "tool_call.unanswered, tool_result.orphan");
}

#[test]
fn failed_results_and_their_images_cross_with_a_word() {
    let (body, losses) = to_chat(&json!({ "model": "m", "max_tokens": 1, "messages": [
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": [{ "type": "tool_use", "id": "x", "name": "f", "input": { "q": 1 } }] },
        { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "x", "is_error": true, "content": [
            { "type": "text", "text": "boom" },
            { "type": "image", "source": { "type": "url", "url": "https://e.com/i.png" } },
        ] }] },
    ] }));
    assert_eq!(
        body["messages"][2],
        json!({ "role": "tool", "tool_call_id": "x", "content": "Error: boom" })
    );
    assert_eq!(
        body["messages"][3]["content"][0]["image_url"]["url"],
        "https://e.com/i.png"
    );
    assert_eq!(losses, "tool_result.media_position, tool_result.is_error");
}

#[test]
fn ids_fit_the_target_and_still_pair() {
    let id =
        "call:with/foreign|characters and a signature that is far too long for anybody".repeat(2);
    let body = json!({ "model": "m", "messages": [
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": null, "tool_calls": [
            { "id": id, "type": "function", "function": { "name": "f", "arguments": "{}" } }] },
        { "role": "tool", "tool_call_id": id, "content": "r" },
    ] });
    let (printed, _) = to_messages(&body);
    let sent = printed["messages"][1]["content"][0]["id"].as_str().unwrap();
    assert!(sent.len() <= 64 && sent.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    assert_eq!(printed["messages"][2]["content"][0]["tool_use_id"], sent);
}

#[test]
fn the_older_function_calls_map_both_ways() {
    let body = json!({ "model": "m", "functions": [{ "name": "f", "parameters": { "type": "object" } }],
        "function_call": "auto", "messages": [
            { "role": "user", "content": "a" },
            { "role": "assistant", "content": null, "function_call": { "name": "f", "arguments": "{\"x\":1}" } },
            { "role": "function", "name": "f", "content": "r" },
        ] });
    let (printed, losses) = to_messages(&body);
    assert_eq!(
        printed["messages"][1]["content"][0]["id"],
        printed["messages"][2]["content"][0]["tool_use_id"]
    );
    assert_eq!(
        (&printed["tools"][0]["name"], losses.as_str()),
        (&json!("f"), "")
    );
    let request = parse(Dialect::Chat, &body);
    let reply = reply(
        Dialect::Messages,
        &json!({ "stop_reason": "tool_use", "content": [
        { "type": "tool_use", "id": "1", "name": "f", "input": { "x": 2 } }] }),
    );
    let (chat, _) = print_reply(Dialect::Chat, &reply, &ReplyContext::for_request(&request));
    assert_eq!(
        chat["choices"][0]["message"]["function_call"],
        json!({ "name": "f", "arguments": "{ \"x\": 2 }".replace(' ', "") })
    );
    assert_eq!(chat["choices"][0]["finish_reason"], "function_call");
}
