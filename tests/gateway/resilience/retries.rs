//! Failed requests that are sent again, and slow ones that are sent twice.

use std::{sync::atomic::Ordering, time::Duration};

use gateway_tests::{call, get};
use tokio::time::Instant;

use super::backend::{Backend, all_at_once, gateway, sha256, soon};

#[tokio::test]
async fn a_total_outage_gets_a_fifth_more_requests_and_no_more() {
    let (backend, serving) = Backend::start().await;
    backend.answers(503);
    let (gateway, _file) = gateway(&[&serving], "retry: { attempts: 3, backoff: 1ms }", "").await;
    let mut asked = 0;
    for _ in 0..20 {
        for (answer, _) in all_at_once(&gateway, 20).await {
            assert_eq!(answer.status, 503);
            asked += 1;
        }
    }
    let hits = backend.hits();
    assert!(hits > asked, "it does retry");
    assert!(hits * 5 <= asked * 6, "{hits} for {asked}");
}

#[tokio::test]
async fn a_retry_storm_waits_as_long_as_it_is_told_or_does_not_happen() {
    let (backend, serving) = Backend::start().await;
    backend.answers(503);
    let retry = "retry: { attempts: 3, retry_after: 2s, floor: 1 }";
    let (gateway, _file) = gateway(&[&serving], retry, "").await;
    backend.state.retry_after.store(60, Ordering::SeqCst);
    all_at_once(&gateway, 20).await;
    assert_eq!(backend.hits(), 20, "a minute is too long to wait");
    backend.state.retry_after.store(1, Ordering::SeqCst);
    let answers = all_at_once(&gateway, 20).await;
    let hits = backend.hits() - 20;
    // What a quiet route may have, since a fifth of all forty is less.
    assert!((21..=30).contains(&hits), "{hits}");
    let waited = answers
        .iter()
        .filter(|(_, took)| *took >= Duration::from_secs(1));
    assert!(waited.count() >= 1);
}

#[tokio::test]
async fn bodies_are_sent_again_exactly_or_not_at_all() {
    let (backend, serving) = Backend::start().await;
    let retry = "retry: { attempts: 3, backoff: 1ms, floor: 100 }";
    let (gateway, _file) = gateway(&[&serving], retry, "").await;
    let text = |length: usize| -> String {
        let letters = (0..length).map(|at| b'a' + u8::try_from(at * at % 25).unwrap_or(0));
        letters.map(char::from).collect()
    };
    let small = text(60 * 1024);
    let hash = sha256(small.as_bytes());
    let key = ("idempotency-key", "1");
    for (method, headers, sent) in [
        ("POST", &[][..], 1),
        ("PATCH", &[], 1),
        ("POST", &[key], 2),
        ("PUT", &[], 2),
    ] {
        backend.fails_first(1);
        let answer = call(gateway.address, method, "/items", headers, &small).await;
        let expected = if sent == 1 { 503 } else { 200 };
        assert_eq!(answer.status, expected, "{method}");
        assert_eq!(backend.digests(), vec![hash.clone(); sent], "{method}");
        backend.fails_first(0);
    }
    let large = text(1 << 20);
    backend.fails_first(1);
    let answer = call(gateway.address, "PUT", "/items", &[key], &large).await;
    assert_eq!(answer.status, 503);
    assert_eq!(backend.digests(), [sha256(large.as_bytes())]);
}

#[tokio::test]
async fn a_hedged_get_beats_a_slow_endpoint_and_a_post_waits() {
    let (slow, slow_serving) = Backend::start().await;
    let (_good, good_serving) = Backend::start().await;
    slow.takes(5_000);
    let hedge = "hedge: { after: 100ms, max: 1 }";
    let (gateway, _file) = gateway(&[&slow_serving, &good_serving], hedge, "").await;
    let mut hedged = 0;
    for _ in 0..3 {
        let began = Instant::now();
        let answer = get(gateway.address, "/items", &[]).await;
        assert_eq!(answer.status, 200);
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{:?}",
            began.elapsed()
        );
        hedged += usize::from(began.elapsed() >= Duration::from_millis(100));
    }
    assert!(hedged >= 1 && slow.hits() >= 1, "the slow one had its turn");
    soon("whoever lost is cancelled", async || slow.open() == 0).await;
    let before = slow.hits();
    let mut longest = Duration::ZERO;
    for _ in 0..2 {
        let began = Instant::now();
        let answer = call(gateway.address, "POST", "/items", &[], "x").await;
        assert_eq!(answer.status, 200);
        longest = longest.max(began.elapsed());
    }
    assert_eq!(slow.hits(), before + 1);
    assert!(longest >= Duration::from_secs(5), "it is not asked twice");
}
