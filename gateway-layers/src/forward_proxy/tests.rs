#![expect(
    clippy::disallowed_methods,
    reason = "servers of a test end with its runtime"
)]

use std::net::SocketAddr;

use gateway_core::{Body, ErrorKind, GatewayError, Response};
use http_body_util::Full;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt as _;

use super::{ForwardProxy, ForwardProxyBuilder};

/// Says `pong` to whoever says anything, after what it was told.
async fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            let echo = hyper::service::service_fn(|request: http::Request<_>| async move {
                let _: &hyper::body::Incoming = request.body();
                let said = format!("{} {:?}", request.uri(), request.headers());
                let answer = http::Response::builder().header("proxy-authenticate", "x");
                answer.body(Full::new(bytes::Bytes::from(said)))
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(io), echo),
            );
        }
    });
    address
}

async fn front(proxy: ForwardProxy) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(io), TowerToHyperService::new(proxy.clone()))
                .with_upgrades();
            tokio::spawn(connection);
        }
    });
    address
}

fn local() -> ForwardProxyBuilder {
    ForwardProxy::builder()
        .allow_addresses("127.0.0.0/8".parse().unwrap())
        .allow_addresses("::1".parse().unwrap())
        .ports(1..=u16::MAX)
}

async fn say(to: SocketAddr, text: &str) -> String {
    let mut io = TcpStream::connect(to).await.unwrap();
    io.write_all(text.as_bytes()).await.unwrap();
    let mut said = String::new();
    io.read_to_string(&mut said).await.unwrap();
    said
}

#[tokio::test]
async fn absolute_targets_are_forwarded_without_what_is_the_proxys() {
    let to = upstream().await;
    let proxy = front(local().build().unwrap()).await;
    let said = say(
        proxy,
        &format!(
            "GET http://{to}/a?b HTTP/1.1\r\nhost: other\r\nproxy-connection: keep-alive\r\n\
             proxy-authorization: Basic eDp5\r\nconnection: close, x-hop\r\nx-hop: 1\r\nx-kept: 1\r\n\r\n"
        ),
    )
    .await;
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    let body = said.split_once("\r\n\r\n").unwrap().1;
    assert!(body.contains(&format!("\"host\": \"{to}\"")), "{body}");
    assert!(
        body.contains("x-kept") && body.contains("1.1 gateway"),
        "{body}"
    );
    assert!(
        !body.contains("proxy-") && !body.contains("x-hop"),
        "{body}"
    );
    assert!(!body.contains("forwarded"), "{body}");
    assert!(!said.contains("proxy-authenticate"), "{said}");
}

#[tokio::test]
async fn connect_is_a_tunnel() {
    let to = upstream().await;
    let proxy = local().build().unwrap();
    let at = front(proxy.clone()).await;
    let mut io = TcpStream::connect(at).await.unwrap();
    let ask = format!("CONNECT {to} HTTP/1.1\r\nhost: {to}\r\n\r\n");
    io.write_all(ask.as_bytes()).await.unwrap();
    let mut head = [0; 19];
    io.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK\r\nda");
    assert_eq!(proxy.tunnels().open(), 1);
    io.write_all(b"GET /in HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut said = String::new();
    io.read_to_string(&mut said).await.unwrap();
    assert!(said.contains("/in"), "{said}");
    drop(io);
    proxy.tunnels().closed().await;
}

async fn refused(proxy: &ForwardProxy, method: &str, target: &str) -> Option<ErrorKind> {
    let mut request = http::Request::builder().method(method).uri(target);
    if method == "GET" {
        request = request.header("host", "h");
    }
    let request = request.body(Body::empty()).unwrap();
    let response: Response = proxy.clone().oneshot(request).await.unwrap();
    let error = response.extensions().get::<GatewayError>();
    error.map(GatewayError::kind)
}

#[tokio::test]
async fn where_it_does_not_go() {
    let canary = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = canary.local_addr().unwrap().port();
    let proxy = ForwardProxy::builder().ports([80, port]).build().unwrap();
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "127.1",
        "2130706433",
        "0x7f000001",
        "017700000001",
    ] {
        let kind = refused(&proxy, "GET", &format!("http://{host}:{port}/")).await;
        assert!(
            matches!(kind, Some(ErrorKind::Blocked | ErrorKind::UpstreamConnect)),
            "{host}: {kind:?}"
        );
    }
    let accepted = tokio::time::timeout(std::time::Duration::from_millis(50), canary.accept());
    assert!(accepted.await.is_err(), "something was dialled");
    let blocked = Some(ErrorKind::Blocked);
    assert_eq!(refused(&proxy, "GET", "http://localhost/").await, blocked);
    assert_eq!(
        refused(&proxy, "GET", "http://169.254.169.254/latest").await,
        blocked
    );
    assert_eq!(refused(&proxy, "GET", "http://a.test:25/").await, blocked);
    let bad = Some(ErrorKind::BadRequest);
    assert_eq!(refused(&proxy, "GET", "/path").await, bad);
    assert_eq!(refused(&proxy, "GET", "https://a.test/").await, bad);
    assert_eq!(refused(&proxy, "GET", "http://u:p@a.test/").await, bad);
    assert_eq!(refused(&proxy, "CONNECT", "a.test").await, bad);
}

#[tokio::test]
async fn only_users_where_there_are_users() {
    let to = upstream().await;
    let at = front(local().user("ci", "s3cret").build().unwrap()).await;
    let ask = |credentials: &str| {
        format!("GET http://{to}/ HTTP/1.1\r\nhost: h\r\nconnection: close\r\n{credentials}\r\n")
    };
    let said = say(at, &ask("")).await;
    assert!(said.starts_with("HTTP/1.1 407"), "{said}");
    assert!(
        said.contains("proxy-authenticate: Basic realm=\"gateway\""),
        "{said}"
    );
    let said = say(at, &ask("proxy-authorization: Basic Y2k6d3Jvbmc=\r\n")).await;
    assert!(said.contains("key_invalid"), "{said}");
    let said = say(at, &ask("proxy-authorization: Bearer s3cret\r\n")).await;
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
}
