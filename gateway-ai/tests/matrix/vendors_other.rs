//! How vendors bend the other dialects, and how all of them fail.

use gateway_ai::dialect::Dialect;
use serde_json::{Value, json};

use super::vendors::{streamed, whole};

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
        let said = streamed(dialect, std::slice::from_ref(&body));
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
            streamed(Dialect::Gemini, std::slice::from_ref(&body)),
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
                stop,
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
