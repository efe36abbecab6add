//! Backends that die and come back, behind one upstream.

use std::{collections::BTreeMap, time::Duration};

use gateway::doubles::{spawn, spawn_on, upstream::UpstreamServer};
use gateway_tests::{ConfigFile, Gateway, get};
use tokio::net::TcpListener;

use crate::{PROGRAM, balancing::until};

/// How many of `count` requests each replica answered; every one must be a 200.
async fn ask(gateway: &Gateway, count: usize) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for _ in 0..count {
        let answer = get(gateway.address, "/items", &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let replica = answer
            .header("x-replica")
            .expect("the replica says who it is")
            .to_owned();
        *shares.entry(replica).or_default() += 1;
    }
    shares
}

#[tokio::test]
async fn a_backend_dies_and_returns_unseen_by_clients() {
    let replica = |name| UpstreamServer::new(name).router();
    let one = spawn(replica("one")).await.unwrap();
    let two = spawn(replica("two")).await.unwrap();
    let three = spawn(replica("three")).await.unwrap();
    let file = ConfigFile::new(&format!(
        "listen: 127.0.0.1:0
admin: 127.0.0.1:0
upstreams:
  shop:
    endpoints: [\"{}\", \"{}\", \"{}\"]
    balance: round_robin
    outlier: {{ failures: 3, eject: 300ms, max: 50% }}
    probe: {{ path: /items, every: 100ms, timeout: 1s, up: 1, down: 1 }}
    retry: {{ attempts: 3, for: [connect, reset, 502, 503, 504] }}
routes:
  shop: {{ match: \"/{{*rest}}\", to: shop }}
",
        one.url(),
        two.url(),
        three.url()
    ));
    let gateway = Gateway::start(PROGRAM, &["run", &file.path().display().to_string()]).await;
    assert_eq!(ask(&gateway, 60).await.len(), 3);

    let (address, url) = (three.addr(), three.url());
    let dying = async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        drop(three);
    };
    tokio::join!(ask(&gateway, 300), dying);
    until(&gateway, &url, "unhealthy").await;
    let without = ask(&gateway, 60).await;
    assert!(
        !without.contains_key("three"),
        "it is known to be dead: {without:?}"
    );

    let listener = TcpListener::bind(address)
        .await
        .expect("its port is free again");
    let _back = spawn_on(listener, replica("three")).unwrap();
    until(&gateway, &url, "healthy").await;
    let with = ask(&gateway, 60).await;
    assert!(with.contains_key("three"), "it is back: {with:?}");
}
