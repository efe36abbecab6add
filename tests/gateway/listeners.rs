//! Listeners other than plain ones, and the limits of connections, by raw sockets and by curl.

use std::{net::SocketAddr, time::Duration};

use gateway::doubles::{Serving, spawn, upstream::UpstreamServer};
use gateway_tests::{ConfigFile, Gateway, call, get};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UnixListener},
    time::{Instant, timeout},
};

use crate::{
    PROGRAM,
    certs::{Certs, listener, run},
};

async fn start(text: &str) -> (Gateway, ConfigFile) {
    let file = ConfigFile::new(text);
    let path = file.path().display().to_string();
    (Gateway::start(PROGRAM, &["run", &path]).await, file)
}

async fn origin() -> Serving {
    let router = UpstreamServer::new("origin").router();
    spawn(router).await.expect("a free port")
}

fn yaml(listeners: &str, origin: &str) -> String {
    format!(
        "listeners:\n{listeners}admin: 127.0.0.1:0\n\
         upstreams: {{ shop: {{ endpoints: [\"{origin}\"] }} }}\n\
         routes:\n  shop: {{ match: \"/{{*rest}}\", to: shop }}\n"
    )
}

/// All that comes back for `bytes` on a connection of their own.
async fn raw(at: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(at).await.expect("it listens");
    // Closed at once is an answer, too.
    _ = stream.write_all(bytes).await;
    let mut said = Vec::new();
    let read = timeout(Duration::from_secs(10), stream.read_to_end(&mut said)).await;
    _ = read.expect("it ends in time");
    String::from_utf8_lossy(&said).into_owned()
}

const REQUEST: &[u8] = b"GET /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one gateway for all cases: each start is most of their time"
)]
async fn proxy_headers_name_the_client() {
    let (origin, certs) = (origin().await, Certs::new("proxied"));
    certs.make("site", &["site.example"], None);
    let pair = certs.pair("site");
    let (gateway, _file) = start(&yaml(
        &format!(
            "  plain: 127.0.0.1:0\n  needed: {{ bind: 127.0.0.1:0, proxy_protocol: {{ trusted: [127.0.0.0/8], timeout: 500ms }} }}\n\
             \x20 may: {{ bind: 127.0.0.1:0, proxy_protocol: {{ trusted: [127.0.0.0/8], mode: optional }} }}\n\
             \x20 others: {{ bind: 127.0.0.1:0, proxy_protocol: {{ trusted: [192.0.2.0/24] }} }}\n\
             \x20 secure: {{ bind: 127.0.0.1:0, tls: {{ {pair} }}, proxy_protocol: {{ trusted: [127.0.0.1] }} }}\n"
        ),
        &origin.url(),
    ))
    .await;
    let needed = listener(&gateway, "needed").await;
    let first = [b"PROXY TCP4 203.0.113.7 192.0.2.1 4000 80\r\n", REQUEST].concat();
    let said = raw(needed, &first).await;
    assert!(
        said.starts_with("HTTP/1.1 200") && said.contains("203.0.113.7"),
        "{said}"
    );
    let mut second = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    second.extend([203, 0, 113, 8, 192, 0, 2, 1, 0x0f, 0xa0, 0, 80]);
    let said = raw(needed, &[&second, REQUEST].concat()).await;
    assert!(
        said.starts_with("HTTP/1.1 200") && said.contains("203.0.113.8"),
        "{said}"
    );
    for itself in [&b"PROXY UNKNOWN\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"] {
        let said = raw(needed, &[itself, REQUEST].concat()).await;
        assert!(
            said.starts_with("HTTP/1.1 200") && said.contains("127.0.0.1"),
            "{said}"
        );
    }
    // None, half of one, nonsense.
    for bytes in [REQUEST, b"PROXY TCP4 203.0", b"PROXY TCP4 here\r\n"] {
        assert_eq!(raw(needed, bytes).await, "");
    }
    let may = listener(&gateway, "may").await;
    let said = raw(may, REQUEST).await;
    assert!(
        said.starts_with("HTTP/1.1 200") && said.contains("127.0.0.1"),
        "{said}"
    );
    assert_eq!(raw(listener(&gateway, "others").await, &first).await, "");

    let url = format!("http://{needed}/echo");
    let Some(said) = run("curl", &["-s", "--haproxy-protocol", &url]).await else {
        return;
    };
    assert!(said.contains("127.0.0.1"), "{said}");
    let secure = listener(&gateway, "secure").await.port();
    let (ca, url) = (
        certs.path("ca.pem"),
        format!("https://site.example:{secure}/echo"),
    );
    let resolve = format!("site.example:{secure}:127.0.0.1");
    let arguments = [
        "-si",
        "--haproxy-protocol",
        "--cacert",
        &ca,
        "--resolve",
        &resolve,
        &url,
    ];
    let said = run("curl", &arguments).await.unwrap_or_default();
    assert!(said.starts_with("HTTP/2 200"), "{said}");
}

