use std::time::Duration;

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tower::ServiceExt;

use super::*;

fn server() -> ModelServer {
    ModelServer::new().pace(Duration::ZERO)
}

async fn send(server: &ModelServer, request: Request<Body>) -> (u16, http::HeaderMap, Vec<u8>) {
    let response = server.router().oneshot(request).await.unwrap();
    let (parts, mut body) = response.into_parts();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes.extend(frame.into_data().unwrap()),
            Err(_) => bytes.extend(b"<broken>"),
        }
    }
    (parts.status.as_u16(), parts.headers, bytes)
}

fn post(path: &str, body: &Value) -> Request<Body> {
    Request::post(path)
        .header("anthropic-version", "2023-06-01")
        .body(Body::from(body.to_string()))
        .unwrap()
}

async fn ask(server: &ModelServer, path: &str, body: &Value) -> (u16, Value) {
    let (status, _, bytes) = send(server, post(path, body)).await;
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn events(server: &ModelServer, path: &str, body: &Value) -> Vec<Value> {
    let (status, headers, bytes) = send(server, post(path, body)).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
    assert!(
        headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/event-stream")
    );
    let text = String::from_utf8(bytes).unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap_or(json!(data)))
        .collect()
}

fn chat(text: &str) -> Value {
    json!({ "model": "m", "messages": [{ "role": "user", "content": text }] })
}

fn message(text: &str) -> Value {
    json!({ "model": "m", "max_tokens": 2000, "messages": [{ "role": "user", "content": text }] })
}

fn streamed(mut body: Value) -> Value {
    body["stream"] = json!(true);
    body
}

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
    let plain = self::events(&server, "/v1/chat/completions", &streamed(chat("hello"))).await;
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
async fn what_a_provider_refuses_is_refused() {
    let server = server();
    let refused = async |path: &str, body: Value| -> String {
        let (status, answer) = ask(&server, path, &body).await;
        assert_eq!(status, 400, "{path} {body} {answer}");
        answer["error"]["message"].as_str().unwrap().to_owned()
    };
    let call = json!({ "id": "a", "type": "function",
        "function": { "name": "f", "arguments": "{}" } });
    let open = json!({ "model": "m", "messages": [{ "role": "user", "content": "x" },
        { "role": "assistant", "content": null, "tool_calls": [call] }] });
    assert!(
        refused("/v1/chat/completions", open)
            .await
            .contains("must be followed")
    );
    let orphan = json!({ "model": "m", "messages": [
        { "role": "tool", "tool_call_id": "a", "content": "x" }] });
    assert!(
        refused("/v1/chat/completions", orphan)
            .await
            .contains("role 'tool'")
    );
    let both = json!({ "model": "m", "max_tokens": 1, "max_completion_tokens": 1,
        "messages": [{ "role": "user", "content": "x" }] });
    assert!(
        refused("/v1/chat/completions", both)
            .await
            .contains("not supported")
    );
    assert!(
        refused("/v1/messages", chat("x"))
            .await
            .contains("max_tokens")
    );
    assert!(
        refused("/v1/messages", message(" "))
            .await
            .contains("non-whitespace")
    );
    let mut foreign = message("x");
    let forged = json!([{ "type": "thinking", "thinking": "t", "signature": "forged" }]);
    let turn = json!({ "role": "assistant", "content": forged });
    foreign["messages"].as_array_mut().unwrap().push(turn);
    assert!(refused("/v1/messages", foreign).await.contains("signature"));
    let mut forced = message("x");
    forced["thinking"] = json!({ "type": "enabled", "budget_tokens": 1024 });
    forced["tools"] = json!([{ "name": "f", "input_schema": { "type": "object" } }]);
    forced["tool_choice"] = json!({ "type": "any" });
    assert!(
        refused("/v1/messages", forced)
            .await
            .contains("forces tool use")
    );
}

