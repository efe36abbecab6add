//! One answer made of several, over sockets.

use std::time::Duration;

use axum::{Router, extract::Path, routing::get as on_get};
use gateway::doubles::{Serving, spawn, upstream::UpstreamServer};
use gateway_tests::{ConfigFile, Gateway, get};
use tokio::time::Instant;

use crate::PROGRAM;

async fn backend() -> Serving {
    let router = UpstreamServer::new("backend").router();
    spawn(router).await.expect("a free port")
}

/// Long and broken answers.
async fn odd() -> Serving {
    let router = Router::new()
        .route(
            "/long",
            on_get(|| async { format!("\"{}\"", "x".repeat(4_096)) }),
        )
        .route("/html", on_get(|| async { "<p>" }))
        .route(
            "/raw/{id}",
            on_get(|Path(_): Path<String>| async { r#"{"n":1.0,"s":"a/../b"}"# }),
        );
    spawn(router).await.expect("a free port")
}

async fn start(upstreams: &[(&str, &Serving)], routes: &str) -> (Gateway, ConfigFile) {
    let upstreams: String = upstreams
        .iter()
        .map(|(name, serving)| format!("  {name}: {{ endpoints: [\"{}\"] }}\n", serving.url()))
        .collect();
    let file = ConfigFile::new(&format!(
        "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nupstreams:\n{upstreams}routes:\n{routes}"
    ));
    let gateway = Gateway::start(PROGRAM, &["run", &file.path().display().to_string()]).await;
    (gateway, file)
}

#[tokio::test]
async fn three_backends_in_the_time_of_the_slowest_and_without_one() {
    let (user, orders, legacy) = (backend().await, backend().await, backend().await);
    let parts = "parts: { user: { to: user, get: \"/slow/1000?id={id}\" }, \
                 orders: { to: orders, get: /slow/1100 }, legacy: { to: legacy, get: /slow/1200 } }";
    let routes = format!(
        "  profile: {{ match: \"/profile/{{id}}\", aggregate: {{ {parts} }} }}
  strict: {{ match: \"/strict/{{id}}\", aggregate: {{ strict: true, {parts} }} }}\n"
    );
    let upstreams = [("user", &user), ("orders", &orders), ("legacy", &legacy)];
    let (gateway, _file) = start(&upstreams, &routes).await;
    let start = Instant::now();
    let answer = get(gateway.address, "/profile/7", &[]).await;
    let took = start.elapsed();
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        answer.body,
        r#"{"user":{"waited_ms":1000},"orders":{"waited_ms":1100},"legacy":{"waited_ms":1200}}"#
    );
    assert!(took < Duration::from_secs(3), "the sum is 3.3 s: {took:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("x-gateway-partial"), None);
    let metrics = get(gateway.admin, "/metrics", &[]).await.body;
    for part in ["user", "orders", "legacy"] {
        let counted = format!("gateway_upstream_requests_total{{upstream=\"{part}\"}} 1\n");
        assert!(metrics.contains(&counted), "{metrics}");
    }

    drop(legacy);
    let answer = get(gateway.address, "/profile/7", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer.body.ends_with(r#""legacy":null}"#),
        "{}",
        answer.body
    );
    assert_eq!(answer.header("x-gateway-partial"), Some("legacy"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let timing = answer.header("server-timing").expect("how long parts took");
    assert!(timing.contains("legacy;dur="), "{timing}");
    let answer = get(gateway.address, "/strict/7", &[]).await;
    assert_eq!(answer.status, 502, "{}", answer.body);
    assert!(
        answer.body.contains(r#""code":"upstream_error""#),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("part `legacy`"), "{}", answer.body);
}

#[tokio::test]
async fn late_long_and_broken_parts_are_missing() {
    let (backend, odd) = (backend().await, odd().await);
    let routes = "  bounds:
    match: /bounds
    aggregate:
      max_bytes: 2KiB
      parts:
        late: { to: backend, get: /slow/5000, timeout: 100ms }
        long: { to: odd, get: /long }
        html: { to: odd, get: /html, on_error: omit }
        none: { to: backend, get: /status/404 }
        good: { to: odd, get: /raw/1, pick: /n, as: number }
  needed:
    match: /needed
    aggregate:
      parts:
        good: { to: odd, get: /raw/1 }
        late: { to: backend, get: /slow/5000, timeout: 100ms, on_error: fail }
";
    let (gateway, _file) = start(&[("backend", &backend), ("odd", &odd)], routes).await;
    let answer = get(gateway.address, "/bounds", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        answer.body,
        r#"{"late":null,"long":null,"none":null,"number":1.0}"#
    );
    let partial = answer.header("x-gateway-partial");
    assert_eq!(partial, Some("late, long, html, none"));
    let answer = get(gateway.address, "/needed", &[]).await;
    assert_eq!(answer.status, 504, "{}", answer.body);
    let answer = get(gateway.address, "/bounds", &[("accept", "text/html")]).await;
    assert_eq!(answer.status, 406, "{}", answer.body);
}

#[tokio::test]
async fn no_value_of_a_request_leads_elsewhere() {
    let (backend, odd) = (backend().await, odd().await);
    let routes = "  by_path: { match: \"/by/{id}\", aggregate: { strict: true, parts: { a: { to: backend, get: \"/echo/{id}/end?id={id}\" } } } }
  by_query: { match: /by, aggregate: { strict: true, parts: { a: { to: backend, get: \"/echo/{query:id}\" } } } }
  in_turn:
    match: /turn
    aggregate:
      mode: sequential
      parts:
        first: { to: odd, get: /raw/1 }
        next: { to: backend, get: \"/echo/{part:first/s}\" }
        last: { to: backend, post: /echo/n, body: { s: \"{part:first/s}\", n: \"{part:first/n}\" }, headers: { x-n: \"{part:first/n}\" }, pick: /body }
";
    let (gateway, _file) = start(&[("backend", &backend), ("odd", &odd)], routes).await;
    let seen = |path: &str| {
        let (address, path) = (gateway.address, path.to_owned());
        async move {
            let answer = get(address, &path, &[("range", "bytes=0-1")]).await;
            (answer.status, answer.body)
        }
    };
    for (path, told) in [
        ("/by/7", r#""path":"/echo/7/end","query":"id=7""#),
        ("/by/a%3Fx=1&y", r#""path":"/echo/a%3Fx%3D1%26y/end""#),
        ("/by?id=a%2Fb%3Fc%23d", r#""path":"/echo/a%2Fb%3Fc%23d""#),
        (
            "/by?id=%252e%252e%252f",
            r#""path":"/echo/%252e%252e%252f""#,
        ),
    ] {
        let (status, body) = seen(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert!(body.replace(' ', "").contains(told), "{path}: {body}");
        assert!(!body.contains("range"), "{body}");
    }
    for path in [
        "/by?id=..",
        "/by?id=../admin",
        "/by?id=..%2Fadmin",
        "/by?id=a%5C..%5Cb",
        "/by?id=a%0d%0ahost:%20x",
        "/by?id=",
        "/by",
    ] {
        let (status, body) = seen(path).await;
        assert_eq!(status, 400, "{path}: {body}");
        assert!(body.contains("invalid_parameter"), "{body}");
    }
    let (status, body) = seen("/turn").await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains(r#""next":null"#), "dots are refused: {body}");
    assert!(
        body.ends_with(r#""last":"{\"s\":\"a/../b\",\"n\":1.0}"}"#),
        "{body}"
    );
}
