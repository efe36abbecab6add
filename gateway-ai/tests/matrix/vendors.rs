//! How single vendors bend the dialects, one example each: what is said is read, and what has no
//! place elsewhere is named.

use bytes::BytesMut;
use gateway_ai::{
    canonical::{Block, Fold, Reply, StopReason},
    dialect::{Dialect, ReplyContext},
};
use serde_json::{Value, json};

/// What an answer says, in one line: text, `~thinking`, `@call`, `=end`, `in+out`.
fn line(reply: &Reply) -> String {
    let mut words: Vec<String> = Vec::new();
    for choice in &reply.choices {
        for block in &choice.content {
            words.push(match block {
                Block::Text(text) => text.text.clone(),
                Block::Thinking(thinking) => format!("~{}", thinking.text),
                Block::ToolCall(call) => format!("@{}{}", call.name, call.arguments),
                Block::Refusal(refusal) => format!("!{}", refusal.text),
                Block::RedactedThinking(_) => "~?".to_owned(),
                Block::Opaque(opaque) => format!("?{}", opaque.kind),
                _ => "media".to_owned(),
            });
        }
        words.extend(choice.stop.as_ref().map(|stop| {
            let word = match stop.reason {
                StopReason::End => "end",
                StopReason::StopSequence => "stop",
                StopReason::Length => "length",
                StopReason::ContextFull => "full",
                StopReason::ToolUse => "call",
                StopReason::Filter => "filter",
                StopReason::Recitation => "recitation",
                StopReason::MalformedCall => "malformed",
                StopReason::Pause => "pause",
                _ => "other",
            };
            format!("={word}")
        }));
    }
    if let Some(usage) = &reply.usage {
        let count = |count: Option<u64>| count.map_or("?".to_owned(), |count| count.to_string());
        words.push(format!("{}+{}", count(usage.prompt()), count(usage.output)));
    }
    words.join(" ")
}

fn whole(dialect: Dialect, body: &Value) -> String {
    match dialect.parse_reply(body.to_string().as_bytes()) {
        Ok(reply) => {
            for to in Dialect::ALL {
                let mut out = BytesMut::new();
                to.print_reply(&reply, &ReplyContext::default(), &mut out);
                to.parse_reply(&out)
                    .unwrap_or_else(|error| panic!("{to}: {error}"));
            }
            line(&reply)
        }
        Err(error) => format!("error {} {}", error.kind().as_str(), error.message()),
    }
}

fn lost(dialect: Dialect, body: &Value, to: Dialect) -> String {
    let reply = dialect.parse_reply(body.to_string().as_bytes()).unwrap();
    to.print_reply(&reply, &ReplyContext::default(), &mut BytesMut::new())
        .to_string()
}

fn streamed(dialect: Dialect, events: &[Value]) -> String {
    let text: String = events
        .iter()
        .map(|event| match event {
            Value::String(raw) => format!("{raw}\n\n"),
            event => format!("data: {event}\n\n"),
        })
        .collect();
    let mut parser = dialect.stream_parser();
    let mut out = Vec::new();
    parser.push(text.as_bytes(), &mut out);
    parser.finish(&mut out);
    let mut fold = Fold::new(dialect, usize::MAX);
    out.into_iter().for_each(|event| fold.push(event));
    match fold.finish() {
        Ok(reply) => line(&reply),
        Err(error) => format!("error {} {}", error.kind().as_str(), error.message()),
    }
}

fn chat(message: &Value, finish: &str) -> Value {
    json!({ "id": "1", "choices": [{ "index": 0, "message": message, "finish_reason": finish }] })
}