#[tokio::test]
async fn keys_and_models_are_checked_in_dialect() {
    let server = server().key("sk-1");
    let (status, answer) = ask(&server, "/v1/chat/completions", &chat("x")).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (401, &json!("invalid_api_key"))
    );
    let (status, answer) = ask(&server, "/v1/messages", &message("x")).await;
    assert_eq!(
        (status, &answer["error"]["type"]),
        (401, &json!("authentication_error"))
    );
    let mut with_key = post("/v1/messages", &message("x"));
    with_key
        .headers_mut()
        .insert("x-api-key", "sk-1".parse().unwrap());
    assert_eq!(send(&server, with_key).await.0, 200);
    let open = self::server();
    let mut missing = chat("x");
    missing["model"] = json!("missing-1");
    let (status, answer) = ask(&open, "/v1/chat/completions", &missing).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (404, &json!("model_not_found"))
    );
    let (status, _) = ask(
        &open,
        "/v1beta/models/missing-x:generateContent",
        &json!({}),
    )
    .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn faults_are_committed_in_dialect() {
    let server = server();
    server
        .faults()
        .set("status=429,retry_after=2,times=1".parse().unwrap());
    let (status, headers, _) = send(&server, post("/v1/messages", &message("x"))).await;
    assert_eq!(
        (status, headers["retry-after"].to_str().unwrap()),
        (429, "2")
    );
    assert_eq!(ask(&server, "/v1/messages", &message("x")).await.0, 200);

    server
        .faults()
        .set("error_event_after_chunks=1".parse().unwrap());
    let events = events(&server, "/v1/messages", &streamed(message("x"))).await;
    assert_eq!(events.last().unwrap()["type"], "error");
    assert_eq!(ask(&server, "/v1/messages", &message("x")).await.0, 500);

    server.faults().set("cut_after_tokens=3".parse().unwrap());
    let (_, _, bytes) = send(&server, post("/v1/chat/completions", &streamed(chat("x")))).await;
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.ends_with("<broken>") && !text.contains("[DONE]"),
        "{text}"
    );
    assert_eq!(text.matches("data: ").count(), 4);
    let calls = server.stats().snapshot().calls;
    assert_eq!(
        (
            calls.last().unwrap().outcome,
            calls.last().unwrap().completion_tokens
        ),
        ("faulted", 3)
    );
}

#[tokio::test]
async fn a_header_makes_one_request_fail() {
    let server = server();
    let mut request = post("/v1/messages", &message("x"));
    request
        .headers_mut()
        .insert("x-mock-fault", "html".parse().unwrap());
    let (status, headers, _) = send(&server, request).await;
    assert_eq!(
        (status, headers["content-type"].to_str().unwrap()),
        (200, "text/html; charset=utf-8")
    );
    let mut request = post("/v1/messages", &message("x"));
    request
        .headers_mut()
        .insert("x-mock-fault", "htlm".parse().unwrap());
    assert_eq!(send(&server, request).await.0, 400);
    assert_eq!(ask(&server, "/v1/messages", &message("x")).await.0, 200);
}

#[tokio::test]
async fn faults_are_switched_over_http() {
    let server = server();
    let fault = |body: &'static str| Request::post("/__fault").body(Body::from(body)).unwrap();
    assert_eq!(send(&server, fault("status=500")).await.0, 200);
    assert_eq!(ask(&server, "/v1/messages", &message("x")).await.0, 500);
    let (status, _, text) = send(&server, fault("status=5000")).await;
    assert_eq!(status, 400);
    assert!(
        String::from_utf8(text)
            .unwrap()
            .contains("between 400 and 599")
    );
    let clear = Request::delete("/__fault").body(Body::empty()).unwrap();
    assert_eq!(send(&server, clear).await.0, 200);
    assert_eq!(ask(&server, "/v1/messages", &message("x")).await.0, 200);
}

#[tokio::test]
async fn tokens_are_counted_and_vectors_have_length_one() {
    let server = server();
    let (_, count) = ask(
        &server,
        "/v1/messages/count_tokens",
        &message("one two, three"),
    )
    .await;
    assert_eq!(count, json!({ "input_tokens": 4 }));
    let request = json!({ "model": "e", "input": ["a", "b c"], "dimensions": 8 });
    let (_, list) = ask(&server, "/v1/embeddings", &request).await;
    let vector = list["data"][1]["embedding"].as_array().unwrap();
    let norm: f64 = vector.iter().map(|x| x.as_f64().unwrap().powi(2)).sum();
    assert!(vector.len() == 8 && (norm - 1.0).abs() < 1e-5);
    assert_eq!(list["usage"]["prompt_tokens"], 3);
}

