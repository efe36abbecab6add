mod accounts;
mod dialects;
mod faults;
mod refusals;
mod sockets;
mod thinking;

use std::time::Duration;

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use serde_json::json;
use tower::ServiceExt;

use super::ModelServer;

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