#[tokio::test]
async fn clients_are_sent_to_https() {
    let origin = origin().await;
    let (gateway, _file) = start(&yaml(
        "  plain: { bind: 127.0.0.1:0, redirect: https }\n  secure: { bind: 127.0.0.1:0, tls: self_signed, hsts: true }\n",
        &origin.url(),
    ))
    .await;
    let port = listener(&gateway, "secure").await.port();
    let to = format!("https://127.0.0.1:{port}/items?page=2");
    for (method, status) in [("GET", 301), ("HEAD", 301), ("POST", 308), ("DELETE", 308)] {
        let answer = call(gateway.address, method, "/items?page=2", &[], "").await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (status, Some(&*to))
        );
        assert_eq!(answer.header("strict-transport-security"), None);
    }
    // Whoever names no port talks to the default one, and finds HTTPS there.
    let named = b"GET /a HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n";
    let said = raw(gateway.address, named).await.to_ascii_lowercase();
    assert!(
        said.contains("location: https://shop.example/a\r\n"),
        "{said}"
    );
    let Some(said) = run(
        "curl",
        &["-skiL", &format!("http://{}/items", gateway.address)],
    )
    .await
    else {
        return;
    };
    assert!(
        said.contains("HTTP/2 200") && said.contains("strict-transport-security"),
        "{said}"
    );
}

#[tokio::test]
async fn unix_sockets_on_both_sides() {
    let certs = Certs::new("unix");
    let (front, back) = (certs.path("front.sock"), certs.path("back.sock"));
    let upstream = UnixListener::bind(&back).expect("a path of its own");
    let router = UpstreamServer::new("behind").router();
    let serving = async {
        _ = axum::serve(upstream, router).await;
    };
    let asking = async {
        let listeners = format!(
            "  plain: 127.0.0.1:0\n  local: {{ bind: \"unix:{front}\", mode: \"0600\" }}\n"
        );
        let (mut gateway, _file) = start(&yaml(&listeners, &format!("unix:{back}"))).await;
        let answer = get(gateway.address, "/items", &[]).await;
        assert_eq!(
            (answer.status, answer.header("x-replica")),
            (200, Some("behind")),
            "{}",
            answer.body
        );
        let arguments = ["-si", "--unix-socket", &front, "http://shop.example/echo"];
        if let Some(said) = run("curl", &arguments).await {
            assert!(
                said.starts_with("HTTP/1.1 200") && said.contains("shop.example"),
                "{said}"
            );
        }
        gateway.signal("INT");
        gateway.ended().await;
        assert!(!std::path::Path::new(&front).exists(), "it cleans up");
    };
    tokio::select! {
        () = serving => unreachable!("it serves for ever"),
        () = asking => {}
    }
}

