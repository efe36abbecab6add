//! What providers keep: answers of the Responses API, files and batches, and forms on their way.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, Method, Uri},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use futures_util::StreamExt;
use gateway::doubles::{Serving, spawn};
use gateway_tests::{Answer, ConfigFile, Gateway, call, post as ask};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
};

use crate::PROGRAM;

fn answer(id: &str, status: &str) -> Value {
    json!({
        "id": id, "object": "response", "created_at": 1, "model": "gpt", "status": status,
        "output": [{ "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                     "content": [{ "type": "output_text", "text": "Kept", "annotations": [] }] }],
        "usage": { "input_tokens": 3, "output_tokens": 1, "total_tokens": 4 },
    })
}

/// Answers a call, whole or as a stream.
async fn respond(Json(call): Json<Value>) -> Response {
    if call["stream"] != true {
        return Json(answer("resp_whole", "completed")).into_response();
    }
    let mut text = String::new();
    let (begun, done) = (
        answer("resp_stream", "in_progress"),
        answer("resp_stream", "completed"),
    );
    for (number, (kind, event)) in [
        ("response.created", json!({ "response": begun })),
        (
            "response.output_text.delta",
            json!({ "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": "Kept" }),
        ),
        ("response.completed", json!({ "response": done })),
    ]
    .into_iter()
    .enumerate()
    {
        let mut event = event;
        event["type"] = kind.into();
        event["sequence_number"] = number.into();
        text += &format!("event: {kind}\ndata: {event}\n\n");
    }
    ([("content-type", "text/event-stream")], text).into_response()
}

/// Says what was asked about what is kept.
async fn keep(method: Method, uri: Uri, headers: HeaderMap) -> Json<Value> {
    let key = headers
        .get("authorization")
        .map(|key| key.to_str().unwrap_or_default());
    Json(json!({
        "id": "resp_whole", "method": method.as_str(), "asked": uri.to_string(),
        "operators": key.is_some_and(|key| key.starts_with("Bearer /")),
    }))
}

/// Counts what is uploaded, and tells when it begins.
async fn upload(State(begun): State<Arc<Notify>>, body: Body) -> Json<Value> {
    let (mut frames, mut bytes) = (body.into_data_stream(), 0);
    while let Some(Ok(frame)) = frames.next().await {
        bytes += frame.len();
        begun.notify_one();
    }
    Json(json!({ "id": "file-1", "text": "hi", "bytes": bytes }))
}

async fn content(Path(id): Path<String>) -> Response {
    let head = [("content-disposition", "attachment; filename=\"a.jsonl\"")];
    (head, format!("content of {id}")).into_response()
}

struct Square {
    gateway: Gateway,
    begun: Arc<Notify>,
    _file: ConfigFile,
    _provider: Serving,
}

async fn start() -> Square {
    let begun = Arc::new(Notify::new());
    let router = Router::new()
        .route("/v1/responses", post(respond))
        .route("/v1/responses/{*rest}", any(keep))
        .route("/v1/files", post(upload).get(keep))
        .route("/v1/files/{id}/content", get(content))
        .route("/v1/audio/transcriptions", post(upload))
        .route("/v1/batches", post(keep))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(Arc::clone(&begun));
    let provider = spawn(router).await.expect("a port");
    let file = ConfigFile::new(&format!(
        "listen: 127.0.0.1:0
admin: 127.0.0.1:0
limits: {{ body: 64MiB }}
routes:
  ai:
    match: \"/{{*rest}}\"
    ai:
      providers:
        openai: {{ base_url: \"{}/v1\", keys: [\"${{env:PATH}}\"], dialects: [chat, responses] }}
      models: {{ gpt: openai/gpt }}
      files: openai
",
        provider.url()
    ));
    let gateway = Gateway::start(PROGRAM, &["run", &file.path().display().to_string()]).await;
    Square {
        gateway,
        begun,
        _file: file,
        _provider: provider,
    }
}

impl Square {
    async fn call(&self, method: &str, path: &str) -> Answer {
        let headers = [("authorization", "Bearer demo")];
        call(self.gateway.address, method, path, &headers, "").await
    }
}

#[tokio::test]
async fn responses_are_made_streamed_and_asked_for_again() {
    let square = start().await;
    let address = square.gateway.address;
    let body =
        |stream: bool| json!({ "model": "gpt", "input": "hi", "stream": stream }).to_string();
    let whole = ask(address, "/v1/responses", &body(false)).await;
    assert_eq!(whole.status, 200, "{}", whole.body);
    assert_eq!(whole.header("x-gateway-model"), Some("openai/gpt"));
    assert!(whole.body.contains("resp_whole") && whole.body.contains("Kept"));
    let stream = ask(address, "/v1/responses", &body(true)).await;
    let media = stream.header("content-type");
    assert!(media.is_some_and(|media| media.starts_with("text/event-stream")));
    for event in [
        "response.created",
        "response.output_text.delta",
        "response.completed",
    ] {
        assert!(
            stream.body.contains(&format!("event: {event}\n")),
            "{}",
            stream.body
        );
    }
    for (method, path) in [
        ("GET", "/v1/responses/resp_whole?include=x"),
        ("GET", "/v1/responses/resp_stream"),
        ("GET", "/v1/responses/resp_whole/input_items"),
        ("POST", "/v1/responses/resp_whole/cancel"),
        ("DELETE", "/v1/responses/resp_whole"),
    ] {
        let kept = square.call(method, path).await;
        assert_eq!(kept.status, 200, "{method} {path}: {}", kept.body);
        let said: Value = serde_json::from_str(&kept.body).expect("JSON");
        assert_eq!(
            (&said["method"], &said["asked"]),
            (&method.into(), &path.into())
        );
        assert_eq!(said["operators"], true, "the client's key goes nowhere");
    }
    assert_eq!(
        square.call("PUT", "/v1/responses/resp_whole").await.status,
        405
    );
    assert_eq!(
        square.call("GET", "/v1/responses/..%2Ffiles").await.status,
        404
    );
}

#[tokio::test]
async fn files_and_batches_reach_whom_the_config_names() {
    let square = start().await;
    let list = square.call("GET", "/v1/files?purpose=batch").await;
    assert!(
        list.body.contains("/v1/files?purpose=batch"),
        "{}",
        list.body
    );
    let content = square.call("GET", "/v1/files/file-1/content").await;
    assert!(
        content.body.contains("content of file-1"),
        "{}",
        content.body
    );
    assert!(
        content
            .header("content-disposition")
            .is_some_and(|name| name.contains("a.jsonl"))
    );
    let batch = ask(
        square.gateway.address,
        "/v1/batches",
        r#"{"input_file_id":"file-1"}"#,
    )
    .await;
    assert!(
        batch.body.contains("\"asked\":\"/v1/batches\""),
        "{}",
        batch.body
    );
}

#[tokio::test]
async fn uploads_arrive_before_they_are_all_sent() {
    let square = start().await;
    for (path, head) in [
        (
            "/v1/files",
            "--B\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\n",
        ),
        (
            "/v1/audio/transcriptions",
            "--B\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\ngpt\r\n\
             --B\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\n",
        ),
    ] {
        let (half, tail) = ("x".repeat(6 << 20), "\r\n--B--\r\n");
        let length = head.len() + 2 * half.len() + tail.len();
        let mut client = TcpStream::connect(square.gateway.address)
            .await
            .expect("it listens");
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer demo\r\n\
             content-type: multipart/form-data; boundary=B\r\ncontent-length: {length}\r\n\r\n{head}{half}"
        );
        client
            .write_all(request.as_bytes())
            .await
            .expect("it reads");
        // Half of it is more than a request may have, and none of the rest is sent before this.
        square.begun.notified().await;
        client.write_all(half.as_bytes()).await.expect("it reads");
        client.write_all(tail.as_bytes()).await.expect("it reads");
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(
            answer.contains(&format!("\"bytes\":{length}")),
            "{length}: {answer}"
        );
    }
}
