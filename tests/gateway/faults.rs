//! Providers that break, as each dialect's client sees it.

use gateway::doubles::{model, spawn};
use gateway_tests::{ConfigFile, Gateway, call, post};

use crate::models;

/// Two providers, `fast` tries them in order; `fault` is the first one's.
async fn broken(fault: &str) -> (Gateway, ConfigFile, [gateway::doubles::Serving; 2]) {
    let first = spawn(model::ModelServer::new().router())
        .await
        .expect("a port");
    let second = spawn(model::ModelServer::new().router())
        .await
        .expect("a port");
    let (gateway, file) = models(&format!(
        "
      providers:
        openai: {{ base_url: \"{}/v1\", keys: [\"${{env:PATH}}\"] }}
        anthropic: {{ base_url: \"{}/v1\", keys: [\"${{env:PATH}}\"] }}
      models: {{ fast: [openai/mock-small, anthropic/mock-small] }}
      fallback: {{ for: [connect, 401, 402, 408, 429, 5xx], first_token: 500ms }}
",
        first.url(),
        second.url()
    ))
    .await;
    let set = call(first.addr(), "POST", "/__fault", &[], fault).await;
    assert_eq!(set.status, 200, "{}", set.body);
    (gateway, file, [first, second])
}

const CHAT: &str = r#"{"model":"fast","stream":true,"messages":[{"role":"user","content":"Tell me a long story."}]}"#;
const MESSAGES: &str = r#"{"model":"fast","stream":true,"max_tokens":500,"messages":[{"role":"user","content":"Tell me a long story."}]}"#;

#[tokio::test]
async fn whatever_breaks_before_the_first_event_is_answered_by_the_next() {
    for fault in [
        "status=429,retry_after=1",
        "status=401",
        "status=500",
        "empty_stream",
        "slow_first_token=5s",
        "error_event_after_chunks=0",
    ] {
        let (gateway, _file, _providers) = broken(fault).await;
        let answer = post(gateway.address, "/v1/chat/completions", CHAT).await;
        assert_eq!(answer.status, 200, "{fault}: {}", answer.body);
        assert_eq!(
            answer.header("x-gateway-attempts"),
            Some("2"),
            "{fault}: {}",
            answer.head
        );
        assert_eq!(
            answer.header("x-gateway-model"),
            Some("anthropic/mock-small"),
            "{fault}"
        );
        assert!(
            answer.body.contains("data: [DONE]"),
            "{fault}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_ends_with_an_error_of_its_dialect_and_no_fake_end() {
    for fault in ["cut_after_tokens=5", "error_event_after_chunks=5"] {
        let (gateway, _file, _providers) = broken(fault).await;
        let chat = post(gateway.address, "/v1/chat/completions", CHAT).await;
        assert_eq!(chat.status, 200);
        assert!(
            chat.body.contains("data: {\"error\""),
            "{fault}: {}",
            chat.body
        );
        assert!(!chat.body.contains("[DONE]"), "{fault}: {}", chat.body);
        let messages = post(gateway.address, "/v1/messages", MESSAGES).await;
        assert!(
            messages.body.contains("event: error"),
            "{fault}: {}",
            messages.body
        );
        assert!(
            !messages.body.contains("message_stop"),
            "{fault}: {}",
            messages.body
        );
    }
}

#[tokio::test]
async fn bad_calls_are_refused_in_the_callers_dialect() {
    let (gateway, _file, _providers) = broken("status=500,times=1").await;
    let deep = format!("{{\"model\":\"fast\",\"messages\":{}", "[".repeat(100_000));
    for (body, status) in [
        (
            r#"{"model":"nobody","messages":[{"role":"user","content":"x"}]}"#,
            404,
        ),
        (r#"{"model":"fast","#, 400),
        (r#"{"messages":[]}"#, 400),
        (
            r#"{"model":"fast","model":"openai/gpt-4o","messages":[]}"#,
            400,
        ),
        (
            r#"{"model":"fast","Model":"openai/gpt-4o","messages":[]}"#,
            400,
        ),
        (deep.as_str(), 400),
    ] {
        let shown = &body[..body.len().min(60)];
        let chat = post(gateway.address, "/v1/chat/completions", body).await;
        assert_eq!(chat.status, status, "{shown}: {}", chat.body);
        assert!(
            chat.body.starts_with("{\"error\":{"),
            "{shown}: {}",
            chat.body
        );
        let messages = post(gateway.address, "/v1/messages", body).await;
        assert_eq!(messages.status, status, "{shown}: {}", messages.body);
        assert!(
            messages.body.contains("\"type\":\"error\""),
            "{shown}: {}",
            messages.body
        );
    }
}