#[tokio::test]
async fn what_a_connection_may_cost() {
    let origin = origin().await;
    let limits = "limits: { uri_bytes: 100B, max_connections_per_ip: 2, header_timeout: 400ms, min_body_rate: 1MiB }\n";
    let (gateway, _file) = start(&(yaml("  plain: 127.0.0.1:0\n", &origin.url()) + limits)).await;
    let at = gateway.address;
    let long = format!("/items?{}", "x".repeat(100));
    let answer = get(at, &long, &[]).await;
    assert_eq!(answer.status, 414);
    assert!(answer.body.contains("uri_too_long"), "{}", answer.body);

    // A byte now and then is far below a mebibyte a second.
    let mut slow = TcpStream::connect(at).await.expect("it listens");
    let head = b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n";
    slow.write_all(head).await.expect("it reads");
    let dripping = async {
        for _ in 0..500 {
            if slow.write_all(b"x").await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            let mut said = [0; 12];
            if let Ok(Ok(12)) = timeout(Duration::from_millis(1), slow.read(&mut said)).await {
                return String::from_utf8_lossy(&said).into_owned();
            }
        }
        String::new()
    };
    assert_eq!(dripping.await, "HTTP/1.1 408");
    drop(slow);

    // Twice: their places are free again.
    for _ in 0..2 {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let held = open(&[at; 3]).await;
            let served: Vec<_> = held.iter().map(|(served, _)| *served).collect();
            assert_ne!(served, [true; 3]);
            if served == [true, true, false] {
                break;
            }
            assert!(Instant::now() < deadline, "{served:?}");
        }
    }
}

/// One connection to each of these, and whether a request on it is answered.
async fn open(listeners: &[SocketAddr]) -> Vec<(bool, TcpStream)> {
    let mut all = Vec::new();
    for at in listeners {
        let mut stream = TcpStream::connect(at).await.expect("it listens");
        let request = b"GET /items HTTP/1.1\r\nhost: a\r\n\r\n";
        _ = stream.write_all(request).await;
        let mut said = [0; 12];
        let read = timeout(Duration::from_secs(2), stream.read(&mut said)).await;
        let served = read.is_ok_and(|read| read.is_ok_and(|count| count > 0));
        all.push((served, stream));
    }
    all
}

#[tokio::test]
async fn places_are_those_of_all_listeners() {
    let origin = origin().await;
    let listeners = "  one: 127.0.0.1:0\n  two: 127.0.0.1:0\n";
    for (limits, late) in [
        // Whoever is too many waits …
        ("max_connections: 3", true),
        // … and an address that has too many is closed.
        ("max_connections_per_ip: 3", false),
    ] {
        let limits = format!("limits: {{ {limits} }}\n");
        let (gateway, _file) = start(&(yaml(listeners, &origin.url()) + &limits)).await;
        let (one, two) = (gateway.address, listener(&gateway, "two").await);
        let mut held = open(&[one, two, one, two]).await;
        let served: Vec<_> = held.iter().map(|(served, _)| *served).collect();
        assert_eq!(served, [true, true, true, false], "{limits}");
        let ready = get(gateway.admin, "/readyz", &[]).await;
        assert_eq!(ready.status, 200, "operators have places of their own");
        let (_, mut waiting) = held.pop().expect("four");
        drop(held);
        let mut said = [0; 12];
        let read = timeout(Duration::from_secs(10), waiting.read(&mut said)).await;
        let read = read.expect("it ends in time").unwrap_or_default();
        assert_eq!(read > 0, late, "{limits}");
    }
}

/// A head that never ends is told so, also after an answer; a connection that says nothing is not.
#[tokio::test]
async fn a_head_that_takes_too_long_is_told_so() {
    let origin = origin().await;
    let limits = "limits: { header_timeout: 300ms }\n";
    let (gateway, _file) = start(&(yaml("  plain: 127.0.0.1:0\n", &origin.url()) + limits)).await;
    let whole = "GET /items HTTP/1.1\r\nhost: a\r\n\r\n";
    let part = "GET /items HTTP/1.1\r\nhost: a\r\nx: ";
    assert_eq!(raw(gateway.address, b"").await, "");
    let said = raw(gateway.address, part.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    assert!(said.contains("connection: close\r\n"), "{said}");

    let mut kept = TcpStream::connect(gateway.address).await.expect("up");
    let mut said = [0; 4096];
    kept.write_all(whole.as_bytes()).await.expect("it reads");
    let read = kept.read(&mut said).await.expect("an answer");
    assert!(said[..read].starts_with(b"HTTP/1.1 200 "));
    kept.write_all(part.as_bytes()).await.expect("it reads");
    let mut said = Vec::new();
    let read = timeout(Duration::from_secs(10), kept.read_to_end(&mut said)).await;
    read.expect("in time").expect("an orderly end");
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("HTTP/1.1 408 "), "{said}");
}
