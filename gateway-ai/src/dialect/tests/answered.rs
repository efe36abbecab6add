//! What an answer says of its end, its cost and its failure, whole and streamed, in every dialect.

use serde_json::json;

use super::*;
use crate::{
    canonical::{Block, Usage},
    error::AiErrorKind,
};

fn chat_reply(message: &Value, finish: &str) -> Reply {
    let choice = json!({ "index": 0, "message": message, "finish_reason": finish });
    reply(
        Dialect::Chat,
        &json!({ "id": "c", "model": "m", "choices": [choice] }),
    )
}

fn printed(to: Dialect, reply: &Reply) -> (Value, String) {
    print_reply(to, reply, &ReplyContext::default())
}

fn call() -> Value {
    json!({ "content": null, "tool_calls": [
        { "id": "c", "type": "function", "function": { "name": "f", "arguments": "{\"a\":" } }] })
}

/// The bytes of a stream of a dialect that may not be text.
fn bytes(to: Dialect, events: &[Event]) -> Vec<u8> {
    let mut printer = to.stream_printer(ReplyContext::default());
    let mut out = BytesMut::new();
    events
        .iter()
        .for_each(|event| printer.push(event, &mut out));
    out.to_vec()
}

fn parsed(from: Dialect, bytes: &[u8]) -> Vec<Event> {
    let mut parser = from.stream_parser();
    let mut out = Vec::new();
    parser.push(bytes, &mut out);
    parser.finish(&mut out);
    out
}

#[test]
fn a_schema_tool_is_undone_in_whole_answers() {
    let body = json!({ "model": "m", "messages": [{ "role": "user", "content": "a" }],
        "response_format": { "type": "json_schema", "json_schema": { "name": "out", "schema": { "type": "object" } } } });
    let target = Target::new(Dialect::Messages, "claude-3-5-haiku-latest");
    let (_, outcome) = try_translate(Dialect::Chat, &body, &target, Dialect::Messages).unwrap();
    let mut reply = reply(
        Dialect::Messages,
        &json!({ "stop_reason": "tool_use", "content": [
            { "type": "tool_use", "id": "1", "name": "out", "input": { "a": 1.0 } }] }),
    );
    outcome.restore.reply(&mut reply);
    let (chat, _) = printed(Dialect::Chat, &reply);
    let choice = &chat["choices"][0];
    assert_eq!(choice["message"]["content"], "{\"a\":1.0}");
    assert_eq!(choice["message"].get("tool_calls"), None);
    assert_eq!(choice["finish_reason"], "stop");
}

#[test]
fn a_call_cut_off_by_the_limit_is_not_complete() {
    let cut = chat_reply(&call(), "length");
    let (messages, losses) = printed(Dialect::Messages, &cut);
    assert_eq!(messages["stop_reason"], "max_tokens");
    assert_eq!(
        messages["content"][0]["input"],
        json!({ "_raw": "{\"a\":" })
    );
    assert_eq!(losses, "tool_call.arguments");
    let (responses, losses) = printed(Dialect::Responses, &cut);
    assert_eq!(responses["status"], "incomplete");
    assert_eq!(responses["output"][0]["arguments"], "{\"a\":");
    assert_eq!(losses, "");
    for to in [Dialect::Gemini, Dialect::Converse] {
        assert_eq!(printed(to, &cut).1, "tool_call.arguments", "{to}");
    }
}

#[test]
fn text_cut_off_by_the_limit_is_left_as_it_is() {
    let cut = chat_reply(&json!({ "content": "{\"a\": [1, " }), "length");
    for to in Dialect::ALL {
        let (body, losses) = printed(to, &cut);
        let again = reply(to, &body);
        let text = again.choices[0].content[0].as_text();
        assert_eq!((text, losses.as_str()), (Some("{\"a\": [1, "), ""), "{to}");
    }
}

#[test]
fn a_refusal_is_told_in_events_of_its_own() {
    let refused = chat_reply(&json!({ "content": null, "refusal": "I cannot" }), "stop");
    let events = crate::canonical::unfold(refused);
    let text = print(Dialect::Responses, &events, ReplyContext::default());
    let kinds = super::streams::types(&text);
    for kind in ["response.refusal.delta", "response.refusal.done"] {
        assert!(kinds.iter().any(|one| one == kind), "{kinds:?}");
    }
    assert!(!text.contains("output_text"), "{text}");
}

#[test]
fn reasoning_is_told_in_events_of_its_own() {
    let thought = reply(
        Dialect::Messages,
        &json!({ "id": "msg_1", "stop_reason": "end_turn", "content": [
            { "type": "thinking", "thinking": "hm", "signature": "c2ln" }, { "type": "text", "text": "a" } ] }),
    );
    let events = crate::canonical::unfold(thought);
    let text = print(Dialect::Responses, &events, ReplyContext::default());
    let kinds = super::streams::types(&text);
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).take(8).collect();
    assert_eq!(
        kinds,
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.reasoning_summary_part.added",
            "response.reasoning_summary_text.delta",
            "response.reasoning_summary_text.done",
            "response.reasoning_summary_part.done",
            "response.output_item.done",
        ]
    );
    let proof = |frame: &&Value| frame.to_string().contains("c2ln");
    let all = frames(&text);
    let told: Vec<&str> = all
        .iter()
        .filter(proof)
        .filter_map(|frame| frame["type"].as_str())
        .collect();
    assert_eq!(told, ["response.output_item.done", "response.completed"]);
}

