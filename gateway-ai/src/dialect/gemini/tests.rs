use bytes::BytesMut;
use serde_json::{Value, json};

use crate::{
    canonical::{Event, Fold, Reply, StopReason},
    dialect::{Dialect, ReplyContext, Target, Url},
    error::ErrorClass,
};

const URL: Url<'static> = Url {
    model: Some("gemini-2.5-flash"),
    stream: Some(true),
};

fn translate(from: Dialect, body: &Value, to: Dialect, model: &str) -> (Value, String) {
    let request = from
        .parse_request(body.to_string().as_bytes(), URL)
        .unwrap();
    let mut out = BytesMut::new();
    let printed = to
        .print_request(&request, &Target::new(to, model), &mut out)
        .unwrap();
    (
        serde_json::from_slice(&out).unwrap(),
        printed.losses.to_string(),
    )
}

fn chat(body: &Value) -> (Value, String) {
    translate(Dialect::Chat, body, Dialect::Gemini, "gemini-2.5-flash")
}

fn events(dialect: Dialect, text: &str) -> Vec<Event> {
    let mut parser = dialect.stream_parser();
    let mut out = Vec::new();
    parser.push(text.as_bytes(), &mut out);
    parser.finish(&mut out);
    out
}

fn fold(events: &[Event]) -> Reply {
    let mut fold = Fold::new(Dialect::Gemini, 1 << 20);
    events.iter().for_each(|event| fold.push(event.clone()));
    fold.finish().unwrap()
}

#[test]
fn a_chat_conversation_becomes_contents() {
    let (body, losses) = chat(
        &json!({ "model": "m", "temperature": 1.5, "n": 2, "reasoning_effort": "low",
        "tools": [{ "type": "function", "function": { "name": "1get.it", "parameters": { "type": "object" } } }],
        "tool_choice": "required",
        "messages": [
            { "role": "system", "content": "s" },
            { "role": "user", "content": "a" },
            { "role": "assistant", "content": "b", "tool_calls": [
                { "id": "c1", "type": "function", "function": { "name": "1get.it", "arguments": "{\"x\":1.0}" } },
                { "id": "c2", "type": "function", "function": { "name": "1get.it", "arguments": "" } } ] },
            { "role": "tool", "tool_call_id": "c1", "content": "plain" },
            { "role": "tool", "tool_call_id": "c2", "content": "{\"k\":2}" },
        ] }),
    );
    assert_eq!(
        body["systemInstruction"],
        json!({ "parts": [{ "text": "s" }] })
    );
    assert_eq!(
        body["contents"][1],
        json!({ "role": "model", "parts": [
        { "text": "b" },
        { "functionCall": { "id": "c1", "name": "_1get.it", "args": { "x": 1.0 } } },
        { "functionCall": { "id": "c2", "name": "_1get.it", "args": {} } } ] })
    );
    assert_eq!(
        body["contents"][2]["parts"][0]["functionResponse"],
        json!({ "id": "c1", "name": "_1get.it", "response": { "result": "plain" } })
    );
    assert_eq!(
        body["contents"][2]["parts"][1]["functionResponse"]["response"],
        json!({ "k": 2 })
    );
    assert_eq!(body["toolConfig"]["functionCallingConfig"]["mode"], "ANY");
    assert_eq!(
        body["generationConfig"],
        json!({ "candidateCount": 2, "temperature": 1.5,
        "thinkingConfig": { "thinkingBudget": 2048, "includeThoughts": true } })
    );
    assert_eq!(losses, "");
}

#[test]
fn foreign_calls_pass_a_newer_model_with_a_word() {
    let (body, losses) = translate(
        Dialect::Chat,
        &json!({ "model": "m", "reasoning_effort": "high", "messages": [
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": null, "tool_calls": [
            { "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}" } }] },
        { "role": "tool", "tool_call_id": "c", "content": "r" },
    ] }),
        Dialect::Gemini,
        "gemini-3-pro-preview",
    );
    assert_eq!(
        body["contents"][1]["parts"][0]["thoughtSignature"],
        "skip_thought_signature_validator"
    );
    assert_eq!(
        body["generationConfig"]["thinkingConfig"]["thinkingLevel"],
        "high"
    );
    assert_eq!(losses, "tool_call.signature");
}

#[test]
fn calls_without_ids_pair_by_name_and_order() {
    let (body, losses) = translate(
        Dialect::Gemini,
        &json!({ "contents": [
        { "role": "user", "parts": [{ "text": "a" }] },
        { "role": "model", "parts": [
            { "functionCall": { "name": "f", "args": { "n": 1 } }, "thoughtSignature": "c2ln" },
            { "functionCall": { "name": "g", "args": {} } },
            { "functionCall": { "name": "f", "args": { "n": 2 } } } ] },
        { "role": "user", "parts": [
            { "functionResponse": { "name": "f", "response": { "result": "one" } } },
            { "functionResponse": { "name": "g", "response": { "error": "no" } } },
            { "functionResponse": { "name": "f", "response": { "a": 1 } } } ] },
    ] }),
        Dialect::Messages,
        "claude-haiku-4-5",
    );
    let calls = body["messages"][1]["content"].as_array().unwrap();
    let results = body["messages"][2]["content"].as_array().unwrap();
    for (call, result) in calls.iter().zip(results) {
        assert_eq!(call["id"], result["tool_use_id"]);
    }
    assert_eq!(
        (&results[0]["content"], &results[1]["is_error"]),
        (&json!("one"), &json!(true))
    );
    assert_eq!(results[2]["content"], "{\"a\":1}");
    assert_eq!(losses, "tool_call.signature");
}

