//! Circuits of endpoints and of routes.

use std::time::Duration;

use gateway_tests::get;
use tokio::time::Instant;

use super::backend::{Backend, gateway, metrics, soon};

#[tokio::test]
async fn an_open_circuit_asks_nobody_and_closes_after_two_probes() {
    let (backend, serving) = Backend::start().await;
    let breaker = "breaker: { consecutive: 5, open: 5s, probes: 2 }";
    let (gateway, _file) = gateway(&[&serving], breaker, "").await;
    let ask = async || get(gateway.address, "/items", &[]).await;
    assert_eq!(ask().await.status, 200);
    backend.answers(500);
    for _ in 0..5 {
        assert_eq!(ask().await.status, 500);
    }
    for _ in 0..20 {
        let refused = ask().await;
        assert_eq!(refused.status, 503);
        let after = refused.header("retry-after").unwrap_or_default();
        assert!(matches!(after.parse(), Ok(1_u64..=5)), "{after}");
        assert!(refused.body.contains("circuit_open"), "{}", refused.body);
    }
    assert_eq!(backend.hits(), 6, "nobody was asked");
    let labels = format!("{{upstream=\"shop\",endpoint=\"{}/\"", serving.url());
    let text = metrics(&gateway).await;
    assert!(
        text.contains(&format!("gateway_circuit_state{labels}}} 2")),
        "{text}"
    );
    let opened = format!("gateway_circuit_transitions_total{labels},to=\"open\"}} 1");
    assert!(text.contains(&opened), "{text}");
    let status = get(gateway.admin, "/admin/status", &[]).await.body;
    assert!(status.contains("\"circuit\":\"open\""), "{status}");
    assert!(status.contains("\"state\":\"circuit_open\""), "{status}");

    backend.answers(200);
    let deadline = Instant::now() + Duration::from_secs(30);
    while ask().await.status != 200 {
        assert!(Instant::now() < deadline, "it stays open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(ask().await.status, 200);
    let text = metrics(&gateway).await;
    assert!(
        text.contains(&format!("gateway_circuit_state{labels}}} 0")),
        "{text}"
    );
    assert_eq!(backend.hits(), 8);
}

#[tokio::test]
async fn an_endpoint_that_hangs_opens_its_circuit_and_the_other_answers() {
    let (slow, slow_serving) = Backend::start().await;
    let (_good, good_serving) = Backend::start().await;
    slow.takes(30_000);
    let upstream = "timeouts: { first_byte: 100ms }
    breaker: { consecutive: 2, open: 30s }";
    let (gateway, _file) = gateway(&[&slow_serving, &good_serving], upstream, "").await;
    let mut late = 0;
    for _ in 0..20 {
        let answer = get(gateway.address, "/items", &[]).await;
        late += usize::from(answer.status == 504);
    }
    assert_eq!((late, slow.hits()), (2, 2));
}

#[tokio::test]
async fn a_route_has_a_circuit_of_its_own() {
    let (backend, serving) = Backend::start().await;
    backend.takes(30_000);
    let layers = "timeout: { first_byte: 100ms }, circuit_breaker: { consecutive: 2, open: 30s }";
    let (gateway, _file) = gateway(&[&serving], "", layers).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(get(gateway.address, "/items", &[]).await.status);
    }
    assert_eq!(statuses, [504, 504, 503, 503]);
    assert_eq!(backend.hits(), 2);
    let text = metrics(&gateway).await;
    assert!(
        text.contains("gateway_circuit_state{route=\"shop\"} 2"),
        "{text}"
    );
}

#[tokio::test]
async fn a_fallback_is_answered_while_a_circuit_is_open() {
    let (backend, serving) = Backend::start().await;
    backend.answers(500);
    let layers = "circuit_breaker: { consecutive: 2, open: 30s, \
                  fallback: { status: 200, headers: { content-type: application/json }, body: '[]' } }";
    let (gateway, _file) = gateway(&[&serving], "", layers).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(get(gateway.address, "/items", &[]).await.status);
    }
    assert_eq!(statuses, [500, 500, 200, 200]);
    let instead = get(gateway.address, "/items", &[]).await;
    assert_eq!(instead.header("content-type"), Some("application/json"));
    assert_eq!((instead.body.as_str(), backend.hits()), ("[]", 2));
}

#[tokio::test]
async fn a_client_may_have_less_patience() {
    let (backend, serving) = Backend::start().await;
    backend.takes(30_000);
    let upstream = "breaker: { consecutive: 1 }";
    let (gateway, _file) = gateway(&[&serving], upstream, "").await;
    let hasty = [("x-gateway-timeout", "100ms")];
    let answer = get(gateway.address, "/items", &hasty).await;
    assert_eq!(answer.status, 504);
    assert!(answer.body.contains("deadline_exceeded"), "{}", answer.body);
    soon("the upstream is let go", async || backend.open() == 0).await;
    backend.takes(0);
    let patient = [("x-gateway-timeout", "10s")];
    let answer = get(gateway.address, "/items", &patient).await;
    assert_eq!(
        answer.status, 200,
        "a client's own deadline opens no circuit"
    );
    let wrong = get(gateway.address, "/items", &[("x-gateway-timeout", "soon")]).await;
    assert_eq!(wrong.status, 400);
}
