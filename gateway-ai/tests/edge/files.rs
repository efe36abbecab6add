//! Files and batches, and forms too large to hold.

use bytes::Bytes;
use gateway_ai::edge::AiService;
use gateway_core::{Body, Identity, Request, Response, context::IdentityKind};
use http_body::Body as _;

use crate::support::{Answer, Double, ask, gateway, header, json, models, post, text};

fn keeper(double: &Double) -> AiService {
    gateway(double).files(["openai", "anthropic"])
}

fn request(method: &str, path: &str, body: impl Into<Body>) -> Request {
    let request = http::Request::builder().method(method).uri(path);
    request.body(body.into()).unwrap()
}

fn anthropics(mut request: Request) -> Request {
    let version = "2023-06-01".parse().unwrap();
    request.headers_mut().insert("anthropic-version", version);
    request
}

/// A request of somebody.
fn of(subject: &str, mut request: Request) -> Request {
    let identity = Identity::new(IdentityKind::ApiKey, "keys", subject);
    request.extensions_mut().insert(identity);
    request
}

fn form(content: impl Into<Body>, path: &str) -> Request {
    let mut request = post(path, content);
    let media = "multipart/form-data; boundary=B".parse().unwrap();
    request.headers_mut().insert("content-type", media);
    request
        .headers_mut()
        .insert("authorization", "Bearer client".parse().unwrap());
    request
}

