//! Which backend a request reaches when backends die, fail, dawdle and come back.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
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
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{PROGRAM, names::NameServer, nginx::Nginx};

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

fn seen(answer: &Answer) -> (u16, String) {
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

fn all_are(shares: &Shares, status: u16) -> bool {
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

/// The answer's text, with its case.
async fn raw(address: SocketAddr, cookie: &str) -> String {
    let request = format!(
        "GET /items HTTP/1.1\r\nhost: shop\r\nconnection: close\r\ncookie: {cookie}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let sent = stream.write_all(request.as_bytes()).await;
    sent.expect("the gateway reads");
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).await;
    read.expect("the gateway answers");
    String::from_utf8_lossy(&answer).into_owned()
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = answer.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(header, _)| header.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

#[tokio::test]
async fn a_client_stays_where_its_cookie_leads() {
    let replicas = [
        replica("one").await,
        replica("two").await,
        replica("three").await,
    ];
    let options = "    sticky: cookie
    probe: { path: /healthz, every: 100ms, up: 1, down: 1 }";
    let each: Vec<&Serving> = replicas.iter().collect();
    let (gateway, _file) = before(&urls(&each), options).await;
    let first = raw(gateway.address, "theme=dark").await;
    let set = header(&first, "set-cookie").expect("the first answer sets it");
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{set}");
    let pair = set.split(';').next().expect("a pair");
    let home = header(&first, "x-replica").expect("who").to_owned();
    for _ in 0..20 {
        let answer = raw(gateway.address, &format!("theme=dark; {pair}")).await;
        assert_eq!(header(&answer, "x-replica"), Some(&*home));
        assert_eq!(header(&answer, "set-cookie"), None, "it has one");
    }

    let forged = format!("{}x", &pair[..pair.len() - 1]);
    let answer = raw(gateway.address, &forged).await;
    assert!(header(&answer, "set-cookie").is_some(), "{answer}");

    let (gone, rest): (Vec<_>, Vec<_>) = replicas
        .into_iter()
        .zip(["one", "two", "three"])
        .partition(|(_, name)| *name == home);
    let url = gone[0].0.url();
    drop(gone);
    until(&gateway, &url, "unhealthy").await;
    let answer = raw(gateway.address, pair).await;
    let moved = header(&answer, "x-replica").expect("who");
    assert_ne!(moved, home);
    let set = header(&answer, "set-cookie").expect("its home is elsewhere now");
    let answer = raw(gateway.address, set.split(';').next().expect("a pair")).await;
    assert_eq!(header(&answer, "x-replica"), Some(moved));
    drop(rest);
}

#[tokio::test]
async fn a_header_keeps_a_user_at_one_backend() {
    let (one, two, three) = (
        replica("one").await,
        replica("two").await,
        replica("three").await,
    );
    let options = "    sticky: { header: x-user }";
    let (gateway, _file) = before(&urls(&[&one, &two, &three]), options).await;
    let mut homes = std::collections::BTreeSet::new();
    for user in 0..12 {
        let user = user.to_string();
        let mut homes_of_user = std::collections::BTreeSet::new();
        for _ in 0..4 {
            let answer = get(gateway.address, "/items", &[("x-user", &user)]).await;
            homes_of_user.insert(seen(&answer));
        }
        assert_eq!(homes_of_user.len(), 1, "{homes_of_user:?}");
        homes.extend(homes_of_user);
    }
    assert!(homes.len() > 1, "{homes:?}");
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

/// Waits until the upstream's endpoints are these ports of this machine.
async fn until_ports(gateway: &Gateway, ports: &[u16]) {
    let mut expected: Vec<_> = ports
        .iter()
        .map(|port| format!("http://127.0.0.1:{port}/"))
        .collect();
    expected.sort();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let status = get(gateway.admin, "/admin/status", &[]).await;
        let status: Value = serde_json::from_str(&status.body).expect("it is JSON");
        let endpoints = status["upstreams"][0]["endpoints"].as_array();
        let endpoints = endpoints.into_iter().flatten();
        let mut names: Vec<_> = endpoints
            .filter_map(|endpoint| endpoint["name"].as_str())
            .collect();
        names.sort_unstable();
        if names == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{names:?} and not {expected:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn names_of_services_follow_their_records() {
    let (one, two, spare) = (
        replica("one").await,
        replica("two").await,
        replica("spare").await,
    );
    let names = NameServer::start().await;
    names.addresses("host.test", &[std::net::Ipv4Addr::LOCALHOST]);
    let port = |replica: &Serving| replica.addr().port();
    let service = "_http._tcp.shop.test";
    names.services(
        service,
        "host.test",
        &[(1, port(&one)), (1, port(&two)), (2, port(&spare))],
    );
    let options = format!(
        "    resolve: {{ every: 50ms, servers: [\"{}\"] }}",
        names.address
    );
    let endpoints = [format!("\"srv+http://{service}\"")];
    let (gateway, _file) = before(&endpoints, &options).await;
    until_ports(&gateway, &[port(&one), port(&two), port(&spare)]).await;
    let shares = ask(&gateway, 160).await;
    assert!(all_are(&shares, 200), "{shares:?}");
    assert_eq!(of(&shares, "spare"), 0, "{shares:?}");
    assert!(of(&shares, "two") > 20, "{shares:?}");

    // A stream that is under way survives that its backend leaves the zone.
    let address = gateway.address;
    #[expect(clippy::disallowed_methods, reason = "the test awaits it")]
    let stream = tokio::spawn(async move { get(address, "/stream/40?pace=20", &[]).await });
    sleep(Duration::from_millis(100)).await;
    names.services(service, "host.test", &[(2, port(&spare))]);
    until_ports(&gateway, &[port(&spare)]).await;
    let shares = ask(&gateway, 80).await;
    assert_eq!(of(&shares, "spare"), 80, "{shares:?}");
    let streamed = stream.await.expect("it ends");
    assert_eq!(streamed.status, 200);
    assert!(streamed.body.ends_with("0\r\n\r\n"), "{}", streamed.body);

    names.forget();
    sleep(Duration::from_millis(500)).await;
    let shares = ask(&gateway, 80).await;
    assert_eq!(
        of(&shares, "spare"),
        80,
        "the last answer stays: {shares:?}"
    );
}

#[tokio::test]
async fn a_name_is_an_endpoint_for_each_address() {
    let one = replica("one").await;
    let port = one.addr().port();
    let names = NameServer::start().await;
    names.addresses("shop.test", &[std::net::Ipv4Addr::LOCALHOST]);
    let options = format!(
        "    resolve: {{ every: 50ms, servers: [\"{}\"] }}
    proxy: {{ host: upstream }}",
        names.address
    );
    let endpoints = [format!("http://shop.test:{port}")];
    let (gateway, _file) = before(&endpoints, &options).await;
    until_ports(&gateway, &[port]).await;
    let answer = get(gateway.address, "/echo/host", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let host = format!("shop.test:{port}");
    assert!(answer.body.contains(&host), "no {host}: {}", answer.body);
}