#[test]
fn a_refused_prompt_is_a_filtered_answer() {
    let body = json!({ "promptFeedback": { "blockReason": "SAFETY" }, "usageMetadata": { "promptTokenCount": 4 } });
    let reply = Dialect::Gemini
        .parse_reply(body.to_string().as_bytes())
        .unwrap();
    assert_eq!(
        reply.choices[0].stop.as_ref().map(|stop| stop.reason),
        Some(StopReason::Filter)
    );
    let stream = format!("data: {body}\r\n\r\n");
    let reply = fold(&events(Dialect::Gemini, &stream));
    assert_eq!(
        reply.choices[0].stop.as_ref().map(|stop| stop.reason),
        Some(StopReason::Filter)
    );
}

#[test]
fn stop_with_a_call_anywhere_means_tools() {
    let stream = concat!(
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{\"x\":1}}}],\"role\":\"model\"}}],\"responseId\":\"r1\"}\r\n\r\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":2,\"thoughtsTokenCount\":3,\"totalTokenCount\":10}}\r\n\r\n",
    );
    let parsed = events(Dialect::Gemini, stream);
    let reply = fold(&parsed);
    assert_eq!(
        reply.choices[0].stop.as_ref().map(|stop| stop.reason),
        Some(StopReason::ToolUse)
    );
    let usage = reply.usage.unwrap();
    assert_eq!(
        (usage.output, usage.reasoning, usage.total()),
        (Some(5), Some(3), Some(10))
    );
    let mut printer = Dialect::Chat.stream_printer(ReplyContext::default());
    let mut out = BytesMut::new();
    parsed
        .iter()
        .for_each(|event| printer.push(event, &mut out));
    let text = String::from_utf8_lossy(&out).into_owned();
    assert!(
        text.contains("\"finish_reason\":\"tool_calls\"")
            && text.contains("\"id\":\"call_r1_0_0\"")
    );
}

#[test]
fn a_client_gets_events_or_an_array_as_it_asked() {
    let stream = "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":null}]}\n\ndata: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":\"}}]},\"finish_reason\":null}]}\n\ndata: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"1}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";
    for sse in [true, false] {
        let context = ReplyContext {
            sse,
            ..ReplyContext::default()
        };
        let mut printer = Dialect::Gemini.stream_printer(context);
        let mut out = BytesMut::new();
        events(Dialect::Chat, stream)
            .iter()
            .for_each(|event| printer.push(event, &mut out));
        let text = String::from_utf8_lossy(&out).into_owned();
        if !sse {
            let chunks: Vec<Value> = serde_json::from_str(&text).unwrap();
            assert_eq!(
                chunks[1]["candidates"][0]["content"]["parts"][0]["functionCall"]["args"],
                json!({ "a": 1 })
            );
            assert_eq!(chunks[2]["candidates"][0]["finishReason"], "STOP");
        }
        let reply = fold(&events(Dialect::Gemini, &text));
        assert_eq!(reply.choices[0].content.len(), 2);
    }
}

#[test]
fn a_cut_stream_is_an_error() {
    let stream = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}],\"role\":\"model\"}}]}\r\n\r\n";
    assert!(matches!(
        events(Dialect::Gemini, stream).last(),
        Some(Event::Error(_))
    ));
}

#[test]
fn errors_have_their_classes() {
    let read = |status: u16, body: Value| {
        let status = http::StatusCode::from_u16(status).unwrap();
        Dialect::Gemini.parse_error(status, &http::HeaderMap::new(), body.to_string().as_bytes())
    };
    let limited = read(
        429,
        json!([{ "error": { "code": 429, "message": "Resource exhausted", "status": "RESOURCE_EXHAUSTED",
        "details": [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "13s" }] } }]),
    );
    assert_eq!(
        (limited.class(), limited.retry_after()),
        (
            ErrorClass::RetrySame,
            Some(std::time::Duration::from_secs(13))
        )
    );
    let key = read(
        400,
        json!({ "error": { "code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT",
        "details": [{ "reason": "API_KEY_INVALID" }] } }),
    );
    assert_eq!(key.class(), ErrorClass::AuthDeadKey);
    let long = read(
        400,
        json!({ "error": { "code": 400, "status": "INVALID_ARGUMENT",
        "message": "The input token count (5) exceeds the maximum number of tokens allowed (4)." } }),
    );
    assert_eq!(long.class(), ErrorClass::ContextTooLong);
}

#[test]
fn a_content_of_another_providers_thought_alone_is_left_out() {
    // `anthropic-claude-v1:Eq==`, in the base64 of its field.
    let sealed = json!({ "text": "hm", "thought": true,
        "thoughtSignature": "YW50aHJvcGljLWNsYXVkZS12MTpFcT09" });
    let body = json!({ "contents": [
        { "role": "user", "parts": [{ "text": "hi" }] },
        { "role": "model", "parts": [sealed] },
        { "role": "model", "parts": [sealed, { "text": "so" }] },
        { "role": "model", "parts": [] },
        { "role": "user", "parts": [{ "text": "and?" }] },
    ] });
    let (sent, _) = translate(Dialect::Gemini, &body, Dialect::Gemini, "gemini-2.5-flash");
    let said = json!([
        { "role": "user", "parts": [{ "text": "hi" }] },
        { "role": "model", "parts": [{ "text": "so" }] },
        // What the client sent empty is its own.
        { "role": "model", "parts": [] },
        { "role": "user", "parts": [{ "text": "and?" }] },
    ]);
    assert_eq!(sent["contents"], said);
}