#[tokio::test]
async fn files_pass_with_the_operators_key_to_whom_the_client_means() {
    let double = Double::new([
        Answer::json(200, r#"{"id":"file-1","object":"file"}"#),
        Answer::json(200, r#"{"id":"file_2","type":"file"}"#),
        Answer::Whole(
            200,
            &[("content-type", "application/octet-stream")],
            "RIFF".to_owned(),
        ),
        Answer::json(200, r#"{"id":"batch_1","output_file_id":"file-9"}"#),
        Answer::json(200, r#"{"id":"msgbatch_1"}"#),
        Answer::json(
            404,
            r#"{"error":{"message":"No such File object","type":"invalid_request_error"}}"#,
        ),
    ]);
    let ai = keeper(&double);
    let upload =
        "--B\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--B--\r\n";
    let response = ask(ai.clone(), form(upload, "/v1/files")).await;
    assert_eq!(json(response).await["id"], "file-1");
    let response = ask(ai.clone(), anthropics(form(upload, "/v1/files"))).await;
    assert_eq!(json(response).await["id"], "file_2");
    let response = ask(ai.clone(), request("GET", "/v1/files/file-1/content", "")).await;
    assert_eq!(
        header(&response, "content-type"),
        "application/octet-stream"
    );
    assert_eq!(text(response).await, "RIFF");
    let batch =
        r#"{"input_file_id":"file-1","endpoint":"/v1/chat/completions","completion_window":"24h"}"#;
    ask(ai.clone(), post("/v1/batches", batch)).await;
    let path = "/v1/messages/batches?limit=2";
    ask(ai.clone(), post(path, r#"{"requests":[]}"#)).await;
    let missing = ask(ai, request("DELETE", "/v1/files/file-0", "")).await;
    assert_eq!(missing.status(), 404);
    assert!(text(missing).await.contains("No such File object"));

    let seen = double.seen();
    let places: Vec<&str> = seen.iter().map(|seen| &*seen.uri).collect();
    assert_eq!(
        places,
        [
            "https://api.openai.com/v1/files",
            "https://api.anthropic.com/v1/files",
            "https://api.openai.com/v1/files/file-1/content",
            "https://api.openai.com/v1/batches",
            "https://api.anthropic.com/v1/messages/batches?limit=2",
            "https://api.openai.com/v1/files/file-0",
        ]
    );
    assert_eq!(seen[0].headers["authorization"], "Bearer sk-operator");
    assert_eq!(
        seen[0].headers["content-type"],
        "multipart/form-data; boundary=B"
    );
    assert_eq!(seen[0].body, upload);
    assert_eq!(seen[1].headers["x-api-key"], "sk-ant-operator");
    assert_eq!(seen[1].headers["anthropic-version"], "2023-06-01");
    assert!(!seen[1].headers.contains_key("authorization"));
    assert_eq!(seen[3].body, batch);
}

#[tokio::test]
async fn what_is_one_tenants_does_not_exist_for_another() {
    let double = Double::new([
        Answer::json(200, r#"{"id":"file-1"}"#),
        Answer::json(
            200,
            r#"{"object":"list","data":[{"id":"file-1"},{"id":"file-2"}],"has_more":false}"#,
        ),
        Answer::json(
            200,
            r#"{"object":"list","data":[{"id":"file-1"},{"id":"file-2"}],"has_more":false}"#,
        ),
        Answer::json(200, r#"{"id":"batch_1","output_file_id":"file-9"}"#),
    ]);
    let ai = keeper(&double);
    ask(ai.clone(), of("a", form("--B--\r\n", "/v1/files"))).await;
    let list = || request("GET", "/v1/files", "");
    let own = json(ask(ai.clone(), of("a", list())).await).await;
    assert_eq!(own["data"].as_array().unwrap().len(), 1);
    let others = json(ask(ai.clone(), of("b", list())).await).await;
    assert_eq!(others["data"].as_array().unwrap().len(), 0);
    let batch = r#"{"input_file_id":"file-1"}"#;
    ask(ai.clone(), of("a", post("/v1/batches", batch))).await;
    for theft in [
        request("GET", "/v1/files/file-1/content", ""),
        request("DELETE", "/v1/files/file-1", ""),
        request("GET", "/v1/files/file-9/content", ""),
        request("POST", "/v1/batches/batch_1/cancel", ""),
        post("/v1/batches", batch),
    ] {
        let response = ask(ai.clone(), of("b", theft)).await;
        assert_eq!(response.status(), 404);
        assert_eq!(json(response).await["error"]["code"], "not_found");
    }
    assert_eq!(double.seen().len(), 4, "none of it was asked for");
}

#[tokio::test]
async fn nothing_is_kept_unless_somebody_is_named() {
    let refused = async |ai: AiService, request: Request| -> Response {
        let response = ask(ai, request).await;
        assert!(response.status().is_client_error(), "{}", response.status());
        response
    };
    let ai = gateway(&Double::default());
    refused(ai.clone(), post("/v1/batches", "{}")).await;
    let response = refused(ai.clone(), anthropics(request("GET", "/v1/files", ""))).await;
    assert_eq!(json(response).await["type"], "error");
    let ai = keeper(&Double::default());
    let response = ask(ai.clone(), request("PUT", "/v1/files", "")).await;
    assert_eq!(response.status(), 405);
    let limited = Identity::new(IdentityKind::ApiKey, "keys", "a");
    let claims = serde_json::json!({ "models": ["gpt"] });
    let limited = limited.with_claims(claims.as_object().unwrap().clone());
    for path in ["/v1/batches", "/v1/messages/batches"] {
        let mut request = post(path, "{}");
        request.extensions_mut().insert(limited.clone());
        assert_eq!(ask(ai.clone(), request).await.status(), 403);
    }
}

/// A body in pieces of unknown sum.
fn pieces(all: &str, size: usize) -> Body {
    let pieces: Vec<Bytes> = all
        .as_bytes()
        .chunks(size)
        .map(Bytes::copy_from_slice)
        .collect();
    let frames = pieces
        .into_iter()
        .map(|piece| Ok::<_, gateway_core::BoxError>(http_body::Frame::data(piece)));
    let body = http_body_util::StreamBody::new(futures_util::stream::iter(frames));
    assert!(!body.is_end_stream());
    Body::new(body)
}

fn part(name: &str, content: &str) -> String {
    format!("--B\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
}

const TRANSCRIPTIONS: &str = "/v1/audio/transcriptions";

#[tokio::test]
async fn a_large_form_is_sent_on_as_it_comes() {
    let sound = "RIFF".repeat(2 << 20);
    let whole = |model: &str| {
        part("prompt", "x") + &part("model", model) + &part("file", &sound) + "--B--\r\n"
    };
    let double = Double::new([Answer::json(200, r#"{"text":"hi"}"#)]);
    // The whole is twice the limit of a request, and none of it is held.
    let body = pieces(&whole("openai/whisper-1"), 60_000);
    let response = ask(gateway(&double), form(body, TRANSCRIPTIONS)).await;
    assert_eq!(header(&response, "x-gateway-model"), "openai/whisper-1");
    let seen = &double.seen()[0];
    assert!(seen.body == whole("whisper-1"), "but for the model's name");
    assert_eq!(seen.headers["authorization"], "Bearer sk-operator");
}

#[tokio::test]
async fn a_large_form_is_sent_once() {
    let body = part("model", "heard") + &part("file", &"x".repeat(1 << 20)) + "--B--\r\n";
    let double = Double::new([Answer::json(500, "{}")]);
    let two = ["openai/whisper-1", "openai/gpt-4o-transcribe"].map(gateway_ai::models::target);
    let ai = models(&double).alias("heard", two).service().unwrap();
    let response = ask(ai, form(pieces(&body, 60_000), TRANSCRIPTIONS)).await;
    assert_eq!(response.status(), 502);
    assert_eq!(double.seen().len(), 1);
}

#[tokio::test]
async fn what_a_large_form_says_too_late_is_refused() {
    let late =
        part("file", &"x".repeat(5 << 20)) + &part("model", "openai/whisper-1") + "--B--\r\n";
    let ai = gateway(&Double::default());
    let response = ask(ai.clone(), form(pieces(&late, 60_000), TRANSCRIPTIONS)).await;
    assert_eq!(response.status(), 413);
    let twice = part("model", "openai/whisper-1")
        + &part("file", &"x".repeat(1 << 20))
        + &part("Model", "openai/other")
        + "--B--\r\n";
    let response = ask(ai, form(pieces(&twice, 60_000), TRANSCRIPTIONS)).await;
    assert_eq!(response.status(), 400);
    assert_eq!(
        json(response).await["error"]["type"],
        "invalid_request_error"
    );
}
