use serde_json::json;

use super::*;
use crate::dialect::ReasoningField;

pub(super) fn chat_reply(message: &Value, finish: &str) -> Value {
    json!({ "id": "chatcmpl-1", "object": "chat.completion", "created": 5, "model": "gpt",
        "choices": [{ "index": 0, "message": message, "finish_reason": finish }],
        "usage": { "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
            "prompt_tokens_details": { "cached_tokens": 60 },
            "completion_tokens_details": { "reasoning_tokens": 8 } } })
}

#[test]
fn stop_reasons_map_and_unknown_ones_never_leak() {
    for (raw, chat, messages) in [
        ("end_turn", "stop", "end_turn"),
        ("stop_sequence", "stop", "stop_sequence"),
        ("max_tokens", "length", "max_tokens"),
        (
            "model_context_window_exceeded",
            "length",
            "model_context_window_exceeded",
        ),
        ("tool_use", "tool_calls", "tool_use"),
        ("refusal", "content_filter", "refusal"),
        ("pause_turn", "stop", "pause_turn"),
        ("brand_new_reason", "stop", "end_turn"),
    ] {
        let reply = reply(
            Dialect::Messages,
            &json!({ "content": [{ "type": "text", "text": "a" }], "stop_reason": raw }),
        );
        let (body, _) = print_reply(Dialect::Chat, &reply, &ReplyContext::default());
        assert_eq!(body["choices"][0]["finish_reason"], chat, "{raw}");
        let (body, _) = print_reply(Dialect::Messages, &reply, &ReplyContext::default());
        assert_eq!(body["stop_reason"], messages, "{raw}");
    }
    for (raw, messages) in [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "refusal"),
        ("weird", "end_turn"),
    ] {
        let reply = reply(Dialect::Chat, &chat_reply(&json!({ "content": "a" }), raw));
        let (body, _) = print_reply(Dialect::Messages, &reply, &ReplyContext::default());
        assert_eq!(body["stop_reason"], messages, "{raw}");
    }
}

#[test]
fn stop_with_calls_means_that_they_are_to_be_made() {
    let body = chat_reply(
        &json!({ "content": null, "tool_calls": [
        { "id": "c", "type": "function", "function": { "name": "f", "arguments": "" } }] }),
        "stop",
    );
    let (printed, losses) = print_reply(
        Dialect::Messages,
        &reply(Dialect::Chat, &body),
        &ReplyContext::default(),
    );
    assert_eq!(printed["stop_reason"], "tool_use");
    assert_eq!(
        printed["content"],
        json!([{ "type": "tool_use", "id": "c", "name": "f", "input": {} }])
    );
    assert_eq!(losses, "");
}

#[test]
fn reasoning_has_a_slot_and_never_becomes_content() {
    let anthropic = reply(
        Dialect::Messages,
        &json!({ "stop_reason": "end_turn", "content": [
        { "type": "thinking", "thinking": "one ", "signature": "s1" },
        { "type": "redacted_thinking", "data": "enc" },
        { "type": "thinking", "thinking": "two", "signature": "s2" },
        { "type": "text", "text": "answer" },
    ] }),
    );
    let (chat, losses) = print_reply(Dialect::Chat, &anthropic, &ReplyContext::default());
    let message = &chat["choices"][0]["message"];
    assert_eq!(
        (&message["content"], &message["reasoning_content"]),
        (&json!("answer"), &json!("one two"))
    );
    assert_eq!(losses, "");
    let (back, losses) = print_reply(
        Dialect::Messages,
        &reply(Dialect::Chat, &chat),
        &ReplyContext::default(),
    );
    assert_eq!(back["content"][0]["signature"], "s1");
    assert_eq!(
        back["content"][1],
        json!({ "type": "redacted_thinking", "data": "enc" })
    );
    assert_eq!(back["content"][3]["text"], "answer");
    assert_eq!(losses, "choice.message.reasoning_content");
    let omit = ReplyContext {
        reasoning: ReasoningField::Omit,
        ..ReplyContext::default()
    };
    let (chat, losses) = print_reply(Dialect::Chat, &anthropic, &omit);
    assert!(chat["choices"][0]["message"]["reasoning_content"].is_null());
    assert_eq!(losses, "thinking");
}

#[test]
fn every_text_block_is_kept() {
    let anthropic = reply(
        Dialect::Messages,
        &json!({ "stop_reason": "end_turn", "content": [
        { "type": "text", "text": "a" }, { "type": "text", "text": "b", "citations": [{ "type": "char_location" }] },
        { "type": "server_tool_use", "id": "s", "name": "web_search", "input": {} } ] }),
    );
    let (chat, losses) = print_reply(Dialect::Chat, &anthropic, &ReplyContext::default());
    assert_eq!(chat["choices"][0]["message"]["content"], "ab");
    assert_eq!(losses, "content.server_tool_use, text.citations");
}

#[test]
fn a_refusal_is_text_elsewhere() {
    let body = chat_reply(&json!({ "content": null, "refusal": "I cannot" }), "stop");
    let refused = reply(Dialect::Chat, &body);
    let (messages, _) = print_reply(Dialect::Messages, &refused, &ReplyContext::default());
    assert_eq!(
        messages["content"],
        json!([{ "type": "text", "text": "I cannot" }])
    );
    let (chat, _) = print_reply(Dialect::Chat, &refused, &ReplyContext::default());
    assert_eq!(chat["choices"][0]["message"]["refusal"], "I cannot");
    assert!(chat["choices"][0]["message"]["content"].is_null());
}

