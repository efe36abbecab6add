mod errors;
mod order;

use bytes::BytesMut;
use serde_json::{Value, json};

use crate::{
    canonical::{Block, Event},
    dialect::{Dialect, Target, Url},
    error::AiErrorKind,
};

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

/// A request of `from` for a model of Bedrock, and what was lost.
fn sent(from: Dialect, body: &Value, model: &str) -> (Value, String) {
    let request = from
        .parse_request(body.to_string().as_bytes(), Url::default())
        .expect("a request");
    let mut out = BytesMut::new();
    let target = Target::new(Dialect::Converse, model);
    let printed = Dialect::Converse
        .print_request(&request, &target, &mut out)
        .expect("a request");
    let body = serde_json::from_slice(&out).expect("JSON");
    (body, printed.losses.to_string())
}

fn chat(body: &Value, model: &str) -> (Value, String) {
    let mut request = json!({ "model": "m", "messages": [{ "role": "user", "content": "hi" }] });
    for (name, value) in body.as_object().expect("fields") {
        request[name] = value.clone();
    }
    sent(Dialect::Chat, &request, model)
}

fn tool() -> Value {
    json!({ "type": "function", "function": { "name": "f.x", "description": "" } })
}

#[test]
fn cache_marks_become_blocks_of_their_own() {
    let mark = json!({ "type": "ephemeral", "ttl": "1h" });
    let (body, losses) = sent(
        Dialect::Messages,
        &json!({ "model": "m", "max_tokens": 9,
            "system": [{ "type": "text", "text": "s", "cache_control": mark }],
            "tools": [{ "name": "f", "input_schema": { "type": "object" }, "cache_control": mark }],
            "messages": [{ "role": "user", "content": [{ "type": "text", "text": "u", "cache_control": { "type": "ephemeral" } }] }] }),
        CLAUDE,
    );
    let point = json!({ "cachePoint": { "type": "default", "ttl": "1h" } });
    assert_eq!(body["system"], json!([{ "text": "s" }, point]));
    assert_eq!(
        body["messages"][0]["content"],
        json!([{ "text": "u" }, { "cachePoint": { "type": "default" } }])
    );
    assert_eq!(body["toolConfig"]["tools"][1], point);
    assert_eq!(losses, "");
}

#[test]
fn there_is_no_choice_of_none() {
    let (body, losses) = chat(&json!({ "tools": [tool()], "tool_choice": "none" }), CLAUDE);
    assert_eq!(body.get("toolConfig"), None);
    assert_eq!(losses, "tool_choice.none");
    // Calls in the conversation need their tools, and where there are none, any.
    let history = json!([
        { "role": "user", "content": "hi" },
        { "role": "assistant", "tool_calls": [{ "id": "c", "type": "function", "function": { "name": "f.x", "arguments": "[1]" } }] },
        { "role": "tool", "tool_call_id": "c", "content": "1" },
    ]);
    let (body, losses) = chat(
        &json!({ "messages": history, "tools": [tool()], "tool_choice": "none" }),
        CLAUDE,
    );
    assert_eq!(body["toolConfig"]["toolChoice"], json!({ "auto": {} }));
    let spec = &body["toolConfig"]["tools"][0]["toolSpec"];
    assert_eq!(spec["name"], "f_x");
    assert_eq!(spec.get("description"), None);
    assert_eq!(losses, "tool_call.arguments, tool_choice");
    let (body, losses) = chat(&json!({ "messages": history }), CLAUDE);
    assert_eq!(
        body["toolConfig"]["tools"][0]["toolSpec"]["name"],
        "unavailable"
    );
    assert_eq!(
        body["messages"][1]["content"][0]["toolUse"]["input"],
        json!({ "_raw": "[1]" })
    );
    assert_eq!(
        body["messages"][2]["content"][0]["toolResult"]["content"],
        json!([{ "text": "1" }])
    );
    assert_eq!(losses, "tool_call.arguments, tools.placeholder");
}

#[test]
fn documents_have_names_of_few_letters_and_a_text_beside_them() {
    let file = |name: &str| json!({ "type": "file", "file": { "filename": name, "file_data": "data:application/pdf;base64,JVBERi0=" } });
    let content = json!([file("my_report v2.1.pdf"), file("my report v2 1.pdf")]);
    let (body, losses) = chat(
        &json!({ "messages": [{ "role": "user", "content": content }] }),
        CLAUDE,
    );
    let content = &body["messages"][0]["content"];
    let first =
        json!({ "format": "pdf", "name": "my report v2 1", "source": { "bytes": "JVBERi0=" } });
    assert_eq!(content[0]["document"], first);
    assert_eq!(content[1]["document"]["name"], "my report v2 1 (2)");
    assert!(content[2]["text"].is_string());
    assert_eq!(losses, "document.title, document.text");
}

