use super::*;
use crate::doubles::model::count_tokens;

/// The text, and the usage as (prompt, completion), of one conversation in each dialect.
async fn in_each_dialect(server: &ModelServer, text: &str) -> Vec<(String, u64, u64)> {
    let pick = |value: &Value, text: &str, prompt: &str, completion: &str| {
        let number = |path| value.pointer(path).and_then(Value::as_u64).unwrap();
        let text = value
            .pointer(text)
            .and_then(Value::as_str)
            .unwrap()
            .to_owned();
        (text, number(prompt), number(completion))
    };
    let (_, c) = ask(server, "/v1/chat/completions", &chat(text)).await;
    let (_, a) = ask(server, "/v1/messages", &message(text)).await;
    let (_, r) = ask(
        server,
        "/v1/responses",
        &json!({ "model": "m", "input": text }),
    )
    .await;
    let parts = json!([{ "text": text }]);
    let g = json!({ "contents": [{ "role": "user", "parts": parts }] });
    let (_, g) = ask(server, "/v1beta/models/m:generateContent", &g).await;
    let b = json!({ "messages": [{ "role": "user", "content": parts }] });
    let (_, b) = ask(server, "/model/m/converse", &b).await;
    let usage = "/usageMetadata/candidatesTokenCount";
    vec![
        pick(
            &c,
            "/choices/0/message/content",
            "/usage/prompt_tokens",
            "/usage/completion_tokens",
        ),
        pick(
            &a,
            "/content/0/text",
            "/usage/input_tokens",
            "/usage/output_tokens",
        ),
        pick(
            &r,
            "/output/0/content/0/text",
            "/usage/input_tokens",
            "/usage/output_tokens",
        ),
        pick(
            &g,
            "/candidates/0/content/parts/0/text",
            "/usageMetadata/promptTokenCount",
            usage,
        ),
        pick(
            &b,
            "/output/message/content/0/text",
            "/usage/inputTokens",
            "/usage/outputTokens",
        ),
    ]
}

#[tokio::test]
async fn every_dialect_gives_the_same_answer_and_counts() {
    let server = server();
    let answers = in_each_dialect(&server, "Good morning, model!").await;
    let (text, prompt, completion) = answers[0].clone();
    assert_eq!(prompt, 5);
    assert_eq!(completion, count_tokens(&text));
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:#?}"
    );
    let stats = server.stats().snapshot();
    assert_eq!((stats.requests, stats.in_flight), (5, 0));
    assert_eq!(
        (stats.prompt_tokens, stats.completion_tokens),
        (25, 5 * completion)
    );
}

#[tokio::test]
async fn a_chat_stream_is_the_reply_in_pieces() {
    let server = server();
    let (_, whole) = ask(&server, "/v1/chat/completions", &chat("hello")).await;
    let mut request = streamed(chat("hello"));
    request["stream_options"] = json!({ "include_usage": true });
    let events = events(&server, "/v1/chat/completions", &request).await;
    let deltas = events
        .iter()
        .filter_map(|e| e["choices"][0]["delta"]["content"].as_str());
    assert_eq!(
        deltas.collect::<String>(),
        whole["choices"][0]["message"]["content"]
    );
    assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(events[0]["usage"], Value::Null);
    assert_eq!(events.last().unwrap(), "[DONE]");
    let usage = &events[events.len() - 2];
    assert_eq!(
        (&usage["choices"], &usage["usage"]),
        (&json!([]), &whole["usage"])
    );
    assert_eq!(
        events[events.len() - 3]["choices"][0]["finish_reason"],
        "stop"
    );
    let plain = super::events(&server, "/v1/chat/completions", &streamed(chat("hello"))).await;
    assert!(plain.iter().all(|event| event.get("usage").is_none()));
}

#[tokio::test]
async fn a_message_stream_is_the_reply_in_pieces() {
    let server = server();
    let mut request = message("hello");
    request["thinking"] = json!({ "type": "enabled", "budget_tokens": 1024 });
    let (_, whole) = ask(&server, "/v1/messages", &request).await;
    let events = events(&server, "/v1/messages", &streamed(request)).await;
    let kinds: Vec<&str> = events.iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[..3], ["message_start", "content_block_start", "ping"]);
    assert_eq!(kinds[kinds.len() - 2..], ["message_delta", "message_stop"]);
    let joined = |block: u64, field: &str| -> String {
        let of_block = events.iter().filter(|e| e["index"] == block);
        of_block
            .filter_map(|e| e["delta"][field].as_str())
            .collect()
    };
    assert_eq!(joined(0, "thinking"), whole["content"][0]["thinking"]);
    assert_eq!(joined(0, "signature"), whole["content"][0]["signature"]);
    assert_eq!(joined(1, "text"), whole["content"][1]["text"]);
    let last = &events[events.len() - 2];
    assert_eq!(
        last["usage"]["output_tokens"],
        whole["usage"]["output_tokens"]
    );
    assert_eq!(last["delta"]["stop_reason"], "end_turn");
}

