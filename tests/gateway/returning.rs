//! Endpoints that are worse than the others, and those that come back cold.

use std::time::Duration;

use gateway::doubles::{spawn_on, upstream::UpstreamServer};
use gateway_tests::get;
use tokio::{net::TcpListener, time::Instant};

use crate::balancing::{ask, before, fault, of, replica, until, urls};

#[tokio::test]
async fn one_that_fails_more_than_the_others_is_ejected_for_it() {
    let mut replicas = Vec::new();
    for name in ["one", "two", "three", "bad"] {
        replicas.push(replica(name).await);
    }
    let bad = &replicas[3];
    fault(bad, "status=500").await;
    // Nothing is ejected for failures in a row.
    let options = "    balance: round_robin
    outlier:
      failures: 100000
      eject: 30s
      success_rate: { interval: 1s, deviations: 1.5, min_requests: 2, min_endpoints: 4 }";
    let each: Vec<_> = replicas.iter().collect();
    let (gateway, _file) = before(&urls(&each), options).await;
    let deadline = Instant::now() + Duration::from_secs(60);
    // An interval is judged by the first request after it.
    while of(&ask(&gateway, 80).await, "bad") > 0 {
        assert!(Instant::now() < deadline, "it gets requests still");
    }
    let ejected = until(&gateway, &bad.url(), "ejected").await;
    assert_eq!(ejected["reason"], "success_rate", "{ejected}");
    let metrics = get(gateway.admin, "/metrics", &[]).await.body;
    let line = "gateway_upstream_ejections_total{upstream=\"shop\",reason=\"success_rate\"} 1";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn one_that_is_back_warms_up() {
    let (one, two) = (replica("one").await, replica("two").await);
    let (address, url) = (two.addr(), two.url());
    let options = "    balance: round_robin
    slow_start: 4s
    probe: { path: /healthz, every: 100ms, timeout: 1s, up: 1, down: 1 }";
    let (gateway, _file) = before(&urls(&[&one, &two]), options).await;
    // Those that are new together are cold together, and share alike.
    until(&gateway, &one.url(), "healthy").await;
    drop(two);
    until(&gateway, &url, "unhealthy").await;
    let listener = TcpListener::bind(address)
        .await
        .expect("its port is free again");
    let router = UpstreamServer::new("two").router();
    let _back = spawn_on(listener, router).expect("it listens");
    until(&gateway, &url, "warming").await;
    let cold = of(&ask(&gateway, 200).await, "two");
    assert!((1..70).contains(&cold), "{cold} of 200");
    until(&gateway, &url, "healthy").await;
    let warm = of(&ask(&gateway, 200).await, "two");
    assert!((90..=110).contains(&warm), "{warm} of 200");
}
