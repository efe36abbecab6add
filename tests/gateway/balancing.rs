//! Which backend a request reaches when backends die, fail, dawdle and come back.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gateway::doubles::{Serving, spawn, spawn_on, upstream::UpstreamServer};
use gateway_tests::{Answer, ConfigFile, Gateway, call, get};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{PROGRAM, nginx::Nginx};

/// How many answers came with which status from which replica.
pub(crate) type Shares = BTreeMap<(u16, String), usize>;

pub(crate) async fn replica(name: &str) -> Serving {
    spawn(UpstreamServer::new(name).router())
        .await
        .expect("a port")
}

pub(crate) async fn fault(replica: &Serving, fault: &str) {
    let set = call(replica.addr(), "POST", "/__fault", &[], fault).await;
    assert_eq!(set.status, 200, "{}", set.body);
}

/// A gateway in front of `endpoints`, the items of a YAML list.
pub(crate) async fn before(endpoints: &[String], options: &str) -> (Gateway, ConfigFile) {
    let file = ConfigFile::new(&format!(
        "listen: 127.0.0.1:0
admin: 127.0.0.1:0
upstreams:
  shop:
    endpoints: [{}]
{options}
routes:
  shop: {{ match: \"/{{*rest}}\", to: shop }}
",
        endpoints.join(", ")
    ));
    let gateway = Gateway::start(PROGRAM, &["run", &file.path().display().to_string()]).await;
    (gateway, file)
}

pub(crate) fn urls(replicas: &[&Serving]) -> Vec<String> {
    let each = replicas.iter();
    each.map(|one| format!("\"{}\"", one.url())).collect()
}

pub(crate) fn seen(answer: &Answer) -> (u16, String) {
    let replica = answer.header("x-replica").unwrap_or("nobody");
    (answer.status, replica.to_owned())
}

/// `count` GETs, eight at a time.
pub(crate) async fn ask(gateway: &Gateway, count: usize) -> Shares {
    let address = gateway.address;
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        clients.spawn(async move {
            let mut seen_by_it = Vec::new();
            for _ in 0..count / 8 {
                seen_by_it.push(seen(&get(address, "/items", &[]).await));
            }
            seen_by_it
        });
    }
    let mut shares = Shares::new();
    for seen in clients.join_all().await.into_iter().flatten() {
        *shares.entry(seen).or_default() += 1;
    }
    shares
}

pub(crate) fn of(shares: &Shares, replica: &str) -> usize {
    let own = shares.iter().filter(|((_, name), _)| name == replica);
    own.map(|(_, count)| count).sum()
}

pub(crate) fn all_are(shares: &Shares, status: u16) -> bool {
    shares.keys().all(|(got, _)| *got == status)
}

/// What the admin listener says about the endpoint at `url`.
async fn endpoint(gateway: &Gateway, url: &str) -> Value {
    let status = get(gateway.admin, "/admin/status", &[]).await;
    let status: Value = serde_json::from_str(&status.body).expect("it is JSON");
    let endpoints = status["upstreams"][0]["endpoints"].as_array();
    let mut endpoints = endpoints.into_iter().flatten();
    let found = endpoints.find(|endpoint| {
        let name = endpoint["name"].as_str().unwrap_or_default();
        name.trim_end_matches('/') == url
    });
    found.expect("it is listed").clone()
}

/// Waits until the endpoint is in `state`.
pub(crate) async fn until(gateway: &Gateway, url: &str, state: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let endpoint = endpoint(gateway, url).await;
        if endpoint["state"] == state {
            return endpoint;
        }
        assert!(Instant::now() < deadline, "not {state}: {endpoint}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn of_two_thousand_requests_none_sees_a_backend_die() {
    let (one, two, three) = (
        replica("one").await,
        replica("two").await,
        replica("three").await,
    );
    let options = "    outlier: { failures: 3, eject: 1s }
    probe: { path: /healthz, every: 200ms, timeout: 1s, up: 1, down: 1 }
    retry: { attempts: 3, for: [connect, reset, 502, 503, 504] }";
    let (gateway, _file) = before(&urls(&[&one, &two, &three]), options).await;
    let (address, url) = (three.addr(), three.url());
    let dying = async {
        sleep(Duration::from_millis(100)).await;
        drop(three);
    };
    let (shares, ()) = tokio::join!(ask(&gateway, 2_000), dying);
    assert!(all_are(&shares, 200), "{shares:?}");
    assert_eq!(shares.values().sum::<usize>(), 2_000);
    let dead = until(&gateway, &url, "unhealthy").await;
    assert_eq!(dead["reason"], "unreachable", "{dead}");
    let line = format!("gateway_upstream_endpoint_healthy{{upstream=\"shop\",endpoint=\"{url}");
    let unwell = |metrics: &str| {
        let mut lines = metrics.lines();
        let found = lines.find(|text| text.starts_with(&line));
        found.is_some_and(|text| text.ends_with(" 0"))
    };
    let metrics = get(gateway.admin, "/metrics", &[]).await.body;
    assert!(unwell(&metrics), "{metrics}");

    let listener = TcpListener::bind(address)
        .await
        .expect("its port is free again");
    let router = UpstreamServer::new("three").router();
    let _back = spawn_on(listener, router).expect("it listens");
    until(&gateway, &url, "healthy").await;
    let shares = ask(&gateway, 400).await;
    assert!(of(&shares, "three") > 20, "{shares:?}");
}

#[tokio::test]
async fn a_backend_that_answers_500_is_soon_left_alone() {
    let (one, two, bad) = (
        replica("one").await,
        replica("two").await,
        replica("bad").await,
    );
    fault(&bad, "status=500").await;
    let replicas = [&one, &two, &bad];
    let (gateway, _file) = before(&urls(&replicas), "    outlier: { failures: 5 }").await;
    ask(&gateway, 400).await;
    let ejected = until(&gateway, &bad.url(), "ejected").await;
    assert_eq!(ejected["reason"], "consecutive_failures", "{ejected}");
    let shares = ask(&gateway, 1_000).await;
    let failed: usize = shares
        .iter()
        .filter(|((status, _), _)| *status == 500)
        .map(|(_, count)| count)
        .sum();
    assert!(failed < 20, "{shares:?}");
    let metrics = get(gateway.admin, "/metrics", &[]).await.body;
    // Where a thousand requests take longer than it is left alone, it is tried and ejected again.
    let line =
        "gateway_upstream_ejections_total{upstream=\"shop\",reason=\"consecutive_failures\"} ";
    let counted = metrics.lines().find_map(|found| found.strip_prefix(line));
    assert!(counted.is_some_and(|count| count != "0"), "{metrics}");
}

#[tokio::test]
async fn a_slow_backend_gets_less_than_half_of_a_fast_ones_share() {
    let (one, two, slow) = (
        replica("one").await,
        replica("two").await,
        replica("slow").await,
    );
    fault(&slow, "latency=100ms").await;
    let (gateway, _file) = before(&urls(&[&one, &two, &slow]), "").await;
    let shares = ask(&gateway, 1_200).await;
    assert!(all_are(&shares, 200), "{shares:?}");
    let fast = of(&shares, "one").min(of(&shares, "two"));
    assert!(of(&shares, "slow") * 2 < fast, "{shares:?}");
}

#[tokio::test]
async fn when_all_are_bad_the_backends_own_answers_pass() {
    let replicas = [
        replica("one").await,
        replica("two").await,
        replica("three").await,
    ];
    for replica in &replicas {
        fault(replica, "status=507").await;
    }
    let options = "    outlier: { failures: 2, eject: 300ms, max: 100% }
    probe: { path: /items, every: 100ms, up: 1, down: 1 }";
    let each: Vec<&Serving> = replicas.iter().collect();
    let (gateway, _file) = before(&urls(&each), options).await;
    let deadline = Instant::now() + Duration::from_secs(2);
    while Instant::now() < deadline {
        let shares = ask(&gateway, 80).await;
        assert!(all_are(&shares, 507), "{shares:?}");
    }
    let state = endpoint(&gateway, &replicas[0].url()).await;
    assert_eq!(state["available"], false, "{state}");
    for replica in &replicas {
        let mended = call(replica.addr(), "DELETE", "/__fault", &[], "").await;
        assert!(mended.status < 300, "{}", mended.body);
    }
    for replica in &replicas {
        until(&gateway, &replica.url(), "healthy").await;
    }
    let shares = ask(&gateway, 80).await;
    assert!(all_are(&shares, 200), "{shares:?}");
}

#[tokio::test]
async fn the_second_priority_is_used_while_the_first_is_down() {
    let (one, two, spare) = (
        replica("one").await,
        replica("two").await,
        replica("spare").await,
    );
    let mut endpoints = urls(&[&one, &two]);
    endpoints.push(format!("{{ url: \"{}\", priority: 1 }}", spare.url()));
    let options = "    probe: { tcp: true, every: 100ms, up: 1, down: 1 }
    retry: { attempts: 3, for: [connect, reset, 502] }";
    let (gateway, _file) = before(&endpoints, options).await;
    let shares = ask(&gateway, 160).await;
    assert_eq!(of(&shares, "spare"), 0, "{shares:?}");

    let (first, second, address) = (one.url(), two.url(), two.addr());
    drop(two);
    until(&gateway, &second, "unhealthy").await;
    // Half of the first can take seven tenths of it.
    let shares = ask(&gateway, 1_000).await;
    assert!(all_are(&shares, 200), "{shares:?}");
    assert!(of(&shares, "spare").abs_diff(300) < 70, "{shares:?}");

    drop(one);
    until(&gateway, &first, "unhealthy").await;
    let shares = ask(&gateway, 160).await;
    assert_eq!(of(&shares, "spare"), 160, "{shares:?}");

    let listener = TcpListener::bind(address).await.expect("its port is free");
    let _two = spawn_on(listener, UpstreamServer::new("two").router()).expect("it listens");
    until(&gateway, &second, "healthy").await;
    let shares = ask(&gateway, 160).await;
    assert!(of(&shares, "two") > 60, "{shares:?}");
}

#[tokio::test]
async fn nginx_may_be_stopped_and_started_under_load() {
    let Some(mut servers) = Nginx::start_all(&["one", "two", "three"]).await else {
        return;
    };
    let endpoints: Vec<_> = servers
        .iter()
        .map(|one| format!("\"{}\"", one.url()))
        .collect();
    let options = "    balance: random
    slow_start: 500ms
    probe: { path: /, every: 100ms, up: 1, down: 1, body: nginx }
    retry: { attempts: 3, for: [connect, reset, 502, 503, 504] }";
    let (gateway, _file) = before(&endpoints, options).await;
    let gateway = Arc::new(gateway);
    let (over, asked) = (Arc::new(AtomicBool::new(false)), Arc::clone(&gateway));
    let ended = Arc::clone(&over);
    #[expect(clippy::disallowed_methods, reason = "the test awaits it")]
    let load = tokio::spawn(async move {
        let mut all = Shares::new();
        while !ended.load(Ordering::Relaxed) {
            for (seen, count) in ask(&asked, 80).await {
                *all.entry(seen).or_default() += count;
            }
        }
        all
    });
    let third = servers.pop().expect("there are three");
    let (url, address) = (third.url(), third.address());
    third.stop().await;
    until(&gateway, &url, "unhealthy").await;
    let without = ask(&gateway, 200).await;
    assert_eq!(of(&without, "three"), 0, "{without:?}");
    let _third = Nginx::start("three", address).await;
    until(&gateway, &url, "healthy").await;
    let with = ask(&gateway, 400).await;
    assert!(of(&with, "three") > 80, "{with:?}");
    over.store(true, Ordering::Relaxed);
    let all = load.await.expect("no client failed");
    assert!(all_are(&all, 200), "{all:?}");
    assert!(all.len() >= 3, "{all:?}");
}
