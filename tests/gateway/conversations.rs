//! What conversations hold on to: proofs of reasoning, the account that has their beginning cached.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, http::HeaderMap, routing::post as on_post};
use gateway::doubles::{Serving, spawn};
use gateway_tests::{Answer, ConfigFile, Gateway, call};
use serde_json::{Value, json};

use crate::PROGRAM;

/// What a provider was asked: its key, and the body.
type Seen = Arc<Mutex<Vec<(String, Value)>>>;

/// Gemini, which signs a call, and Anthropic, which counts what it caches.
async fn providers() -> (Serving, Seen) {
    let seen = Seen::default();
    let note = |seen: &Seen, headers: &HeaderMap, key: &str, body: Value| {
        let key = headers.get(key).and_then(|key| key.to_str().ok());
        let mut seen = seen.lock().expect("no panic");
        seen.push((key.unwrap_or_default().to_owned(), body));
    };
    let (gemini, anthropic) = (Arc::clone(&seen), Arc::clone(&seen));
    let sign = move |headers: HeaderMap, Json(body): Json<Value>| async move {
        note(&gemini, &headers, "x-goog-api-key", body);
        let call = json!({ "functionCall": { "name": "look", "args": { "a": 1 } }, "thoughtSignature": "c2ln" });
        Json(json!({
            "responseId": "abcdefgh", "modelVersion": "gemini-3-pro",
            "candidates": [{ "index": 0, "finishReason": "STOP", "content": { "role": "model", "parts": [call] } }],
            "usageMetadata": { "promptTokenCount": 9, "candidatesTokenCount": 2, "totalTokenCount": 11 },
        }))
    };
    let count = move |headers: HeaderMap, Json(body): Json<Value>| async move {
        note(&anthropic, &headers, "x-api-key", body);
        Json(json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5",
            "content": [{ "type": "text", "text": "Hello" }], "stop_reason": "end_turn",
            "usage": { "input_tokens": 9, "cache_creation_input_tokens": 900, "cache_read_input_tokens": 0, "output_tokens": 2 },
        }))
    };
    let router = Router::new()
        .route("/v1beta/models/gemini-3-pro:generateContent", on_post(sign))
        .route("/v1/messages", on_post(count));
    (spawn(router).await.expect("a port"), seen)
}

