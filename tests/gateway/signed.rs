//! Bedrock's requests, before a double that computes their signatures anew (AWS Signature Version 4).

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use aws_lc_rs::{digest, hmac};
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::HeaderMap,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::post,
};
use gateway::doubles::{Serving, model, spawn};
use gateway_tests::{ConfigFile, Gateway, post as ask};
use serde_json::{Value, json};

use crate::models;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const PROFILE: &str = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3";

/// How many requests were and were not signed by whoever knows the secret.
#[derive(Clone, Debug, Default)]
struct Seen {
    good: Arc<AtomicUsize>,
    bad: Arc<AtomicUsize>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        _ = write!(out, "{byte:02x}");
        out
    })
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

/// The path, escaped once more than it was sent, as every service but S3 has it.
fn canonical(path: &str) -> String {
    path.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// The signature that a request should have, and the one that it has.
fn signatures(method: &str, path: &str, headers: &HeaderMap, body: &[u8]) -> Option<[String; 2]> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let given = text("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let field = |name: &str| {
        let mut fields = given.split(", ");
        fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
    };
    let (_, scope) = field("Credential")?.split_once('/')?;
    let signed = field("SignedHeaders")?;
    let lines: Option<Vec<String>> = signed
        .split(';')
        .map(|name| Some(format!("{name}:{}\n", text(name)?.trim())))
        .collect();
    let request = format!(
        "{method}\n{}\n\n{}\n{signed}\n{}",
        canonical(path),
        lines?.concat(),
        sha256(body)
    );
    let date = text("x-amz-date")?;
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        sha256(request.as_bytes())
    );
    if !date.starts_with(scope.split('/').next()?) || !scope.ends_with("/bedrock/aws4_request") {
        return None;
    }
    let key = scope
        .split('/')
        .fold(format!("AWS4{SECRET}").into_bytes(), |key, part| {
            mac(&key, part)
        });
    Some([hex(&mac(&key, &to_sign)), field("Signature")?.to_owned()])
}

async fn verify(State(seen): State<Seen>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_default();
    let (method, path) = (head.method.as_str(), head.uri.path());
    let signatures = signatures(method, path, &head.headers, &body);
    if signatures.is_none_or(|[expected, given]| expected != given) {
        seen.bad.fetch_add(1, SeqCst);
        let kind = [("x-amzn-errortype", "InvalidSignatureException")];
        let why = json!({ "message": "The request signature we calculated does not match." });
        return (axum::http::StatusCode::FORBIDDEN, kind, axum::Json(why)).into_response();
    }
    seen.good.fetch_add(1, SeqCst);
    next.run(Request::from_parts(head, Body::from(body))).await
}

/// Claude, as it answers when it is invoked.
async fn invoke(body: Bytes) -> Response {
    let call: Value = serde_json::from_slice(&body).unwrap_or_default();
    let well = call["anthropic_version"] == "bedrock-2023-05-31" && call.get("model").is_none();
    axum::Json(json!({
        "id": "msg_bdrk_1", "type": "message", "role": "assistant", "model": "claude",
        "content": [{ "type": "text", "text": if well { "Invoked" } else { "What?" } }],
        "stop_reason": "end_turn", "usage": { "input_tokens": 9, "output_tokens": 2 },
    }))
    .into_response()
}

async fn start(secret: &str) -> (Gateway, ConfigFile, Serving, Seen) {
    let seen = Seen::default();
    let bedrock = Router::new()
        .route("/model/{id}/invoke", post(invoke))
        .merge(model::ModelServer::new().router())
        .layer(from_fn_with_state(seen.clone(), verify));
    let provider = spawn(bedrock).await.expect("a port");
    let url = provider.url();
    let (gateway, file) = models(&format!(
        "
      providers:
        bedrock:
          base_url: \"{url}\"
          region: us-east-1
          access_key_id: \"${{env:NO_SUCH_VARIABLE:-AKIDEXAMPLE}}\"
          secret_access_key: \"${{env:NO_SUCH_VARIABLE:-{secret}}}\"
      models: {{ nova: bedrock/us.amazon.nova-lite-v1:0, claude: \"bedrock/{CLAUDE}\", hidden: \"bedrock/{PROFILE}\" }}
"
    ))
    .await;
    (gateway, file, provider, seen)
}

fn chat(model: &str, stream: bool) -> String {
    json!({ "model": model, "stream": stream, "max_tokens": 50, "messages": [{ "role": "user", "content": "Grüße!" }] })
        .to_string()
}

#[tokio::test]
async fn every_request_is_signed_over_what_is_sent() {
    let (gateway, _file, _provider, seen) = start(SECRET).await;
    for (path, model, stream) in [
        ("/v1/chat/completions", "nova", false),
        ("/v1/chat/completions", "nova", true),
        ("/v1/chat/completions", "hidden", false),
        ("/v1/messages", "hidden", true),
        ("/v1/messages", "claude", false),
    ] {
        let answer = ask(gateway.address, path, &chat(model, stream)).await;
        assert_eq!(answer.status, 200, "{path} {model}: {}", answer.body);
        let invoked = answer.body.contains("Invoked");
        assert_eq!(invoked, model == "claude", "{}", answer.body);
        assert!(!answer.body.contains("\"error\""), "{}", answer.body);
    }
    assert_eq!((seen.good.load(SeqCst), seen.bad.load(SeqCst)), (5, 0));
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_the_operators_affair() {
    let (gateway, _file, _provider, seen) = start("another").await;
    for (path, model) in [("/v1/chat/completions", "nova"), ("/v1/messages", "claude")] {
        let answer = ask(gateway.address, path, &chat(model, false)).await;
        assert_eq!(answer.status, 502, "{}", answer.body);
        assert!(!answer.body.contains("signature"), "{}", answer.body);
    }
    assert_eq!((seen.good.load(SeqCst), seen.bad.load(SeqCst)), (0, 2));
}
