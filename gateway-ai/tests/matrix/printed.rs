//! What clients read in a stream, piece by piece.

use bytes::BytesMut;
use gateway_ai::{
    canonical::{Event, Fold, Reply},
    dialect::{Dialect, ReplyContext},
};
use serde_json::{Value, json};

fn sse(events: &[Value]) -> Vec<u8> {
    let events = events.iter().map(|event| format!("data: {event}\n\n"));
    events.collect::<String>().into_bytes()
}

fn events(dialect: Dialect, body: &[u8]) -> Vec<Event> {
    let mut parser = dialect.stream_parser();
    let mut out = Vec::new();
    parser.push(body, &mut out);
    parser.finish(&mut out);
    out
}

fn print(to: Dialect, events: &[Event]) -> Vec<u8> {
    let mut context = ReplyContext::default().with_identity("id_1", 1);
    context.include_usage = true;
    let mut printer = to.stream_printer(context);
    let mut out = BytesMut::new();
    events
        .iter()
        .for_each(|event| printer.push(event, &mut out));
    out.to_vec()
}

/// The data of each printed event.
fn data(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
    lines
        .filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

fn fold(dialect: Dialect, events: Vec<Event>) -> Reply {
    let mut fold = Fold::new(dialect, usize::MAX);
    events.into_iter().for_each(|event| fold.push(event));
    fold.finish().unwrap()
}

/// Two calls at once, their pieces interleaved; the second says its name late.
fn two_calls() -> Vec<Event> {
    let piece = |call: Value| json!({ "id": "r1", "model": "m1", "choices": [{ "index": 0, "delta": { "tool_calls": [call] } }] });
    let body = sse(&[
        piece(
            json!({ "index": 0, "id": "a", "function": { "name": "f", "arguments": "{\"x\":" } }),
        ),
        piece(json!({ "index": 1, "id": "b", "function": { "arguments": "" } })),
        piece(json!({ "index": 0, "function": { "arguments": "[1," } })),
        piece(json!({ "index": 1, "function": { "name": "g", "arguments": "{\"y\":" } })),
        piece(json!({ "index": 0, "function": { "arguments": "2]}" } })),
        piece(json!({ "index": 1, "function": { "arguments": "2}" } })),
        json!({ "id": "r1", "choices": [{ "index": 0, "delta": {}, "finish_reason": "tool_calls" }] }),
        json!({ "id": "r1", "choices": [], "usage": { "prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10 } }),
        json!({ "id": "r1", "choices": [] }),
    ]);
    let mut body = body;
    body.extend_from_slice(b"data: [DONE]\n\n");
    events(Dialect::Chat, &body)
}

#[test]
fn gemini_gets_calls_whole_and_the_end_in_its_last_chunk() {
    let chunks = data(&print(Dialect::Gemini, &two_calls()));
    let mut calls = Vec::new();
    for (position, chunk) in chunks.iter().enumerate() {
        assert_eq!(
            (&chunk["responseId"], &chunk["modelVersion"]),
            (&json!("r1"), &json!("m1"))
        );
        let is_last = position + 1 == chunks.len();
        let candidate = &chunk["candidates"][0];
        assert_eq!(candidate["finishReason"].is_string(), is_last, "{chunk}");
        assert_eq!(chunk["usageMetadata"].is_object(), is_last, "{chunk}");
        for part in candidate["content"]["parts"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let call = &part["functionCall"];
            calls.push((call["name"].clone(), call["args"].clone()));
        }
    }
    let expected = [
        (json!("f"), json!({ "x": [1, 2] })),
        (json!("g"), json!({ "y": 2 })),
    ];
    assert_eq!(calls, expected);
}

#[test]
fn messages_open_a_call_when_its_name_is_known() {
    let printed = data(&print(Dialect::Messages, &two_calls()));
    let mut open: Option<(Value, String)> = None;
    let mut calls = Vec::new();
    for event in &printed {
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert!(open.is_none(), "two open blocks");
                let block = &event["content_block"];
                assert_eq!(
                    (&block["type"], &block["input"]),
                    (&json!("tool_use"), &json!({}))
                );
                open = Some((block["name"].clone(), String::new()));
            }
            "content_block_delta" => {
                assert_eq!(event["delta"]["type"], "input_json_delta");
                let (_, text) = open.as_mut().expect("a delta outside of its block");
                text.push_str(event["delta"]["partial_json"].as_str().unwrap());
            }
            "content_block_stop" => calls.extend(open.take()),
            _ => {}
        }
    }
    let expected = [
        (json!("f"), "{\"x\":[1,2]}".to_owned()),
        (json!("g"), "{\"y\":2}".to_owned()),
    ];
    assert_eq!(calls, expected);
}

#[test]
fn a_call_without_arguments_says_so_once() {
    let body = sse(&[
        json!({ "type": "message_start", "message": { "id": "m", "model": "k", "content": [], "usage": { "input_tokens": 1, "output_tokens": 1 } } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "tool_use", "id": "t", "name": "f", "input": {} } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" }, "usage": { "output_tokens": 2 } }),
        json!({ "type": "message_stop" }),
    ]);
    let events = events(Dialect::Messages, &body);
    let pieces: Vec<String> = data(&print(Dialect::Chat, &events))
        .iter()
        .filter_map(|chunk| {
            let call = &chunk["choices"][0]["delta"]["tool_calls"][0];
            Some(call["function"]["arguments"].as_str()?.to_owned())
        })
        .filter(|piece| !piece.is_empty())
        .collect();
    assert_eq!(pieces, ["{}"]);
    let done = data(&print(Dialect::Responses, &events));
    let done = done
        .iter()
        .find(|event| event["type"] == "response.function_call_arguments.done");
    assert_eq!(done.unwrap()["arguments"], "{}");
}

#[test]
fn counts_of_a_gemini_stream_are_the_last_and_convert() {
    let chunk = |text: &str, usage: Value| json!({ "candidates": [{ "index": 0, "content": { "parts": [{ "text": text }] } }], "usageMetadata": usage });
    let mut end = chunk(
        "b",
        json!({ "promptTokenCount": 10, "toolUsePromptTokenCount": 4, "cachedContentTokenCount": 6,
            "candidatesTokenCount": 5, "thoughtsTokenCount": 3, "totalTokenCount": 22 }),
    );
    end["candidates"][0]["finishReason"] = json!("STOP");
    let body = sse(&[
        chunk(
            "a",
            json!({ "promptTokenCount": 10, "candidatesTokenCount": 1, "totalTokenCount": 11 }),
        ),
        end,
    ]);
    let events = events(Dialect::Gemini, &body);
    let usage = fold(Dialect::Gemini, events.clone()).usage.unwrap();
    assert_eq!(
        (usage.prompt(), usage.output, usage.total()),
        (Some(14), Some(8), Some(22))
    );
    let last = |to: Dialect| data(&print(to, &events));
    let chat = last(Dialect::Chat).pop().unwrap()["usage"].clone();
    assert_eq!(
        chat,
        json!({ "prompt_tokens": 14, "completion_tokens": 8, "total_tokens": 22,
            "prompt_tokens_details": { "cached_tokens": 6 }, "completion_tokens_details": { "reasoning_tokens": 3 } })
    );
    let messages = last(Dialect::Messages);
    let counted = &messages[messages.len() - 2]["usage"];
    assert_eq!(
        (
            &counted["input_tokens"],
            &counted["cache_read_input_tokens"],
            &counted["output_tokens"]
        ),
        (&json!(8), &json!(6), &json!(8))
    );
    let responses = last(Dialect::Responses);
    let (end, before) = responses.split_last().unwrap();
    assert_eq!(end["response"]["usage"]["total_tokens"], 22);
    assert!(
        before
            .iter()
            .all(|event| !event["response"]["usage"].is_object())
    );
}

#[test]
fn reasoning_is_counted_where_each_dialect_counts_it() {
    for (dialect, body) in [
        (
            Dialect::Chat,
            json!({ "choices": [{ "message": { "content": "a" }, "finish_reason": "stop" }],
                "usage": { "prompt_tokens": 1, "completion_tokens": 9, "completion_tokens_details": { "reasoning_tokens": 4 } } }),
        ),
        (
            Dialect::Responses,
            json!({ "status": "completed", "output": [],
                "usage": { "input_tokens": 1, "output_tokens": 9, "output_tokens_details": { "reasoning_tokens": 4 } } }),
        ),
        (
            Dialect::Messages,
            json!({ "content": [], "stop_reason": "end_turn",
                "usage": { "input_tokens": 1, "output_tokens": 9, "output_tokens_details": { "thinking_tokens": 4 } } }),
        ),
        (
            Dialect::Gemini,
            json!({ "candidates": [{ "finishReason": "STOP" }],
                "usageMetadata": { "promptTokenCount": 1, "candidatesTokenCount": 5, "thoughtsTokenCount": 4 } }),
        ),
    ] {
        let reply = dialect.parse_reply(body.to_string().as_bytes()).unwrap();
        let usage = reply.usage.unwrap();
        assert_eq!(
            (usage.output, usage.reasoning),
            (Some(9), Some(4)),
            "{dialect}"
        );
    }
}

#[test]
fn two_candidates_of_gemini_keep_apart() {
    let chunk = |index: u64, text: &str, reason: Option<&str>| {
        json!({ "responseId": "r", "candidates": [{ "index": index, "content": { "parts": [{ "text": text }] },
            "finishReason": reason }] })
    };
    let body = sse(&[
        chunk(0, "a", None),
        chunk(1, "x", None),
        chunk(0, "b", Some("STOP")),
        chunk(1, "y", Some("MAX_TOKENS")),
    ]);
    let events = events(Dialect::Gemini, &body);
    for to in [Dialect::Gemini, Dialect::Chat] {
        let again = self::events(to, &print(to, &events));
        let reply = fold(to, again);
        let said: Vec<_> = reply
            .choices
            .iter()
            .map(|choice| {
                let text: String = choice
                    .content
                    .iter()
                    .filter_map(|block| block.as_text())
                    .collect();
                (choice.index, text)
            })
            .collect();
        assert_eq!(said, [(0, "ab".to_owned()), (1, "xy".to_owned())], "{to}");
    }
}

#[test]
fn a_frame_with_any_byte_changed_is_an_error() {
    let whole = print(Dialect::Converse, &two_calls());
    assert!(matches!(
        events(Dialect::Converse, &whole).last(),
        Some(Event::End)
    ));
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x40;
        let last = events(Dialect::Converse, &changed).pop();
        assert!(matches!(last, Some(Event::Error(_))), "byte {at}: {last:?}");
    }
}