async fn start(provider: &Serving, settings: &str) -> (Gateway, ConfigFile) {
    let url = provider.url();
    let file = ConfigFile::new(&format!(
        "listen: 127.0.0.1:0
admin: 127.0.0.1:0
routes:
  ai:
    match: \"/{{*rest}}\"
    layers:
      api_key:
        keys:
          - {{ id: one, tenant: one, sha256: 7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed }}
          - {{ id: two, tenant: two, sha256: 3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3 }}
    ai:
      providers:
        gemini: {{ base_url: \"{url}/v1beta\", keys: [\"${{env:PATH}}\"] }}
        anthropic: {{ base_url: \"{url}/v1\", keys: [\"${{env:PATH}}\", \"${{env:GATEWAY_TEST_UNSET:-second}}\", \"${{env:GATEWAY_TEST_UNSET:-third}}\"] }}
      models: {{ signs: gemini/gemini-3-pro, counts: anthropic/claude-haiku-4-5 }}
      {settings}
"
    ));
    let gateway = Gateway::start(PROGRAM, &["run", &file.path().display().to_string()]).await;
    (gateway, file)
}

async fn ask(gateway: &Gateway, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let json = [&[("content-type", "application/json")], headers].concat();
    let answer = call(gateway.address, "POST", path, &json, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer
}

async fn metrics(gateway: &Gateway) -> String {
    call(gateway.admin, "GET", "/metrics", &[], "").await.body
}

/// A turn of a client that sends back of a call what Chat has for it, and no more.
fn turn(calls: Option<&Value>) -> Value {
    let mut messages = vec![json!({ "role": "user", "content": "hi" })];
    if let Some(calls) = calls {
        messages.push(json!({ "role": "assistant", "content": null, "tool_calls": calls }));
        messages
            .push(json!({ "role": "tool", "tool_call_id": calls[0]["id"], "content": "found" }));
    }
    let tool = json!({ "type": "function", "function": { "name": "look", "parameters": { "type": "object" } } });
    json!({ "model": "signs", "messages": messages, "tools": [tool] })
}

fn signature(seen: &Seen, request: usize) -> Value {
    let seen = seen.lock().expect("no panic");
    seen[request].1["contents"][1]["parts"][0]["thoughtSignature"].clone()
}

const CHAT: &str = "/v1/chat/completions";
const STAND_IN: &str = "skip_thought_signature_validator";

#[tokio::test]
async fn a_signature_the_client_drops_is_put_back_for_its_tenant_alone() {
    let (provider, seen) = providers().await;
    let (gateway, _file) = start(&provider, "keeper: { max: 1MiB, ttl: 10m }").await;
    let one = [
        ("authorization", "Bearer one"),
        ("user-agent", "langchain/1.0"),
    ];
    let two = [("authorization", "Bearer two")];
    let reply = ask(&gateway, CHAT, &one, &turn(None)).await;
    let reply: Value = serde_json::from_str(&reply.body).expect("JSON");
    let calls = reply["choices"][0]["message"]["tool_calls"].clone();

    let second = ask(&gateway, CHAT, &one, &turn(Some(&calls))).await;
    assert_eq!(second.header("x-gateway-lossy"), None);
    assert_eq!(signature(&seen, 1), "c2ln");

    let foreign = ask(&gateway, CHAT, &two, &turn(Some(&calls))).await;
    assert_eq!(
        foreign.header("x-gateway-lossy"),
        Some("tool_call.signature")
    );
    assert_eq!(signature(&seen, 2), STAND_IN);

    let metrics = metrics(&gateway).await;
    for line in [
        "gateway_ai_proofs_total{route=\"ai\",outcome=\"kept\"} 3",
        "gateway_ai_proofs_total{route=\"ai\",outcome=\"restored\"} 1",
        "gateway_ai_proofs_total{route=\"ai\",outcome=\"lost\"} 1",
        "gateway_ai_requests_total{route=\"ai\",client=\"langchain\"} 2",
        "gateway_ai_requests_total{route=\"ai\",client=\"other\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[tokio::test]
async fn nothing_is_kept_where_nothing_shall_be() {
    for settings in [
        "keeper: { enabled: false }",
        "clients: { litellm: { user_agent: acme, keeper: off } }",
    ] {
        let (provider, seen) = providers().await;
        let (gateway, _file) = start(&provider, settings).await;
        let acme = [("authorization", "Bearer one"), ("user-agent", "acme/2")];
        let reply = ask(&gateway, CHAT, &acme, &turn(None)).await;
        assert_eq!(reply.header("x-gateway-lossy"), Some("tool_call.signature"));
        let reply: Value = serde_json::from_str(&reply.body).expect("JSON");
        let calls = reply["choices"][0]["message"]["tool_calls"].clone();
        ask(&gateway, CHAT, &acme, &turn(Some(&calls))).await;
        assert_eq!(signature(&seen, 1), STAND_IN, "{settings}");
    }
}

/// What Claude Code sends: its agent, its betas, a long system text with a mark.
fn claude(words: &str, turns: usize) -> Value {
    let system = json!({ "type": "text", "text": "You are Claude Code. ".repeat(40_000), "cache_control": { "type": "ephemeral", "ttl": "1h" } });
    let mut messages = vec![json!({ "role": "user", "content": words })];
    for _ in 0..turns {
        messages.push(json!({ "role": "assistant", "content": "Hello" }));
        messages.push(json!({ "role": "user", "content": "and?" }));
    }
    json!({ "model": "counts", "max_tokens": 9, "system": [system], "messages": messages })
}

const CODE: [(&str, &str); 4] = [
    ("x-api-key", "one"),
    ("user-agent", "claude-cli/2.0.14 (external, cli)"),
    ("anthropic-version", "2023-06-01"),
    ("anthropic-beta", "claude-code-20250219"),
];

#[tokio::test]
async fn a_conversation_stays_with_its_key_and_what_is_not_read_is_counted() {
    let (provider, seen) = providers().await;
    let (gateway, _file) = start(&provider, "guardian: { max: 1000, ttl: 10m }").await;
    for words in ["a", "b", "c", "d"] {
        for turns in 0..3 {
            ask(&gateway, "/v1/messages", &CODE, &claude(words, turns)).await;
        }
    }
    let keys: Vec<String> = (seen.lock().expect("no panic").iter())
        .map(|(key, _)| key.clone())
        .collect();
    for conversation in keys.chunks(3) {
        assert!(conversation.iter().all(|key| *key == conversation[0]));
    }
    // The provider wrote each time and never read.
    let metrics = metrics(&gateway).await;
    for line in [
        "gateway_ai_cache_prefix_lost_total{route=\"ai\",reason=\"unread\"} 8",
        "gateway_ai_requests_total{route=\"ai\",client=\"claude-code\"} 12",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[tokio::test]
async fn without_a_guardian_keys_take_turns() {
    let (provider, seen) = providers().await;
    let (gateway, _file) = start(&provider, "guardian: { enabled: false }").await;
    for turns in 0..3 {
        ask(&gateway, "/v1/messages", &CODE, &claude("a", turns)).await;
    }
    let mut keys: Vec<String> = (seen.lock().expect("no panic").iter())
        .map(|(key, _)| key.clone())
        .collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 3);
}
