//! Splits and mirrors: shares that hold, callers that stay, copies nobody waits for.

use std::{collections::BTreeMap, time::Duration};

use gateway::doubles::{Serving, spawn, upstream::UpstreamServer};
use gateway_tests::{Answer, ConfigFile, Gateway, call, get};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};

use crate::PROGRAM;

/// A connection that is used again: ten thousand of them would be a test of sockets.
struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    async fn open(gateway: &Gateway) -> Self {
        let stream = TcpStream::connect(gateway.address).await;
        Self {
            stream: BufReader::new(stream.expect("the gateway listens")),
        }
    }

    /// The status, and who answered.
    async fn ask(&mut self, headers: &str) -> (u16, String) {
        let request = format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        let sent = self.stream.get_mut().write_all(request.as_bytes()).await;
        sent.expect("the gateway reads");
        let (mut status, mut replica, mut length) = (0, String::new(), 0);
        loop {
            let mut line = String::new();
            let read = self.stream.read_line(&mut line).await;
            assert!(read.expect("an answer") > 0, "the connection was closed");
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if line.starts_with("http/1.1 ") {
                status = line[9..12].parse().expect("a status");
            } else if let Some(value) = line.strip_prefix("x-replica: ") {
                value.clone_into(&mut replica);
            } else if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        let read = self.stream.read_exact(&mut body).await;
        read.expect("the whole body");
        (status, replica)
    }
}

/// How many of `count` requests each target answered; every one must be a 200.
async fn shares(gateway: &Gateway, count: u32) -> BTreeMap<String, u32> {
    const CONNECTIONS: u32 = 8;
    let mut asking = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Connection::open(gateway).await;
        asking.spawn(async move {
            let mut seen = BTreeMap::new();
            for _ in 0..count / CONNECTIONS {
                let (status, replica) = connection.ask("").await;
                assert_eq!(status, 200);
                *seen.entry(replica).or_insert(0) += 1;
            }
            seen
        });
    }
    let mut all = BTreeMap::new();
    for seen in asking.join_all().await {
        for (replica, count) in seen {
            *all.entry(replica).or_insert(0) += count;
        }
    }
    all
}

/// Pearson's χ² of two shares; one degree of freedom, above 15.1 once in ten thousand.
fn chi_squared(seen: &BTreeMap<String, u32>, v2_percent: f64) -> f64 {
    let count = |name| f64::from(seen.get(name).copied().unwrap_or(0));
    let total = count("v1") + count("v2");
    let expected = [
        total * (1.0 - v2_percent / 100.0),
        total * v2_percent / 100.0,
    ];
    (count("v1") - expected[0]).powi(2) / expected[0]
        + (count("v2") - expected[1]).powi(2) / expected[1]
}

async fn replica(name: &str) -> (UpstreamServer, Serving) {
    let server = UpstreamServer::new(name);
    let serving = spawn(server.router()).await.expect("a free port");
    (server, serving)
}