#[test]
fn every_class_of_tokens_is_read() {
    let chat = json!({ "id": "c", "model": "m", "choices": [], "usage": {
        "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
        "prompt_tokens_details": { "cached_tokens": 40, "audio_tokens": 10, "image_tokens": 7 },
        "completion_tokens_details": { "reasoning_tokens": 8, "audio_tokens": 20,
            "accepted_prediction_tokens": 3, "rejected_prediction_tokens": 2 } } });
    let usage = reply(Dialect::Chat, &chat).usage.unwrap();
    let of = |usage: &Usage| (usage.input_audio, usage.input_image, usage.output_audio);
    assert_eq!(of(&usage), (Some(10), Some(7), Some(20)));
    assert_eq!(
        (usage.accepted_prediction, usage.rejected_prediction),
        (Some(3), Some(2))
    );
    let gemini = json!({ "candidates": [{ "finishReason": "STOP" }], "usageMetadata": {
        "promptTokenCount": 30, "candidatesTokenCount": 20, "totalTokenCount": 50,
        "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": 10 }, { "modality": "AUDIO", "tokenCount": 12 }, { "modality": "IMAGE", "tokenCount": 8 }],
        "candidatesTokensDetails": [{ "modality": "IMAGE", "tokenCount": 20 }] } });
    let usage = reply(Dialect::Gemini, &gemini).usage.unwrap();
    assert_eq!(
        (usage.input_audio, usage.input_image, usage.output_image),
        (Some(12), Some(8), Some(20))
    );
    let messages = json!({ "content": [], "stop_reason": "end_turn", "usage": { "input_tokens": 1, "output_tokens": 1,
        "cache_creation_input_tokens": 30, "cache_creation": { "ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10 },
        "server_tool_use": { "web_search_requests": 3 } } });
    let searched = reply(Dialect::Messages, &messages);
    let usage = searched.usage.as_ref().unwrap();
    assert_eq!(usage.web_searches, Some(3));
    assert_eq!(
        (usage.cache_write_5m, usage.cache_write_1h),
        (Some(20), Some(10))
    );
    let (again, losses) = printed(Dialect::Messages, &searched);
    assert_eq!((&again["usage"], losses.as_str()), (&messages["usage"], ""));
}

#[test]
fn deltas_of_older_servers_are_a_call() {
    let stream = chat_stream(&[
        json!({ "role": "assistant", "function_call": { "name": "f", "arguments": "" } }),
        json!({ "function_call": { "arguments": "{\"a\":" } }),
        json!({ "function_call": { "arguments": "1}" } }),
        json!({ "finish": "function_call" }),
        "[DONE]".into(),
    ]);
    let folded = fold(Dialect::Chat, events(Dialect::Chat, &stream));
    let Block::ToolCall(call) = &folded.choices[0].content[0] else {
        unreachable!("{folded:?}");
    };
    assert_eq!(
        (call.name.as_str(), call.arguments.as_str()),
        ("f", "{\"a\":1}")
    );
    assert!(!call.id.is_empty());
}

#[test]
fn what_a_filter_took_is_filtered_whatever_the_status() {
    let results = json!({ "hate": { "filtered": true, "severity": "high" } });
    let body = json!({ "id": "c", "model": "m", "choices": [{ "index": 0, "finish_reason": "content_filter",
        "message": { "role": "assistant" }, "content_filter_results": results }] });
    let (messages, _) = printed(Dialect::Messages, &reply(Dialect::Chat, &body));
    assert_eq!(messages["stop_reason"], "refusal");
    let (gemini, _) = printed(Dialect::Gemini, &reply(Dialect::Chat, &body));
    assert_eq!(gemini["candidates"][0]["finishReason"], "SAFETY");
}

#[test]
fn in_no_dialect_anything_follows_an_error() {
    let whole = crate::canonical::unfold(chat_reply(&json!({ "content": "hi" }), "stop"));
    let error = AiError::upstream(AiErrorKind::Timeout, "too slow");
    for to in Dialect::ALL {
        // Broken off with a block open, then told of the error, then of everything else.
        let half = whole.len() - 2;
        let mut events = whole[..half].to_vec();
        events.push(Event::Error(error.clone()));
        let before = bytes(to, &events);
        events.extend(whole.iter().cloned());
        events.push(Event::Error(error.clone()));
        assert_eq!(
            bytes(to, &events),
            before,
            "{to}: something follows an error"
        );
        let read = parsed(to, &before);
        let Some(Event::Error(read)) = read.last() else {
            unreachable!("{to}: {read:?}");
        };
        assert!(read.message().contains("too slow"), "{to}: {read:?}");
        // Nothing follows an end either.
        let mut events = whole.clone();
        let complete = bytes(to, &events);
        events.push(Event::Error(error.clone()));
        assert_eq!(
            bytes(to, &events),
            complete,
            "{to}: an error follows the end"
        );
    }
}

#[test]
fn in_no_dialect_a_cut_stream_looks_complete() {
    let whole = crate::canonical::unfold(chat_reply(&call(), "tool_calls"));
    for from in Dialect::ALL {
        let stream = bytes(from, &whole);
        let ended = |events: &[Event]| matches!(events.last(), Some(Event::End));
        assert!(ended(&parsed(from, &stream)), "{from}");
        let complete = (0..=stream.len()).find(|at| ended(&parsed(from, &stream[..*at])));
        let complete = complete.unwrap();
        for at in 0..complete {
            let last = parsed(from, &stream[..at]).pop();
            assert!(
                matches!(last, Some(Event::Error(_))),
                "{from} cut at {at}: {last:?}"
            );
        }
        // What may be missing of a stream that is complete says nothing.
        let rest = stream.len() - complete;
        let silent = String::from_utf8_lossy(&stream[complete..]).into_owned();
        let silent = silent.replace("data: [DONE]", "");
        assert!(rest < 400, "{from}: complete without {silent:?}");
    }
}
