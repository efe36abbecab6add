//! How many requests are under way, who waits, and who is turned away.

use std::time::Duration;

use gateway_tests::{ConfigFile, Output, get};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::Instant};

use super::backend::{Backend, all_at_once, gateway, metrics, soon, within};
use crate::PROGRAM;

#[tokio::test]
async fn a_client_that_leaves_frees_everything_within_a_second() {
    let (backend, serving) = Backend::start().await;
    backend.takes(30_000);
    let (gateway, _file) = gateway(&[&serving], "", "concurrency: { limit: 1 }").await;
    let mut client = TcpStream::connect(gateway.address)
        .await
        .expect("it listens");
    let request = format!("GET /items HTTP/1.1\r\nhost: {}\r\n\r\n", gateway.address);
    client
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    soon("it arrives", async || backend.open() == 1).await;
    let refused = get(gateway.address, "/items", &[]).await;
    assert_eq!(refused.status, 503);
    assert!(refused.body.contains("overloaded"), "{}", refused.body);
    let taken = "gateway_concurrency_in_flight{route=\"shop\"}";
    assert!(metrics(&gateway).await.contains(&format!("{taken} 1\n")));

    drop(client);
    let left = Instant::now();
    let rest = || Duration::from_secs(1).saturating_sub(left.elapsed());
    within(rest(), "the upstream's connection ends", async || {
        backend.open() == 0
    })
    .await;
    within(rest(), "place and load are free", async || {
        let text = metrics(&gateway).await;
        let loaded = text.lines().any(|line| {
            line.starts_with("gateway_upstream_endpoint_in_flight") && !line.ends_with(" 0")
        });
        text.contains(&format!("{taken} 0\n")) && !loaded
    })
    .await;
    backend.takes(0);
    assert_eq!(get(gateway.address, "/items", &[]).await.status, 200);
}

#[tokio::test]
async fn the_queue_is_a_staircase_with_an_end() {
    let (backend, serving) = Backend::start().await;
    backend.takes(150);
    let layers = "concurrency: { limit: 1, queue: { max_wait: 10s, max_depth: 3 } }";
    let (gateway, _file) = gateway(&[&serving], "", layers).await;
    let answers = all_at_once(&gateway, 5).await;
    let mut times = Vec::new();
    for (answer, took) in &answers {
        if answer.status == 200 {
            times.push(took.as_millis());
        } else {
            assert_eq!(answer.status, 503);
            assert!(answer.body.contains("overloaded"), "{}", answer.body);
        }
    }
    times.sort_unstable();
    assert_eq!(times.len(), 4, "one is refused");
    for (step, took) in (1..).zip(times) {
        assert!(took >= step * 145, "step {step} after {took} ms");
    }
    let status = get(gateway.admin, "/admin/status", &[]).await.body;
    assert!(
        status.contains("\"concurrency\":{\"in_flight\":0,\"queued\":0,\"limit\":1}"),
        "{status}"
    );
}

#[tokio::test]
async fn places_are_kept_for_callers_and_for_what_matters() {
    let (backend, serving) = Backend::start().await;
    backend.takes(30_000);
    let layers = "concurrency: { limit: 2, key: \"header:x-tenant\", queue: { max_wait: 100ms, max_depth: 1 },
        priority: { key: \"header:x-priority\", levels: { batch: 50% } } }";
    let (gateway, _file) = gateway(&[&serving], "timeouts: { first_byte: 3s }", layers).await;
    let ask = async |headers: &[(&str, &str)]| get(gateway.address, "/items", headers).await;
    let (blue, batch) = (("x-tenant", "blue"), ("x-priority", "batch"));
    let (blue_batch, red_batch) = ([blue, batch], [("x-tenant", "red"), batch]);
    let (first, later) = tokio::join!(ask(&blue_batch), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        tokio::join!(ask(&blue_batch), ask(&blue_batch[..1]), ask(&red_batch))
    });
    // One place of blue's two is not for what may wait; red has places of its own.
    let (second_batch, important, red) = later;
    assert_eq!(first.status, 504);
    assert_eq!(second_batch.status, 429, "{}", second_batch.body);
    assert!(
        second_batch.body.contains("queue_timeout"),
        "{}",
        second_batch.body
    );
    assert_eq!((important.status, red.status), (504, 504));
    assert_eq!(backend.hits(), 3);
}

#[tokio::test]
async fn bad_options_are_found_where_they_are() {
    let file = ConfigFile::new(
        "listen: 127.0.0.1:0
upstreams:
  shop:
    endpoints: [\"http://127.0.0.1:9\"]
    breaker: { probes: 0 }
routes:
  shop:
    match: \"/{*rest}\"
    to: shop
    layers:
      concurrency: { limit: 5, queue: { max_wait: 1s, max_depth: 0 } }
      circuit_breaker: { error_ratio: 0% }
  other:
    match: /other
    to: shop
    layers: { concurrency: { limit: 5, key: subject } }
",
    );
    let output = Output::of(PROGRAM, &["check", &file.path().display().to_string()]).await;
    assert_ne!(output.code, Some(0));
    for place in [":5:24", ":11:66", ":12:39", ":16:45"] {
        assert!(
            output.stderr.contains(place),
            "{place} in {}",
            output.stderr
        );
    }
}
