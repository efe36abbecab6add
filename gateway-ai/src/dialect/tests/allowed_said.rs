//! What the vendors' types allow in answers beyond what providers usually send.

use bytes::BytesMut;
use serde_json::{Value, json};

use super::{chat_stream, events, fold, messages_stream, print_reply, reply};
use crate::dialect::{Dialect, ReplyContext};

#[test]
fn a_stream_of_cached_tokens_tells_both_lifetimes() {
    let text = messages_stream(&[
        json!({ "type": "message_start", "message": { "id": "m", "type": "message", "role": "assistant",
            "model": "m", "content": [], "usage": { "input_tokens": 1, "output_tokens": 1,
                "cache_creation_input_tokens": 5,
                "cache_creation": { "ephemeral_5m_input_tokens": 5 } } } }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 2 } }),
        json!({ "type": "message_stop" }),
    ]);
    let answer = fold(Dialect::Messages, events(Dialect::Messages, &text));
    let (said, _) = print_reply(Dialect::Messages, &answer, &ReplyContext::default());
    assert_eq!(
        said["usage"]["cache_creation"],
        json!({ "ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 0 })
    );
}

#[test]
fn a_text_may_begin_with_what_it_is_taken_from() {
    let citation = json!({ "type": "page_location", "cited_text": "c", "document_index": 0,
        "document_title": null, "start_page_number": 1, "end_page_number": 2 });
    let text = messages_stream(&[
        json!({ "type": "message_start", "message": { "id": "m", "type": "message", "role": "assistant",
            "model": "m", "content": [], "usage": { "input_tokens": 1, "output_tokens": 1 } } }),
        json!({ "type": "content_block_start", "index": 0,
            "content_block": { "type": "text", "text": "so", "citations": [citation] } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 2 } }),
        json!({ "type": "message_stop" }),
    ]);
    let answer = fold(Dialect::Messages, events(Dialect::Messages, &text));
    let (said, losses) = print_reply(Dialect::Messages, &answer, &ReplyContext::default());
    let block = json!({ "type": "text", "text": "so", "citations": [citation] });
    assert_eq!((&said["content"], losses.as_str()), (&json!([block]), ""));
}

#[test]
fn what_a_stream_cannot_say_of_a_call_is_named() {
    let call =
        json!({ "type": "tool_use", "id": "t", "name": "f", "input": {}, "toolset_name": "s" });
    let events = events(
        Dialect::Messages,
        &messages_stream(&[
            json!({ "type": "message_start", "message": { "id": "m", "type": "message", "content": [],
                "role": "assistant", "model": "m" } }),
            json!({ "type": "content_block_start", "index": 0, "content_block": call }),
            json!({ "type": "content_block_stop", "index": 0 }),
            json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" } }),
            json!({ "type": "message_stop" }),
        ]),
    );
    for to in [Dialect::Chat, Dialect::Messages, Dialect::Converse] {
        let mut printer = to.stream_printer(ReplyContext::default());
        let mut out = BytesMut::new();
        events
            .iter()
            .for_each(|event| printer.push(event, &mut out));
        assert_eq!(
            printer.losses().to_string(),
            "tool_call.toolset_name",
            "{to}"
        );
    }
}

#[test]
fn sound_in_pieces_is_missed_by_name() {
    let text = chat_stream(&[
        json!({ "role": "assistant", "content": "so", "audio": { "id": "a", "data": "AAAA" } }),
        json!({ "finish": "stop" }),
        json!("[DONE]"),
    ]);
    let mut parser = Dialect::Chat.stream_parser();
    let mut out = Vec::new();
    parser.push(text.as_bytes(), &mut out);
    parser.finish(&mut out);
    assert!(parser.losses().contains("unknown.audio"));
}

#[test]
fn citations_of_another_dialect_are_not_anthropics() {
    let cited = |annotation: Value| {
        json!({ "id": "r", "object": "response", "status": "completed", "model": "m", "output": [
            { "type": "message", "id": "i", "role": "assistant", "status": "completed", "content": [
                { "type": "output_text", "text": "so", "annotations": [annotation] }] }] })
    };
    for annotation in [
        json!({ "type": "file_citation", "file_id": "f", "filename": "a", "index": 0 }),
        json!({ "type": "file_path", "file_id": "f", "index": 0 }),
        json!({ "type": "container_file_citation", "container_id": "c", "file_id": "f",
            "filename": "a", "start_index": 0, "end_index": 1 }),
    ] {
        let answer = reply(Dialect::Responses, &cited(annotation));
        let (said, losses) = print_reply(Dialect::Messages, &answer, &ReplyContext::default());
        assert_eq!(said["content"], json!([{ "type": "text", "text": "so" }]));
        assert_eq!(losses, "text.citations");
    }
    let bedrock = json!({ "stopReason": "end_turn", "output": { "message": { "role": "assistant", "content": [
        { "citationsContent": { "content": [{ "text": "so" }], "citations": [{ "title": "t" }] } }] } } });
    let answer = reply(Dialect::Converse, &bedrock);
    let (said, losses) = print_reply(Dialect::Messages, &answer, &ReplyContext::default());
    assert_eq!(said["content"], json!([{ "type": "text", "text": "so" }]));
    assert_eq!(losses, "text.citations");
}

#[test]
fn googles_probabilities_are_openais() {
    let answer = reply(
        Dialect::Gemini,
        &json!({ "candidates": [{ "finishReason": "STOP",
        "content": { "role": "model", "parts": [{ "text": "Hi" }] },
        "logprobsResult": { "chosenCandidates": [{ "token": "Hi", "logProbability": -0.5 }] } }] }),
    );
    let entry = json!({ "token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": [] });
    let (said, losses) = print_reply(Dialect::Chat, &answer, &ReplyContext::default());
    assert_eq!(said["choices"][0]["logprobs"]["content"], json!([entry]));
    assert_eq!(losses, "");
    let (said, _) = print_reply(Dialect::Responses, &answer, &ReplyContext::default());
    assert_eq!(said["output"][0]["content"][0]["logprobs"], json!([entry]));
}

#[test]
fn what_a_provider_answered_itself_need_not_name_its_call() {
    let answer = reply(
        Dialect::Responses,
        &json!({ "id": "r", "object": "response", "model": "m",
        "status": "completed", "output": [
            { "type": "function_call_output", "id": "o", "output": "x", "status": "completed" },
            { "type": "message", "id": "i", "role": "assistant", "status": "completed", "content": [
                { "type": "output_text", "text": "so", "annotations": [] }] }] }),
    );
    let (said, losses) = print_reply(Dialect::Chat, &answer, &ReplyContext::default());
    assert_eq!(said["choices"][0]["message"]["content"], "so");
    assert_eq!(losses, "content.misplaced");
}
