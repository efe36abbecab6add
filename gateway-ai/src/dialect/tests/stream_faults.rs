use serde_json::json;

use super::{stream_calls::interleaved, streams::types, *};
use crate::error::AiErrorKind;

#[test]
fn an_upstream_error_ends_the_stream_in_the_clients_words() {
    let chat = format!(
        "{}{}",
        chat_stream(&[json!({ "content": "a" })]),
        "event: error\ndata: {\"error\":{\"message\":\"Tool choice is required\",\"type\":\"invalid_request_error\",\"code\":\"tool_use_failed\"}}\n\n"
    );
    let messages = messages_stream(&[
        json!({ "type": "message_start", "message": { "id": "m" } }),
        json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } }),
        json!({ "type": "message_stop" }),
    ]);
    for (from, stream) in [(Dialect::Chat, chat), (Dialect::Messages, messages)] {
        let parsed = events(from, &stream);
        assert!(matches!(parsed.last(), Some(Event::Error(_))));
        let text = print(Dialect::Chat, &parsed, ReplyContext::default());
        assert!(frames(&text).last().unwrap()["error"]["message"].is_string());
        assert!(!text.contains("[DONE]"));
        let text = print(Dialect::Messages, &parsed, ReplyContext::default());
        assert!(text.contains("event: error\n") && !text.contains("message_stop"));
    }
}

#[test]
fn nothing_follows_an_error_and_an_error_follows_nothing() {
    let error = AiError::upstream(AiErrorKind::Timeout, "too slow");
    for dialect in [Dialect::Chat, Dialect::Messages] {
        let mut printer = dialect.stream_printer(ReplyContext::default());
        let mut out = BytesMut::new();
        printer.error(&error, &mut out);
        let length = out.len();
        printer.error(&error, &mut out);
        events(Dialect::Chat, &interleaved())
            .iter()
            .for_each(|event| printer.push(event, &mut out));
        assert_eq!(out.len(), length);
        let mut printer = dialect.stream_printer(ReplyContext::default());
        let mut out = BytesMut::new();
        events(Dialect::Chat, &interleaved())
            .iter()
            .for_each(|event| printer.push(event, &mut out));
        let length = out.len();
        printer.error(&error, &mut out);
        assert_eq!(out.len(), length);
    }
}

#[test]
fn cut_at_every_byte_a_stream_never_looks_complete() {
    let whole = interleaved();
    let complete = events(Dialect::Chat, &whole);
    let answered = whole.find("\"finish_reason\":\"tool_calls\"").unwrap();
    for at in 0..answered {
        let cut = events(Dialect::Chat, &whole[..at]);
        assert!(matches!(cut.last(), Some(Event::Error(_))), "cut at {at}");
        for dialect in [Dialect::Chat, Dialect::Messages] {
            let text = print(dialect, &cut, ReplyContext::default());
            assert!(
                !text.contains("[DONE]") && !text.contains("message_stop"),
                "cut at {at}"
            );
        }
    }
    assert_eq!(complete.last(), Some(&Event::End));
}

#[test]
fn a_whole_answer_or_an_error_in_place_of_a_stream_is_understood() {
    let body = r#"{"id":"1","choices":[{"index":0,"message":{"content":"whole"},"finish_reason":"stop"}]}"#;
    let reply = fold(Dialect::Chat, events(Dialect::Chat, body));
    assert_eq!(reply.choices[0].content[0].as_text(), Some("whole"));
    let refused = events(
        Dialect::Chat,
        r#"  {"error":{"message":"no","code":"rate_limit_exceeded"}}"#,
    );
    assert!(
        matches!(refused.as_slice(), [Event::Error(error)] if error.kind() == AiErrorKind::RateLimited)
    );
    let nothing = events(Dialect::Messages, "");
    assert!(
        matches!(nothing.as_slice(), [Event::Error(error)] if error.kind() == AiErrorKind::Truncated)
    );
}

#[test]
fn a_second_message_start_is_ignored() {
    let start = json!({ "type": "message_start", "message": { "id": "m" } });
    let stream = messages_stream(&[start.clone(), start, json!({ "type": "message_stop" })]);
    let text = print(
        Dialect::Messages,
        &events(Dialect::Messages, &stream),
        ReplyContext::default(),
    );
    assert_eq!(
        types(&text),
        ["message_start", "message_delta", "message_stop"]
    );
}

