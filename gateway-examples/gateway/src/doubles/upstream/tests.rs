use axum::body::Body;
use http::Request;
use http::Response;
use http_body_util::BodyExt;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::*;
use crate::doubles;

async fn get(server: &UpstreamServer, path: &str) -> Response<Body> {
    let request = Request::get(path).body(Body::empty()).unwrap();
    server.router().oneshot(request).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn json(response: Response<Body>) -> Value {
    serde_json::from_str(&text(response).await).unwrap()
}

#[tokio::test]
async fn the_shop_names_its_replica() {
    let server = UpstreamServer::new("shop-1");
    let response = get(&server, "/items/2").await;
    assert_eq!(response.headers()["x-replica"], "shop-1");
    assert_eq!(json(response).await["name"], "compass");
    assert_eq!(get(&server, "/items/99").await.status(), 404);
    assert_eq!(
        json(get(&server, "/orders").await).await["orders"][0]["id"],
        1
    );
}

#[tokio::test]
async fn echo_says_what_came() {
    let server = UpstreamServer::new("e");
    let request = Request::put("/echo/a?b=c")
        .header("x-a", "1")
        .body(Body::from("abc"))
        .unwrap();
    let said = json(server.router().oneshot(request).await.unwrap()).await;
    assert_eq!(
        (&said["method"], &said["path"]),
        (&json!("PUT"), &json!("/echo/a"))
    );
    assert_eq!(
        (&said["query"], &said["body"]),
        (&json!("b=c"), &json!("abc"))
    );
    assert_eq!(said["headers"], json!([["x-a", "1"]]));
    let sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(said["sha256"], sha);
}

#[tokio::test]
async fn shapes_are_as_asked() {
    let server = UpstreamServer::new("s");
    assert_eq!(get(&server, "/status/418").await.status(), 418);
    assert_eq!(get(&server, "/status/101").await.status(), 400);
    assert_eq!(text(get(&server, "/bytes/40000").await).await.len(), 40_000);
    assert_eq!(
        text(get(&server, "/stream/3?pace=0").await)
            .await
            .matches("data:")
            .count(),
        3
    );
    let mut body = get(&server, "/trailers").await.into_body();
    let mut trailers = None;
    while let Some(frame) = body.frame().await {
        trailers = frame.unwrap().into_trailers().ok();
    }
    assert_eq!(trailers.unwrap()["x-sha256"].len(), 64);
}

#[tokio::test]
async fn validators_give_304() {
    let server = UpstreamServer::new("c");
    let first = get(&server, "/cache/60?vary=accept-language").await;
    assert_eq!(first.headers()["cache-control"], "public, max-age=60");
    assert_eq!(first.headers()["vary"], "accept-language");
    let etag = first.headers()["etag"].clone();
    let again = |name: &str, value| {
        let request = Request::get("/cache/60?vary=accept-language").header(name, value);
        server
            .router()
            .oneshot(request.body(Body::empty()).unwrap())
    };
    assert_eq!(again("if-none-match", etag).await.unwrap().status(), 304);
    let date = first.headers()["last-modified"].clone();
    assert_eq!(
        again("if-modified-since", date).await.unwrap().status(),
        304
    );
    assert_eq!(
        again("accept-language", "de".parse().unwrap())
            .await
            .unwrap()
            .status(),
        200
    );
    let private = get(&server, "/cache/60?cc=private").await;
    assert_eq!(private.headers()["cache-control"], "private");
}

#[tokio::test]
async fn faults_spoil_and_counters_count() {
    let server = UpstreamServer::new("f");
    server
        .faults()
        .set("status=503,retry_after=1,every=2".parse().unwrap());
    assert_eq!(get(&server, "/items").await.status(), 200);
    assert_eq!(get(&server, "/items").await.status(), 503);
    server.faults().set("cut_after_tokens=0".parse().unwrap());
    let mut cut = get(&server, "/items").await.into_body();
    assert!(cut.frame().await.unwrap().is_ok());
    assert!(cut.frame().await.unwrap().is_err());
    server.faults().clear();
    drop(get(&server, "/stream/100").await);
    let stats = server.stats().snapshot();
    assert_eq!((stats.requests, stats.faulted, stats.in_flight), (4, 2, 0));
    assert_eq!(stats.cancelled, 3, "the answers whose bodies were not read");
}

/// Sends bytes, and reads until the answer has `expect`ed length.
async fn talk(stream: &mut TcpStream, send: &[u8], expect: usize) -> Vec<u8> {
    stream.write_all(send).await.unwrap();
    let mut answer = vec![0; expect];
    stream.read_exact(&mut answer).await.unwrap();
    answer
}

async fn upgraded(serving: &doubles::Serving, path: &str, headers: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(serving.addr()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (stream, String::from_utf8(head).unwrap())
}

#[tokio::test]
async fn bytes_come_back_after_an_upgrade() {
    let serving = doubles::spawn(UpstreamServer::new("u").router())
        .await
        .unwrap();
    let (mut stream, head) = upgraded(&serving, "/upgrade", "upgrade: echo\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert_eq!(talk(&mut stream, b"hello", 5).await, b"hello");
    assert_eq!(talk(&mut stream, b"again", 5).await, b"again");
}

#[tokio::test]
async fn a_websocket_echoes_and_closes() {
    let serving = doubles::spawn(UpstreamServer::new("w").router())
        .await
        .unwrap();
    let headers = "upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let (mut stream, head) = upgraded(&serving, "/ws", headers).await;
    assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    let masked = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
    assert_eq!(talk(&mut stream, &masked, 4).await, [0x81, 2, b'h', b'i']);
    assert_eq!(
        talk(&mut stream, &[0x89, 0x80, 0, 0, 0, 0], 2).await,
        [0x8a, 0]
    );
    assert_eq!(
        talk(&mut stream, &[0x88, 0x80, 0, 0, 0, 0], 2).await,
        [0x88, 0]
    );
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_hangup_closes_unanswered_and_dropping_the_guard_kills_streams() {
    let server = UpstreamServer::new("h");
    let serving = doubles::spawn(server.router()).await.unwrap();
    server.faults().set("hangup,times=1".parse().unwrap());
    let ask = async |path: &str| {
        let mut stream = TcpStream::connect(serving.addr()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    };
    let mut nothing = Vec::new();
    ask("/items").await.read_to_end(&mut nothing).await.unwrap();
    assert_eq!(nothing, b"");
    let mut stream = ask("/stream/100000").await;
    stream.read_exact(&mut [0; 64]).await.unwrap();
    drop(serving);
    let mut rest = Vec::new();
    let ended = stream.read_to_end(&mut rest).await;
    assert!(ended.is_err() || !rest.ends_with(b"0\r\n\r\n"));
    assert_eq!(server.stats().snapshot().cancelled, 1);
}