fn delta(delta: &Value) -> Value {
    json!({ "id": "1", "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] })
}

fn finish(reason: &str) -> Value {
    json!({ "id": "1", "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] })
}

fn done() -> Value {
    "data: [DONE]".into()
}

#[test]
fn reasoning_of_chat_vendors_is_read() {
    for (message, expected) in [
        // DeepSeek, Qwen, xAI, vLLM, llama.cpp.
        (
            json!({ "content": "a", "reasoning_content": "r" }),
            "~r a =end",
        ),
        // Groq, Cerebras, Together.
        (json!({ "content": "a", "reasoning": "r" }), "~r a =end"),
        // Mistral.
        (
            json!({ "content": [{ "type": "thinking", "thinking": [{ "type": "text", "text": "r" }] }, { "type": "text", "text": "a" }] }),
            "~r a =end",
        ),
        // OpenRouter.
        (
            json!({ "content": "a", "reasoning": "r", "reasoning_details": [{ "type": "reasoning.text", "text": "r", "signature": "s" }] }),
            "~r a =end",
        ),
        (
            json!({ "content": "a", "reasoning_details": [{ "type": "reasoning.summary", "summary": "r" }, { "type": "reasoning.encrypted", "data": "ZQ==" }] }),
            "~r ~? a =end",
        ),
        // Databricks.
        (
            json!({ "content": [{ "type": "reasoning", "summary": [{ "type": "summary_text", "text": "r" }] }, { "type": "text", "text": "a" }] }),
            "~r a =end",
        ),
        // Servers without any.
        (
            json!({ "content": "a", "reasoning_content": null, "reasoning": "" }),
            "a =end",
        ),
        (
            json!({ "content": "a", "reasoning_content": "", "reasoning_details": [] }),
            "a =end",
        ),
    ] {
        assert_eq!(
            whole(Dialect::Chat, &chat(&message, "stop")),
            expected,
            "{message}"
        );
        let events = [delta(&message), finish("stop"), done()];
        assert_eq!(
            streamed(Dialect::Chat, &events),
            expected,
            "streamed {message}"
        );
    }
}

#[test]
fn calls_of_chat_vendors_are_read() {
    let call = |call: Value| json!({ "content": null, "tool_calls": [call] });
    for (message, expected) in [
        // Ollama: an object, and the word for an end.
        (
            call(
                json!({ "id": "", "index": 0, "function": { "name": "f", "arguments": { "x": 1 } } }),
            ),
            r#"@f{"x":1} =call"#,
        ),
        (
            call(
                json!({ "id": "c", "type": "function", "function": { "name": "f", "arguments": "" } }),
            ),
            "@f =call",
        ),
        (
            call(
                json!({ "id": "c", "type": "function", "function": { "name": "f", "arguments": null } }),
            ),
            "@f =call",
        ),
        (
            call(json!({ "id": "c", "type": "function", "function": { "name": "f" } })),
            "@f =call",
        ),
        // Gemini in OpenAI's words.
        (
            call(
                json!({ "id": "c", "function": { "name": "f", "arguments": "{}" }, "type": "function", "extra_content": { "google": { "thought_signature": "cw==" } } }),
            ),
            "@f{} =call",
        ),
        (
            json!({ "content": "", "function_call": { "name": "f", "arguments": "{}" } }),
            "@f{} =call",
        ),
        (json!({ "content": "a", "tool_calls": [] }), "a =end"),
        (
            json!({ "content": "a", "tool_calls": null, "function_call": null }),
            "a =end",
        ),
    ] {
        assert_eq!(
            whole(Dialect::Chat, &chat(&message, "stop")),
            expected,
            "{message}"
        );
        let events = [delta(&message), finish("stop"), done()];
        assert_eq!(
            streamed(Dialect::Chat, &events),
            expected,
            "streamed {message}"
        );
    }
    let signed = chat(
        &call(
            json!({ "id": "c", "function": { "name": "f", "arguments": "{}" }, "extra_content": { "google": { "thought_signature": "cw==" } } }),
        ),
        "tool_calls",
    );
    assert_eq!(
        lost(Dialect::Chat, &signed, Dialect::Messages),
        "content.extra_content"
    );
}

#[test]
fn ends_of_chat_vendors_are_read() {
    for (reason, expected) in [
        ("stop", "a =end"),
        ("eos", "a =end"),
        ("length", "a =length"),
        ("model_length", "a =length"),
        ("content_filter", "a =filter"),
        ("sensitive", "a =filter"),
        ("weather", "a =other"),
    ] {
        let message = json!({ "content": "a" });
        assert_eq!(
            whole(Dialect::Chat, &chat(&message, reason)),
            expected,
            "{reason}"
        );
        let events = [delta(&message), finish(reason), done()];
        assert_eq!(
            streamed(Dialect::Chat, &events),
            expected,
            "streamed {reason}"
        );
    }
}

#[test]
fn streams_of_chat_vendors_are_read() {
    let usage = json!({ "prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5 });
    let text = delta(&json!({ "content": "a" }));
    let with = |event: &Value, name: &str, value: &Value| {
        let mut event = event.clone();
        event[name] = value.clone();
        event
    };
    let in_choice = |event: &Value| {
        let mut event = event.clone();
        event["choices"][0]["usage"] = usage.clone();
        event
    };
    let ends = [
        // OpenAI: a chunk of its own.
        vec![
            finish("stop"),
            json!({ "id": "1", "choices": [], "usage": usage }),
            done(),
        ],
        // Fireworks, Together: with the end.
        vec![with(&finish("stop"), "usage", &usage), done()],
        // vLLM: in every chunk.
        vec![
            with(
                &text,
                "usage",
                &json!({ "prompt_tokens": 3, "completion_tokens": 1 }),
            ),
            with(&finish("stop"), "usage", &usage),
            done(),
        ],
        // Groq.
        vec![
            with(
                &finish("stop"),
                "x_groq",
                &json!({ "id": "r", "usage": usage }),
            ),
            done(),
        ],
        // Moonshot: in the choice.
        vec![in_choice(&finish("stop")), done()],
        // No end but the connection's.
        vec![with(&finish("stop"), "usage", &usage)],
        // Anything after the end.
        vec![
            with(&finish("stop"), "usage", &usage),
            done(),
            ": bye".into(),
        ],
    ];
    for end in ends {
        let twice = end.len() == 3 && end[0]["choices"][0]["delta"]["content"] == "a";
        let expected = if twice { "aa =end 3+2" } else { "a =end 3+2" };
        let mut events = vec![": OPENROUTER PROCESSING".into(), text.clone()];
        events.extend(end);
        assert_eq!(streamed(Dialect::Chat, &events), expected, "{events:?}");
    }
    // Azure: a first chunk about the prompt, and one about the answer's filter at the end.
    let first = json!({ "id": "", "model": "", "object": "", "created": 0, "choices": [],
        "prompt_filter_results": [{ "prompt_index": 0, "content_filter_results": {} }] });
    let last = json!({ "id": "", "choices": [{ "index": 0, "finish_reason": null, "delta": {},
        "content_filter_offsets": { "check_offset": 1 }, "content_filter_results": {} }] });
    let events = [first, text.clone(), finish("stop"), last, done()];
    assert_eq!(streamed(Dialect::Chat, &events), "a =end");
    // Perplexity: the whole message so far beside every delta.
    let so_far = json!({ "id": "1", "citations": ["https://a"], "choices": [{ "index": 0,
        "message": { "role": "assistant", "content": "a" }, "delta": { "role": "assistant", "content": "a" } }] });
    assert_eq!(
        streamed(Dialect::Chat, &[so_far, finish("stop"), done()]),
        "a =end"
    );
    // MiniMax: the whole answer once more, in place of the last chunk.
    let again = json!({ "id": "1", "object": "chat.completion", "usage": { "total_tokens": 5 },
        "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": "a" } }] });
    assert!(streamed(Dialect::Chat, &[text.clone(), again, done()]).starts_with("a =end"));
}

#[test]
fn parallel_calls_of_chat_vendors_stay_apart() {
    let piece = |call: Value| delta(&json!({ "tool_calls": [call] }));
    let function = |name: &str| json!({ "name": name, "arguments": "{}" });
    for pieces in [
        // Gemini in OpenAI's words: every call is the first.
        vec![
            piece(json!({ "index": 0, "id": "a", "type": "function", "function": function("f") })),
            piece(json!({ "index": 0, "id": "b", "type": "function", "function": function("g") })),
        ],
        // No numbers at all.
        vec![
            piece(json!({ "id": "a", "function": function("f") })),
            piece(json!({ "id": "b", "function": function("g") })),
        ],
        // Interleaved.
        vec![
            piece(json!({ "index": 0, "id": "a", "function": { "name": "f", "arguments": "{" } })),
            piece(json!({ "index": 1, "id": "b", "function": { "name": "g", "arguments": "{" } })),
            piece(json!({ "index": 0, "function": { "arguments": "}" } })),
            piece(json!({ "index": 1, "function": { "arguments": "}" } })),
        ],
        // The id and an empty name repeated with every piece.
        vec![
            piece(json!({ "index": 0, "id": "a", "function": { "name": "f", "arguments": "{" } })),
            piece(json!({ "index": 0, "id": "a", "function": { "name": "", "arguments": "}" } })),
            piece(json!({ "index": 1, "id": "b", "function": { "name": "g", "arguments": "{}" } })),
        ],
    ] {
        let mut events = pieces;
        events.extend([finish("tool_calls"), done()]);
        assert_eq!(
            streamed(Dialect::Chat, &events),
            "@f{} @g{} =call",
            "{events:?}"
        );
    }
}

#[test]
fn errors_with_status_200_are_errors() {
    for (dialect, body) in [
        (
            Dialect::Chat,
            json!({ "error": { "message": "busy", "code": 502 } }),
        ),
        (
            Dialect::Chat,
            json!({ "error": "busy", "error_type": "validation" }),
        ),
        (
            Dialect::Chat,
            json!({ "object": "error", "message": "busy", "type": "BadRequestError", "code": 400 }),
        ),
        (
            Dialect::Chat,
            json!({ "choices": null, "base_resp": { "status_code": 1004, "status_msg": "busy" } }),
        ),
        (
            Dialect::Messages,
            json!({ "type": "error", "error": { "type": "overloaded_error", "message": "busy" } }),
        ),
        (
            Dialect::Gemini,
            json!({ "error": { "code": 503, "message": "busy", "status": "UNAVAILABLE" } }),
        ),
        (
            Dialect::Gemini,
            json!([{ "error": { "code": 503, "message": "busy", "status": "UNAVAILABLE" } }]),
        ),
        (
            Dialect::Responses,
            json!({ "status": "failed", "error": { "code": "server_error", "message": "busy" }, "output": [] }),
        ),
        (
            Dialect::Responses,
            json!({ "error": { "message": "busy" } }),
        ),
        (Dialect::Converse, json!({ "message": "busy" })),
    ] {
        let said = whole(dialect, &body);
        assert!(
            said.starts_with("error ") && said.contains("busy"),
            "{dialect} {body}: {said}"
        );
        let said = streamed(dialect, &[body.clone()]);
        if dialect != Dialect::Converse {
            assert!(
                said.starts_with("error ") && said.contains("busy"),
                "{dialect} stream {body}: {said}"
            );
        }
    }
}

#[test]
fn answers_of_gemini_without_content_are_answers() {
    for (body, expected) in [
        (
            json!({ "promptFeedback": { "blockReason": "SAFETY" } }),
            "=filter",
        ),
        (
            json!({ "candidates": [], "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" } }),
            "=filter",
        ),
        (
            json!({ "candidates": [{ "finishReason": "SAFETY", "index": 0, "safetyRatings": [] }] }),
            "=filter",
        ),
        (
            json!({ "candidates": [{ "finishReason": "IMAGE_SAFETY" }] }),
            "=filter",
        ),
        (
            json!({ "candidates": [{ "finishReason": "RECITATION", "content": {} }] }),
            "=recitation",
        ),
        (
            json!({ "candidates": [{ "finishReason": "MALFORMED_FUNCTION_CALL", "content": { "role": "model" } }] }),
            "=malformed",
        ),
        (
            json!({ "candidates": [{ "finishReason": "MAX_TOKENS", "content": { "role": "model", "parts": null } }] }),
            "=length",
        ),
        (
            json!({ "candidates": [{ "finishReason": "STOP", "content": { "parts": [] } }] }),
            "=end",
        ),
        (
            json!({ "candidates": [{ "finishReason": "WEATHER", "content": { "parts": [{ "text": "a" }] } }] }),
            "a =other",
        ),
        (
            json!({ "candidates": [{ "content": { "parts": [{ "text": "r", "thought": true }, { "text": "a" }] }, "finishReason": "STOP" }],
                "usageMetadata": { "promptTokenCount": 3, "thoughtsTokenCount": 2, "totalTokenCount": 5 } }),
            "~r a =end 3+2",
        ),
    ] {
        assert_eq!(whole(Dialect::Gemini, &body), expected, "{body}");
        assert_eq!(
            streamed(Dialect::Gemini, &[body.clone()]),
            expected,
            "streamed {body}"
        );
    }
}

#[test]
fn vendors_in_the_words_of_anthropic_are_read() {
    let start = json!({ "type": "message_start", "message": { "id": "m", "type": "message", "role": "assistant",
        "model": "k", "content": null, "stop_reason": null, "usage": { "input_tokens": 0, "output_tokens": 0 } } });
    let block =
        |block: Value| json!({ "type": "content_block_start", "index": 0, "content_block": block });
    let delta = |delta: Value| json!({ "type": "content_block_delta", "index": 0, "delta": delta });
    let stop = json!({ "type": "content_block_stop", "index": 0 });
    let end = |reason: &str| {
        json!({ "type": "message_delta", "delta": { "stop_reason": reason },
        "usage": { "input_tokens": 3, "output_tokens": 2, "cache_read_input_tokens": null } })
    };
    let last = json!({ "type": "message_stop", "amazon-bedrock-invocationMetrics": { "inputTokenCount": 3 } });
    for (middle, reason, expected) in [
        // Counts only at the end, no event lines, no signature.
        (
            vec![
                block(json!({ "type": "thinking", "thinking": "" })),
                delta(json!({ "type": "thinking_delta", "thinking": "r" })),
                stop.clone(),
            ],
            "end_turn",
            "~r =end 3+2",
        ),
        // Arguments at once.
        (
            vec![
                block(json!({ "type": "tool_use", "id": "t", "name": "f", "input": { "x": 1 } })),
                stop.clone(),
            ],
            "tool_use",
            r#"@f{"x":1} =call 3+2"#,
        ),
        // Text at once, and a delta nobody has heard of.
        (
            vec![
                block(json!({ "type": "text", "text": "a" })),
                delta(json!({ "type": "weather_delta", "rain": 1 })),
                stop.clone(),
            ],
            "model_context_window_exceeded",
            "a =full 3+2",
        ),
        (
            vec![
                json!({ "type": "ping" }),
                block(json!({ "type": "text", "text": "" })),
                delta(json!({ "type": "text_delta", "text": "a" })),
                stop.clone(),
            ],
            "weather",
            "a =other 3+2",
        ),
    ] {
        let mut events = vec![start.clone()];
        events.extend(middle);
        events.extend([end(reason), last.clone()]);
        assert_eq!(streamed(Dialect::Messages, &events), expected, "{events:?}");
    }
}

#[test]
fn vendors_in_the_words_of_the_responses_api_are_read() {
    let message = json!({ "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "a" }] });
    for (output, status, expected) in [
        (json!([message]), "completed", "a =end"),
        (
            json!([{ "type": "reasoning", "id": "rs", "summary": [] }, message]),
            "completed",
            "a =end",
        ),
        (
            json!([{ "type": "reasoning", "summary": [{ "type": "summary_text", "text": "r" }], "content": [{ "type": "reasoning_text", "text": "q" }] }, message]),
            "completed",
            "~r ~q a =end",
        ),
        (
            json!([{ "type": "weather_call", "rain": 1 }, message]),
            "completed",
            "?weather_call a =end",
        ),
        (json!([message]), "incomplete", "a =length"),
        (json!([message]), "weather", "a =end"),
        (
            json!([{ "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}" }]),
            "completed",
            "@f{} =call",
        ),
    ] {
        let mut body =
            json!({ "id": "resp_1", "object": "response", "status": status, "output": output });
        if status == "incomplete" {
            body["incomplete_details"] = json!({ "reason": "max_output_tokens" });
        }
        assert_eq!(whole(Dialect::Responses, &body), expected, "{body}");
    }
}