/// Where words of refusal are text like any other, whoever wants JSON can tell by the reason alone.
#[test]
fn a_refusal_is_the_reason_elsewhere() {
    let chat = chat_reply(&json!({ "content": null, "refusal": "I cannot" }), "stop");
    let responses = json!({ "id": "r", "model": "m", "status": "completed", "output": [
        { "type": "message", "id": "m", "role": "assistant", "status": "completed",
          "content": [{ "type": "refusal", "refusal": "I cannot" }] } ] });
    let chunks = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"refusal\":\"I cannot\"},\"finish_reason\":null}]}\n\n\
         data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let mut events = Vec::new();
    Dialect::Chat
        .stream_parser()
        .push(chunks.as_bytes(), &mut events);
    let mut folded = Fold::new(Dialect::Chat, usize::MAX);
    events.into_iter().for_each(|event| folded.push(event));
    for refused in [
        reply(Dialect::Chat, &chat),
        reply(Dialect::Responses, &responses),
        folded.finish().unwrap(),
    ] {
        let said = |dialect, pointer: &str| {
            let (said, _) = print_reply(dialect, &refused, &ReplyContext::default());
            said.pointer(pointer)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let said = [
            said(Dialect::Messages, "/stop_reason"),
            said(Dialect::Gemini, "/candidates/0/finishReason"),
            said(Dialect::Converse, "/stopReason"),
            said(Dialect::Chat, "/choices/0/finish_reason"),
            said(Dialect::Responses, "/status"),
        ];
        let expected = ["refusal", "SAFETY", "content_filtered", "stop", "completed"];
        assert_eq!(said, expected.map(|word| Some(word.to_owned())));
    }
    // What was cut short is that first.
    let cut = chat_reply(&json!({ "content": null, "refusal": "I ca" }), "length");
    let (messages, _) = print_reply(
        Dialect::Messages,
        &reply(Dialect::Chat, &cut),
        &ReplyContext::default(),
    );
    assert_eq!(messages["stop_reason"], "max_tokens");
}

#[test]
fn names_ids_and_times_are_the_clients() {
    let anthropic = reply(
        Dialect::Messages,
        &json!({ "model": "claude", "content": [], "stop_reason": "end_turn" }),
    );
    let context = ReplyContext {
        model: "fast".into(),
        ..ReplyContext::default()
    }
    .with_identity("chatcmpl-9", 42);
    let (chat, _) = print_reply(Dialect::Chat, &anthropic, &context);
    assert_eq!(
        (&chat["id"], &chat["created"], &chat["model"]),
        (&json!("chatcmpl-9"), &json!(42), &json!("fast"))
    );
    assert_eq!(chat["choices"][0]["message"]["content"], "");
}

#[test]
fn vendors_leave_things_out() {
    let bare = reply(
        Dialect::Chat,
        &json!({ "choices": [{ "message": { "content": "a", "tool_calls": [
        { "function": { "name": "f", "arguments": { "x": 1 } } } ] } }] }),
    );
    let (messages, _) = print_reply(
        Dialect::Messages,
        &bare,
        &ReplyContext::default().with_identity("msg_1", 0),
    );
    assert_eq!(messages["id"], "msg_1");
    assert_eq!(messages["content"][1]["input"], json!({ "x": 1 }));
    assert_eq!(messages["content"][1]["id"], "call__0_0");
    assert_eq!(
        messages["usage"],
        json!({ "input_tokens": 0, "output_tokens": 0 })
    );
}

#[test]
fn an_error_with_status_200_is_an_error() {
    for body in [
        json!({ "error": { "message": "upstream said no", "code": 502 } }),
        json!({ "error": { "message": "x", "type": "overloaded_error" }, "choices": [] }),
        json!({ "id": "1" }),
    ] {
        assert!(
            Dialect::Chat
                .parse_reply(body.to_string().as_bytes())
                .is_err(),
            "{body}"
        );
        assert!(
            Dialect::Messages
                .parse_reply(body.to_string().as_bytes())
                .is_err(),
            "{body}"
        );
    }
    assert!(Dialect::Chat.parse_reply(b"<html>").is_err());
    assert!(
        Dialect::Chat
            .parse_reply(br#"{"error":null,"choices":[]}"#)
            .is_ok()
    );
}

#[test]
fn clients_see_only_tiers_they_know() {
    for (tier, chat, messages) in [
        ("default", json!("default"), json!("standard")),
        ("standard", json!("default"), json!("standard")),
        ("on_demand", Value::Null, Value::Null),
        ("", Value::Null, Value::Null),
    ] {
        let mut reply = reply(
            Dialect::Chat,
            &chat_reply(&json!({ "content": "a" }), "stop"),
        );
        reply.service_tier = Some(tier.into());
        let (body, _) = print_reply(Dialect::Chat, &reply, &ReplyContext::default());
        assert_eq!(body["service_tier"], chat, "{tier}");
        let (body, _) = print_reply(Dialect::Messages, &reply, &ReplyContext::default());
        assert_eq!(body["usage"]["service_tier"], messages, "{tier}");
    }
}