#[tokio::test]
async fn requests_are_kept_for_the_test_to_look_at() {
    let server = server();
    ask(&server, "/v1/messages", &message("look at me")).await;
    let last = server.stats().last().unwrap();
    assert_eq!(last.method, http::Method::POST);
    assert_eq!(last.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(last.json()["messages"][0]["content"], "look at me");
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let (_, _, stats) = send(&server, get("/__stats")).await;
    let stats: Value = serde_json::from_slice(&stats).unwrap();
    assert_eq!(stats["paths"], json!({ "/v1/messages": 1 }));
}

#[tokio::test]
async fn cached_input_is_counted_as_each_dialect_does() {
    let server = server();
    let marked = |text: &str, ttl: &str| {
        let mark = json!({ "type": "ephemeral", "ttl": ttl });
        json!({ "type": "text", "text": text, "cache_control": mark })
    };
    let request = json!({ "model": "m", "max_tokens": 100, "system": [marked("one two three", "1h")],
        "messages": [{ "role": "user", "content": [marked("four five", "5m"),
            { "type": "text", "text": "six" }] }] });
    let (_, a) = ask(&server, "/v1/messages", &request).await;
    let usage = &a["usage"];
    assert_eq!(
        (&usage["input_tokens"], &usage["cache_read_input_tokens"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(usage["cache_creation"]["ephemeral_1h_input_tokens"], 3);
    let events = events(&server, "/v1/messages", &streamed(request)).await;
    let last = &events[events.len() - 2]["usage"];
    assert_eq!(
        (&last["input_tokens"], &last["cache_creation_input_tokens"]),
        (&json!(1), &json!(3))
    );
    let mut request = chat("one two three four");
    request["prompt_cache_key"] = json!("k");
    let (_, c) = ask(&server, "/v1/chat/completions", &request).await;
    assert_eq!(c["usage"]["prompt_tokens"], 4);
    assert_eq!(c["usage"]["prompt_tokens_details"]["cached_tokens"], 2);
    let content =
        json!([{ "text": "one two" }, { "cachePoint": { "type": "default" } }, { "text": "x" }]);
    let request = json!({ "messages": [{ "role": "user", "content": content }] });
    let (_, b) = ask(&server, "/model/m/converse", &request).await;
    assert_eq!(
        (
            &b["usage"]["inputTokens"],
            &b["usage"]["cacheReadInputTokens"]
        ),
        (&json!(1), &json!(2))
    );
    assert_eq!(server.stats().snapshot().prompt_tokens, 6 + 6 + 4 + 3);
}

/// Sends a request over a socket and gives the connection.
async fn connect(serving: &crate::doubles::Serving, body: &Value) -> tokio::net::TcpStream {
    let body = body.to_string();
    let length = body.len();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n"
    );
    let mut stream = tokio::net::TcpStream::connect(serving.addr())
        .await
        .unwrap();
    stream
        .write_all(format!("{head}{body}").as_bytes())
        .await
        .unwrap();
    stream
}

#[tokio::test]
async fn a_cut_drops_the_connection_after_the_last_token_was_sent() {
    let server = server();
    server.faults().set("cut_after_tokens=5".parse().unwrap());
    let serving = crate::doubles::spawn(server.router()).await.unwrap();
    for request in [streamed(chat("20 words")), chat("20 words")] {
        let mut stream = connect(&serving, &request).await;
        let mut bytes = Vec::new();
        // Reading ends, with an error or without; the body has not.
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
        assert!(!text.ends_with("0\r\n\r\n"), "{text}");
        match request["stream"] == true {
            true => assert_eq!(text.matches("chat.completion.chunk").count(), 6, "{text}"),
            false => assert!(
                text.contains("chatcmpl-") && !text.contains("usage"),
                "{text}"
            ),
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    let server = ModelServer::new().pace(Duration::from_millis(1));
    let serving = crate::doubles::spawn(server.router()).await.unwrap();
    let mut stream = connect(&serving, &streamed(chat("50000 words"))).await;
    stream.read_exact(&mut [0; 512]).await.unwrap();
    drop(stream);
    for _ in 0..500 {
        if server.stats().snapshot().cancelled == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let stats = server.stats().snapshot();
    assert_eq!((stats.cancelled, stats.in_flight), (1, 0));
    assert!(stats.completion_tokens < 50_000);
    assert_eq!(stats.calls[0].outcome, "cancelled");
}

#[tokio::test]
async fn silence_sends_a_head_and_nothing_more() {
    let server = server();
    server.faults().set("silence".parse().unwrap());
    let serving = crate::doubles::spawn(server.router()).await.unwrap();
    let mut stream = connect(&serving, &streamed(chat("x"))).await;
    let mut head = vec![0; 1024];
    let read = stream.read(&mut head).await.unwrap();
    assert!(
        head[..read].ends_with(b"\r\n\r\n"),
        "{}",
        String::from_utf8_lossy(&head[..read])
    );
    let more = tokio::time::timeout(Duration::from_millis(100), stream.read(&mut head)).await;
    assert!(more.is_err());
    assert_eq!(server.stats().snapshot().in_flight, 1);
}