fn yaml(v1: &Serving, v2: &Serving, route: &str) -> String {
    format!(
        "listen: 127.0.0.1:0
admin: 127.0.0.1:0
upstreams:
  v1: {{ endpoints: [\"{}\"] }}
  v2: {{ endpoints: [\"{}\"] }}
routes:
  shop:
    match: \"/{{*rest}}\"
{route}",
        v1.url(),
        v2.url()
    )
}

async fn start(file: &ConfigFile) -> Gateway {
    Gateway::start(PROGRAM, &["run", &file.path().display().to_string()]).await
}

async fn set(gateway: &Gateway, body: &str) -> Answer {
    call(gateway.admin, "POST", "/admin/routes/shop/split", &[], body).await
}

async fn metric(gateway: &Gateway, line: &str) -> u64 {
    let metrics = get(gateway.admin, "/metrics", &[]).await.body;
    let found = metrics.lines().find_map(|found| found.strip_prefix(line));
    found.map_or(0, |value| value.trim().parse().expect("a number"))
}

#[tokio::test]
async fn ten_thousand_requests_at_5_50_and_0_percent_without_a_restart() {
    let ((_, v1), (_, v2)) = (replica("v1").await, replica("v2").await);
    let file = ConfigFile::new(&yaml(&v1, &v2, "    split: { to: { v1: 95%, v2: 5% } }\n"));
    let gateway = start(&file).await;
    let canary = shares(&gateway, 4_000).await;
    assert!(chi_squared(&canary, 5.0) < 15.1, "{canary:?}");

    // The switch is made while requests are under way, and none is lost.
    let during = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        set(&gateway, r#"{"v1": "50%", "v2": "50%"}"#).await
    };
    let (_, answer) = tokio::join!(shares(&gateway, 800), during);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let half = shares(&gateway, 4_000).await;
    assert!(chi_squared(&half, 50.0) < 15.1, "{half:?}");

    let answer = set(&gateway, r#"{"v1": "100%", "v2": "0%"}"#).await;
    assert_eq!(answer.body, r#"{"v1":"100%","v2":"0%"}"#);
    let before = metric(&gateway, r#"gateway_split_total{route="shop",target="v2"}"#).await;
    let back = shares(&gateway, 2_000).await;
    assert_eq!(back.get("v1"), Some(&2_000), "{back:?}");
    let after = metric(&gateway, r#"gateway_split_total{route="shop",target="v2"}"#).await;
    assert!(before == after && after > 2_000, "{before} {after}");
}

#[tokio::test]
async fn a_user_stays_and_a_tester_chooses() {
    let ((_, v1), (_, v2)) = (replica("v1").await, replica("v2").await);
    let split = "    split: { to: { v1: 50%, v2: 50% }, sticky: \"header:x-user\", \
                 force_header: x-canary, force_cookie: canary }\n";
    let file = ConfigFile::new(&yaml(&v1, &v2, split));
    let gateway = start(&file).await;
    let mut connection = Connection::open(&gateway).await;
    let mut homes = Vec::new();
    for user in 0..60 {
        let header = format!("x-user: user-{user}\r\n");
        let (_, home) = connection.ask(&header).await;
        for _ in 0..3 {
            assert_eq!(connection.ask(&header).await.1, home, "user {user}");
        }
        homes.push(home);
    }
    assert!(homes.iter().any(|home| home == "v1") && homes.iter().any(|home| home == "v2"));
    set(&gateway, r#"{"v1": "80%", "v2": "20%"}"#).await;
    for (user, home) in homes.iter().enumerate() {
        let (_, now) = connection.ask(&format!("x-user: user-{user}\r\n")).await;
        assert!(now == *home || now == "v1", "user {user} went to {now}");
    }

    set(&gateway, r#"{"v1": "100%", "v2": "0%"}"#).await;
    for (headers, target) in [
        ("x-canary: v2\r\n", "v2"),
        ("cookie: a=b; canary=v2\r\n", "v2"),
        ("x-canary: v3\r\n", "v1"),
        ("", "v1"),
    ] {
        assert_eq!(connection.ask(headers).await.1, target, "{headers}");
    }
    let echo = get(gateway.address, "/echo", &[("x-canary", "v2")]).await;
    assert_eq!(echo.header("x-replica"), Some("v2"));
    assert!(!echo.body.contains("x-canary"), "{}", echo.body);
}

#[tokio::test]
async fn what_an_operator_set_outlasts_reloads_but_not_an_edit() {
    let ((_, v1), (_, v2)) = (replica("v1").await, replica("v2").await);
    let text = yaml(&v1, &v2, "    split: { to: { v1: 95%, v2: 5% } }\n");
    let file = ConfigFile::new(&text);
    let gateway = start(&file).await;
    let path = "/admin/routes/shop/split";
    let first = get(gateway.admin, path, &[]).await;
    assert_eq!(first.body, r#"{"v1":"95%","v2":"5%"}"#);
    let tag = first.header("etag").expect("an entity tag");
    let change = r#"{"v1": "0%", "v2": "100%"}"#;
    let if_match = [("if-match", tag)];
    let changed = call(gateway.admin, "POST", path, &if_match, change).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let late = call(gateway.admin, "POST", path, &if_match, change).await;
    assert_eq!(late.status, 412, "{}", late.body);
    for (path, body, status) in [
        (path, r#"{"v1": "50%"}"#, 422),
        (path, r#"{"v1": "50%", "v3": "50%"}"#, 422),
        (path, "v1=50%", 400),
        ("/admin/routes/none/split", change, 404),
    ] {
        let answer = call(gateway.admin, "POST", path, &[], body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
    }

    file.replace(&format!("{text}  other: {{ match: /other, to: v1 }}\n"));
    let reload = call(gateway.admin, "POST", "/admin/reload", &[], "").await;
    assert_eq!(reload.status, 200, "{}", reload.body);
    let kept = get(gateway.admin, path, &[]).await;
    assert_eq!(kept.body, r#"{"v1":"0%","v2":"100%"}"#);
    assert_eq!(shares(&gateway, 80).await.get("v2"), Some(&80));

    file.replace(&text.replace("95%", "96%").replace(" 5%", " 4%"));
    call(gateway.admin, "POST", "/admin/reload", &[], "").await;
    let edited = get(gateway.admin, path, &[]).await;
    assert_eq!(edited.body, r#"{"v1":"96%","v2":"4%"}"#);
}

#[tokio::test]
async fn a_mirror_gets_what_the_upstream_gets_and_changes_nothing() {
    let ((primary, v1), (shadow, v2)) = (replica("v1").await, replica("v2").await);
    let mirror = "    to: v1
    layers: { mirror: { to: v2, methods: [GET, POST], max_in_flight: 20, timeout: 5s } }\n";
    let file = ConfigFile::new(&yaml(&v1, &v2, mirror));
    let gateway = start(&file).await;
    let counted = |outcome: &str| {
        let line = format!("gateway_mirror_total{{route=\"shop\",outcome=\"{outcome}\"}}");
        let gateway = &gateway;
        async move { metric(gateway, &line).await }
    };
    for number in 0..100 {
        let answer = call(gateway.address, "POST", "/echo", &[], &format!("{number}")).await;
        assert_eq!(
            (answer.status, answer.header("x-replica")),
            (200, Some("v1"))
        );
        assert!(!answer.body.contains("x-gateway-mirror"), "{}", answer.body);
    }
    let all_there = async {
        while counted("sent").await < 100 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), all_there).await;
    assert!(in_time.is_ok(), "{} were sent", counted("sent").await);
    assert_eq!(shadow.stats().snapshot().requests, 100);
    let of_copies = r#"gateway_upstream_requests_total{upstream="v2"}"#;
    assert_eq!(metric(&gateway, of_copies).await, 100);
    assert_eq!(primary.stats().snapshot().requests, 100);

    // It hangs: nobody waits for it, and only so many copies are made.
    shadow.faults().set("latency=60s".parse().expect("a fault"));
    let start = Instant::now();
    assert_eq!(shares(&gateway, 80).await.get("v1"), Some(&80));
    let took = start.elapsed();
    assert!(took < Duration::from_secs(30), "{took:?}");
    assert!(counted("busy").await >= 40, "{}", counted("busy").await);
    let lost = |count: u64| {
        let counted = &counted;
        async move {
            let (mut seen, patience) = (0, Instant::now() + Duration::from_secs(60));
            while seen < count && Instant::now() < patience {
                tokio::time::sleep(Duration::from_millis(20)).await;
                seen = counted("failed").await + counted("timed_out").await;
                seen += counted("busy").await;
            }
            seen
        }
    };
    assert_eq!(lost(80).await, 80, "the clock of a copy frees its place");

    // Gone: nobody notices.
    drop(v2);
    assert_eq!(shares(&gateway, 80).await.get("v1"), Some(&80));
    assert_eq!(lost(160).await, 160, "every copy has one outcome");
}
