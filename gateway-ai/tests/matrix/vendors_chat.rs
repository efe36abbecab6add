//! How vendors bend Chat Completions.

use gateway_ai::dialect::Dialect;
use serde_json::{Value, json};

use super::vendors::{chat, delta, done, finish, lost, says, streamed};

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
        says(&message, "stop", expected);
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
        says(&message, "stop", expected);
    }
}

#[test]
fn a_signature_on_a_call_is_missed_elsewhere() {
    let call = |call: Value| json!({ "content": null, "tool_calls": [call] });
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
        says(&json!({ "content": "a" }), reason, expected);
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
}

#[test]
fn chunks_of_their_own_kind_are_read() {
    let text = delta(&json!({ "content": "a" }));
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
    assert!(streamed(Dialect::Chat, &[text, again, done()]).starts_with("a =end"));
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