#[tokio::test]
async fn a_response_stream_numbers_its_events_and_repeats_the_text() {
    let server = server();
    let request = json!({ "model": "m", "input": "hello", "stream": true });
    let events = events(&server, "/v1/responses", &request).await;
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], at);
    }
    let deltas = events
        .iter()
        .filter(|e| e["type"] == "response.output_text.delta");
    let text: String = deltas.filter_map(|e| e["delta"].as_str()).collect();
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.completed");
    assert_eq!(last["response"]["output"][0]["content"][0]["text"], text);
    assert_eq!(
        last["response"]["usage"]["output_tokens"],
        count_tokens(&text)
    );
}

#[tokio::test]
async fn a_gemini_stream_is_an_array_unless_events_are_asked_for() {
    let server = server();
    let request = json!({ "contents": [{ "parts": [{ "text": "hello" }] }] });
    let path = "/v1beta/models/m:streamGenerateContent";
    let (_, array) = ask(&server, path, &request).await;
    let events = events(&server, &format!("{path}?alt=sse"), &request).await;
    assert_eq!(array, json!(events));
    assert_eq!(
        events.last().unwrap()["candidates"][0]["finishReason"],
        "STOP"
    );
}

#[tokio::test]
async fn converse_takes_a_schema_as_text() {
    let schema = r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}"#;
    let format = |schema: &str| {
        let named = json!({ "jsonSchema": { "name": "s", "schema": schema } });
        json!({ "messages": [{ "role": "user", "content": [{ "text": "hi" }] }],
            "outputConfig": { "textFormat": { "type": "json_schema", "structure": named } } })
    };
    let (server, path) = (server(), "/model/m/converse");
    let (_, reply) = ask(&server, path, &format(schema)).await;
    let text = reply["output"]["message"]["content"][0]["text"]
        .as_str()
        .unwrap();
    let answer: Value = serde_json::from_str(text).unwrap();
    assert!(answer["n"].is_i64());
    assert_eq!(ask(&server, path, &format("no JSON")).await.0, 400);
}

#[tokio::test]
async fn a_converse_stream_has_valid_frames_and_ends_with_metadata() {
    let server = server();
    let request = json!({ "messages": [{ "role": "user", "content": [{ "text": "hello" }] }] });
    let (_, headers, bytes) = send(&server, post("/model/m/converse-stream", &request)).await;
    assert_eq!(
        headers["content-type"],
        "application/vnd.amazon.eventstream"
    );
    let (mut rest, mut kinds) = (bytes.as_slice(), Vec::new());
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
    while !rest.is_empty() {
        let (frame, after) = rest.split_at(number(&rest[..4]) as usize);
        assert_eq!(crc32fast::hash(&frame[..8]), number(&frame[8..12]));
        let (body, crc) = frame.split_at(frame.len() - 4);
        assert_eq!(crc32fast::hash(body), number(crc));
        let kind_at = 12 + 1 + ":event-type".len() + 1;
        let length = usize::from(u16::from_be_bytes([frame[kind_at], frame[kind_at + 1]]));
        let kind = &frame[kind_at + 2..kind_at + 2 + length];
        kinds.push(String::from_utf8(kind.to_vec()).unwrap());
        rest = after;
    }
    assert_eq!(kinds[..2], ["messageStart", "contentBlockDelta"]);
    assert_eq!(
        kinds[kinds.len() - 3..],
        ["contentBlockStop", "messageStop", "metadata"]
    );
}

#[tokio::test]
async fn claude_invoked_speaks_messages_in_an_envelope() {
    let server = server();
    let mut request = message("hello");
    let (status, reply) = ask(&server, "/model/m/invoke", &request).await;
    assert_eq!(status, 400, "{reply}");
    request["anthropic_version"] = json!("bedrock-2023-05-31");
    let (status, reply) = ask(&server, "/model/m/invoke", &request).await;
    assert_eq!(status, 400, "{reply}");
    request.as_object_mut().unwrap().remove("model");
    let (status, reply) = ask(&server, "/model/m/invoke", &request).await;
    assert_eq!((status, &reply["role"]), (200, &json!("assistant")));
    let streamed = post("/model/m/invoke-with-response-stream", &request);
    let (_, headers, bytes) = send(&server, streamed).await;
    assert_eq!(
        headers["content-type"],
        "application/vnd.amazon.eventstream"
    );
    // `{"type":"message_start"` in base64.
    let start = b"{\"bytes\":\"eyJ";
    assert!(bytes.windows(start.len()).any(|window| window == start));
    let (status, reply) = ask(&server, "/model/m/sing", &request).await;
    assert_eq!(status, 404, "{reply}");
}