#[test]
fn pretty_printed_json_stays_on_one_line() {
    let stream = messages_stream(&[
        json!({ "type": "message_start", "message": { "id": "m" } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "server_tool_use", "id": "s", "name": "n", "input": {} } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" } }),
        json!({ "type": "message_stop" }),
    ]);
    let spread = stream.replace("\"content_block\":{", "\"content_block\":{\ndata: ");
    let text = print(
        Dialect::Messages,
        &events(Dialect::Messages, &spread),
        ReplyContext::default(),
    );
    assert_eq!(
        types(&text),
        [
            "message_start",
            "content_block_start",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    assert!(frames(&text).iter().all(Value::is_object));
}

#[test]
fn comments_are_signs_of_life_in_the_clients_words() {
    let chunk = chat_stream(&[json!({ "content": "a" })]);
    let stream = format!(
        ": early\n\n{chunk}: one\n\n:two\r\n{}",
        chat_stream(&[json!({ "finish": "stop" }), "[DONE]".into()])
    );
    for size in [1, 3, stream.len()] {
        let mut parser = Dialect::Chat.stream_parser();
        let mut read = Vec::new();
        stream
            .as_bytes()
            .chunks(size)
            .for_each(|part| parser.push(part, &mut read));
        parser.finish(&mut read);
        assert_eq!(read, events(Dialect::Chat, &stream), "{size}");
        let text = print(Dialect::Messages, &read, ReplyContext::default());
        let kinds = types(&text);
        assert_eq!(kinds[0], "message_start");
        assert_eq!(
            kinds.iter().filter(|kind| *kind == "ping").count(),
            2,
            "{kinds:?}"
        );
    }
}

/// A provider that never ends what it begins would have every event look through all of it.
#[test]
fn no_stream_has_more_parts_than_a_model_writes() {
    let call = |index: u64| json!({ "tool_calls": [{ "index": index, "id": index.to_string(), "function": { "name": "f", "arguments": "{" } }] });
    let nameless = |index: u64| json!({ "tool_calls": [{ "index": index, "function": { "arguments": "{" } }] });
    let choice = |index: u64| json!({ "choices": [{ "index": index, "delta": {} }] });
    let block = |index: u64| json!({ "type": "content_block_start", "index": index, "content_block": { "type": "tool_use", "id": "t", "name": "f", "input": {} } });
    let item = |index: u64| {
        json!({ "type": "response.output_item.added", "output_index": index,
        "item": { "id": format!("f{index}"), "type": "function_call", "call_id": "c", "name": "f", "arguments": "" } })
    };
    let candidate =
        |index: u64| json!({ "candidates": [{ "index": index, "content": { "parts": [] } }] });
    let many = |one: &dyn Fn(u64) -> Value| -> Vec<Value> { (0..5000).map(one).collect() };
    let data = |parts: Vec<Value>| -> String {
        parts
            .iter()
            .map(|part| format!("data: {part}\n\n"))
            .collect()
    };
    for (from, stream) in [
        (Dialect::Chat, chat_stream(&many(&call))),
        (Dialect::Chat, chat_stream(&many(&nameless))),
        (Dialect::Chat, chat_stream(&many(&choice))),
        (Dialect::Messages, messages_stream(&many(&block))),
        (Dialect::Responses, data(many(&item))),
        (Dialect::Gemini, data(many(&candidate))),
    ] {
        let read = events(from, &stream);
        let Some((Event::Error(error), before)) = read.split_last() else {
            unreachable!("{from} goes on");
        };
        assert!(error.message().contains("too many"), "{from}: {error}");
        assert!(before.iter().all(|event| !event.is_terminal()), "{from}");
        let mut parser = from.stream_parser();
        let mut cut = Vec::new();
        stream
            .as_bytes()
            .chunks(777)
            .for_each(|part| parser.push(part, &mut cut));
        assert!(parser.is_done());
        parser.finish(&mut cut);
        assert_eq!(cut, read, "{from}");
    }
}
