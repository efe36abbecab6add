//! What the table of dialects found: losses nobody was told of, and names of losses that were none.

use serde_json::json;

use super::{events, fold, print, print_reply, reply, translate};
use crate::dialect::{Dialect, ReplyContext, Target, Url};

const GPT: &str = "gpt-4.1";

#[test]
fn what_the_content_says_is_not_lost() {
    let body = json!({ "model": "m", "contents": [
        { "role": "user", "parts": [{ "inlineData": { "mimeType": "audio/wav", "data": "UklGRg==" } }] },
        { "role": "model", "parts": [{ "functionCall": { "id": "c", "name": "f", "args": {} } }] },
        { "role": "user", "parts": [{ "functionResponse": { "id": "c", "name": "f", "response": { "result": "one" } } }] },
    ] });
    let target = Target::new(Dialect::Chat, GPT);
    let (chat, losses) = translate(Dialect::Gemini, &body, &target, Dialect::Chat);
    assert_eq!(losses, "");
    assert_eq!(chat["messages"][2]["content"], "one");
    let target = Target::verbatim(Dialect::Gemini, "m");
    let (same, _) = translate(Dialect::Gemini, &body, &target, Dialect::Gemini);
    assert_eq!(same["contents"], body["contents"]);
}

#[test]
fn tiers_of_bedrock_are_openais() {
    for (tier, expected) in [("flex", Some("flex")), ("reserved", None)] {
        let body = json!({ "serviceTier": { "type": tier },
            "messages": [{ "role": "user", "content": [{ "text": "hi" }] }] });
        let url = Url {
            model: Some("m"),
            stream: None,
        };
        let request = Dialect::Converse
            .parse_request(body.to_string().as_bytes(), url)
            .unwrap();
        for to in [Dialect::Chat, Dialect::Responses] {
            let mut out = bytes::BytesMut::new();
            let printed = to
                .print_request(&request, &Target::new(to, GPT), &mut out)
                .unwrap();
            let body: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(body["service_tier"].as_str(), expected, "{to}");
            let losses = printed.losses;
            assert_eq!(
                losses.contains("service_tier"),
                expected.is_none(),
                "{losses}"
            );
        }
    }
}

#[test]
fn a_stop_text_is_a_field_of_its_own_elsewhere() {
    let body = json!({ "output": { "message": { "role": "assistant", "content": [{ "text": "a" }] } },
        "stopReason": "stop_sequence", "usage": { "inputTokens": 1, "outputTokens": 1, "totalTokens": 2 },
        "additionalModelResponseFields": { "stop_sequence": "END" } });
    let context = ReplyContext::default();
    let parsed = reply(Dialect::Converse, &body);
    let (messages, losses) = print_reply(Dialect::Messages, &parsed, &context);
    assert_eq!(
        (messages["stop_sequence"].as_str(), losses.as_str()),
        (Some("END"), "")
    );
    // A reply put together from a stream has no such field to copy.
    let mut parsed = parsed;
    parsed.extra.take("additionalModelResponseFields");
    let (same, _) = print_reply(Dialect::Converse, &parsed, &context);
    assert_eq!(
        same["additionalModelResponseFields"]["stop_sequence"],
        "END"
    );
}

#[test]
fn signatures_of_calls_are_missed_in_streams_too() {
    let chunk = json!({ "candidates": [{ "index": 0, "finishReason": "STOP", "content": { "role": "model", "parts": [
        { "functionCall": { "id": "c", "name": "f", "args": {} }, "thoughtSignature": "c2ln" } ] } }] });
    let stream = events(Dialect::Gemini, &format!("data: {chunk}\n\n"));
    for to in [
        Dialect::Chat,
        Dialect::Responses,
        Dialect::Messages,
        Dialect::Converse,
    ] {
        let mut printer = to.stream_printer(ReplyContext::default());
        let mut out = bytes::BytesMut::new();
        stream
            .iter()
            .for_each(|event| printer.push(event, &mut out));
        assert!(
            printer.losses().contains("tool_call.signature"),
            "{to}: {}",
            printer.losses()
        );
    }
    let again = events(
        Dialect::Gemini,
        &print(Dialect::Gemini, &stream, ReplyContext::default()),
    );
    assert_eq!(
        fold(Dialect::Gemini, again).choices,
        fold(Dialect::Gemini, stream).choices
    );
}

#[test]
fn counts_without_a_slot_are_missed() {
    let written = reply(
        Dialect::Messages,
        &json!({ "type": "message", "role": "assistant", "model": "m",
        "content": [{ "type": "text", "text": "a" }], "stop_reason": "end_turn",
        "usage": { "input_tokens": 1, "cache_creation_input_tokens": 3, "output_tokens": 1 } }),
    );
    let (body, losses) = print_reply(Dialect::Gemini, &written, &ReplyContext::default());
    assert_eq!(body["usageMetadata"]["promptTokenCount"], 4);
    assert_eq!(losses, "usage.cache_write");
    let thought = reply(
        Dialect::Chat,
        &json!({ "model": "m",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "a" }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 9, "completion_tokens_details": { "reasoning_tokens": 4 } } }),
    );
    let (body, losses) = print_reply(Dialect::Converse, &thought, &ReplyContext::default());
    assert_eq!(body["usage"]["outputTokens"], 9);
    assert_eq!(losses, "usage.reasoning");
}