#[test]
fn reasoning_is_asked_for_in_the_models_own_words() {
    let effort = json!({ "reasoning_effort": "high", "max_tokens": 20000 });
    for (model, expected, losses) in [
        (
            CLAUDE,
            json!({ "thinking": { "type": "enabled", "budget_tokens": 16384 } }),
            "",
        ),
        (
            "us.anthropic.claude-opus-4-7",
            json!({ "thinking": { "type": "adaptive" }, "output_config": { "effort": "high" } }),
            "",
        ),
        (
            "openai.gpt-oss-120b-1:0",
            json!({ "reasoning_effort": "high" }),
            "",
        ),
        (
            "us.amazon.nova-2-lite-v1:0",
            json!({ "reasoningConfig": { "type": "enabled", "maxReasoningEffort": "high" } }),
            "",
        ),
        (
            "us.meta.llama4-maverick-17b-instruct-v1:0",
            Value::Null,
            "reasoning",
        ),
        (
            "anthropic.claude-3-haiku-20240307-v1:0",
            Value::Null,
            "reasoning",
        ),
    ] {
        let (body, lost) = chat(&effort, model);
        assert_eq!(body["additionalModelRequestFields"], expected, "{model}");
        assert!(lost.contains(losses), "{model}: {lost}");
        assert_eq!(lost.is_empty(), losses.is_empty(), "{model}: {lost}");
    }
}

#[test]
fn a_schema_is_native_or_a_forced_tool() {
    let schema = json!({ "type": "object", "properties": {} });
    let wish = json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "n", "schema": schema } } });
    let (body, losses) = chat(&wish, CLAUDE);
    let format = &body["outputConfig"]["textFormat"]["structure"]["jsonSchema"];
    assert_eq!(format["schema"], schema.to_string());
    assert_eq!(losses, "");
    let (body, losses) = chat(&wish, "us.amazon.nova-lite-v1:0");
    assert_eq!(
        body["toolConfig"]["toolChoice"],
        json!({ "tool": { "name": "n" } })
    );
    assert_eq!(losses, "");
}

#[test]
fn what_cannot_be_said_is_named_or_refused() {
    let (_, losses) = chat(
        &json!({ "seed": 1, "parallel_tool_calls": false, "tools": [tool()], "user": "u", "top_k": 3,
                "tool_choice": "auto", "temperature": 1.5 }),
        "us.meta.llama4-maverick-17b-instruct-v1:0",
    );
    for name in ["seed", "parallel_tool_calls", "user", "temperature"] {
        assert!(losses.contains(name), "{name}: {losses}");
    }
    for (content, param) in [
        (
            json!([{ "type": "image_url", "image_url": { "url": "https://example.com/a.png" } }]),
            "image_url",
        ),
        (
            json!([{ "type": "file", "file": { "file_id": "file-1" } }]),
            "file",
        ),
        (
            json!([{ "type": "input_audio", "input_audio": { "data": "AA==", "format": "wav" } }]),
            "input_audio",
        ),
    ] {
        let body = json!({ "model": "m", "messages": [{ "role": "user", "content": content }] });
        let request = Dialect::Chat
            .parse_request(body.to_string().as_bytes(), Url::default())
            .expect("a request");
        let target = Target::new(Dialect::Converse, CLAUDE);
        let refused = Dialect::Converse.print_request(&request, &target, &mut BytesMut::new());
        assert_eq!(refused.expect_err("refused").param(), Some(param));
    }
}

#[test]
fn encrypted_reasoning_goes_to_anthropic_and_back() {
    let reply = json!({ "output": { "message": { "role": "assistant", "content": [
        { "reasoningContent": { "redactedContent": "RW1FPQ==" } },
        { "toolUse": { "toolUseId": "t", "name": "nova_grounding", "input": {}, "type": "server_tool_use" } },
    ] } }, "stopReason": "guardrail_intervened" });
    let reply = Dialect::Converse
        .parse_reply(reply.to_string().as_bytes())
        .expect("a reply");
    let mut out = BytesMut::new();
    let losses =
        Dialect::Messages.print_reply(&reply, &crate::dialect::ReplyContext::default(), &mut out);
    let body: Value = serde_json::from_slice(&out).expect("JSON");
    assert_eq!(
        body["content"],
        json!([{ "type": "redacted_thinking", "data": "EmE=" }])
    );
    assert_eq!(body["stop_reason"], "refusal");
    assert_eq!(losses.to_string(), "content.toolUse");
    let mut back = BytesMut::new();
    let again = Dialect::Messages.parse_reply(&out).expect("a reply");
    Dialect::Converse.print_reply(&again, &crate::dialect::ReplyContext::default(), &mut back);
    let body: Value = serde_json::from_slice(&back).expect("JSON");
    let blob = &body["output"]["message"]["content"][0]["reasoningContent"]["redactedContent"];
    assert_eq!(blob, "RW1FPQ==");
}

#[test]
fn a_stream_may_be_one_body_after_all() {
    let read = |body: &str| {
        let mut parser = Dialect::Converse.stream_parser();
        let mut events = Vec::new();
        body.as_bytes()
            .chunks(3)
            .for_each(|part| parser.push(part, &mut events));
        parser.finish(&mut events);
        events
    };
    let events =
        read(r#"{"output":{"message":{"content":[{"text":"hi"}]}},"stopReason":"end_turn"}"#);
    assert!(matches!(events.last(), Some(Event::End)));
    let said = |event: &Event| matches!(event, Event::BlockStart { block, .. } if matches!(**block, Block::Text(_)));
    assert!(events.iter().any(said));
    let events = read(r#"{"__type":"ThrottlingException","message":"slow down"}"#);
    let [Event::Error(error)] = events.as_slice() else {
        unreachable!("one error, not {events:?}");
    };
    assert_eq!(error.kind(), AiErrorKind::RateLimited);
}
