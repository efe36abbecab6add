//! What the banner of `run --demo` promises.

use std::net::SocketAddr;

use gateway_tests::{Gateway, call, get, post};
use serde_json::{Value, json};

use crate::PROGRAM;

struct Demo {
    gateway: Gateway,
    idp: SocketAddr,
    openai: SocketAddr,
}

async fn demo() -> Demo {
    let ports = [
        "run",
        "--demo",
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
    ];
    let mut gateway = Gateway::start(PROGRAM, &ports).await;
    let banner = gateway.lines_until("/metrics").await.join("\n");
    let before = |path: &str| {
        let end = banner.find(path).expect("the banner has the path");
        let start = banner[..end]
            .rfind("http://")
            .expect("a URL comes before it");
        banner[start + "http://".len()..end]
            .parse()
            .expect("an address")
    };
    Demo {
        idp: before("/token"),
        openai: before("/__fault"),
        gateway,
    }
}

fn chat(model: &str, more: &Value) -> String {
    let mut call = json!({ "model": model, "messages": [{ "role": "user", "content": "Hello!" }] });
    for (key, value) in more.as_object().expect("an object") {
        call[key] = value.clone();
    }
    call.to_string()
}

#[tokio::test]
async fn the_api_gateway() {
    let demo = demo().await;
    let at = demo.gateway.address;
    let items = get(at, "/shop/items", &[]).await;
    assert_eq!(items.status, 200);
    assert!(items.header("x-replica").is_some());

    let refused = get(at, "/shop/orders/1", &[]).await;
    assert_eq!(refused.status, 401);
    assert!(
        refused.body.contains("\"code\":\"auth_required\""),
        "{}",
        refused.body
    );
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let token = call(demo.idp, "POST", "/token", &form, "sub=alice&aud=shop")
        .await
        .body;
    let bearer = format!("Bearer {}", token.trim());
    let orders = get(at, "/shop/orders/1", &[("authorization", &bearer)]).await;
    assert_eq!(orders.status, 200, "{}", orders.body);

    let mut limited = Vec::new();
    for _ in 0..4 {
        limited.push(get(at, "/shop/echo/limited", &[]).await.status);
    }
    assert_eq!(limited, [200, 200, 200, 429]);

    get(at, "/shop/cache/30", &[]).await;
    let cached = get(at, "/shop/cache/30", &[]).await;
    assert!(
        cached
            .header("cache-status")
            .unwrap()
            .starts_with("gateway; hit"),
        "{}",
        cached.head
    );

    let transformed = get(at, "/shop/echo/transformed", &[("cookie", "a=b")]).await;
    assert_eq!(transformed.header("x-transformed"), Some("true"));
    assert!(transformed.body.contains("x-added-by") && !transformed.body.contains("a=b"));
}

#[tokio::test]
async fn the_ai_gateway() {
    let demo = demo().await;
    let at = demo.gateway.address;
    let keyless = call(
        at,
        "POST",
        "/v1/chat/completions",
        &[],
        &chat("fast", &json!({})),
    )
    .await;
    assert_eq!(keyless.status, 401);
    assert!(
        keyless.body.contains("\"code\":\"invalid_api_key\""),
        "{}",
        keyless.body
    );

    let smart = post(at, "/v1/chat/completions", &chat("smart", &json!({}))).await;
    assert_eq!(
        smart.header("x-gateway-model"),
        Some("anthropic/claude-sonnet-4-5")
    );
    let reply: Value = serde_json::from_str(&smart.body).unwrap();
    let usage = &reply["usage"];
    let sum =
        usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap();
    assert_eq!(usage["total_tokens"], sum);

    let fast = post(
        at,
        "/v1/messages",
        &chat("fast", &json!({ "max_tokens": 200 })),
    )
    .await;
    assert_eq!(fast.header("x-gateway-model"), Some("openai/gpt-4o-mini"));
    assert!(fast.body.contains("\"type\":\"message\""), "{}", fast.body);

    let stream = post(
        at,
        "/v1/chat/completions",
        &chat("fast", &json!({ "stream": true })),
    )
    .await;
    assert!(
        stream
            .header("content-type")
            .unwrap()
            .starts_with("text/event-stream")
    );
    assert!(stream.body.contains("data: [DONE]"), "{}", stream.body);

    let fault = call(demo.openai, "POST", "/__fault", &[], "status=500,times=1").await;
    assert_eq!(fault.status, 200, "{}", fault.body);
    let fallen = post(at, "/v1/chat/completions", &chat("fast", &json!({}))).await;
    assert_eq!(fallen.status, 200, "{}", fallen.body);
    assert_eq!(fallen.header("x-gateway-attempts"), Some("2"));
    assert_eq!(
        fallen.header("x-gateway-fallback"),
        Some("openai/gpt-4o-mini=500")
    );
}

#[tokio::test]
async fn the_published_prompt_checks_its_variables() {
    let demo = demo().await;
    let at = demo.gateway.address;
    let answer = post(at, "/summarize", r#"{"text":"A gateway is a door."}"#).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer.body.contains("A gateway is a door."),
        "{}",
        answer.body
    );
    for wrong in ["{}", r#"{"text":5}"#] {
        let refused = post(at, "/summarize", wrong).await;
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.body);
        assert!(
            refused.body.contains("invalid_variable"),
            "{}",
            refused.body
        );
        assert!(
            refused.body.contains("text"),
            "it names the variable: {}",
            refused.body
        );
    }
}
