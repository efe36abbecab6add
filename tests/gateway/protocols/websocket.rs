//! WebSockets over either HTTP, to either HTTP.

use std::time::Duration;

use gateway_core::Body;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::{body::Incoming, ext::Protocol};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::support::{ALL, Client, One, Two, gateway, spawn, upstream};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Agrees to a WebSocket, greets, echoes, and says goodbye when the client has no more to say.
async fn echo(mut request: Request<Incoming>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert("sec-websocket-protocol", "chat".parse().expect("a value"));
    if request.method() == Method::CONNECT {
        let protocol = request.extensions().get::<Protocol>();
        assert_eq!(protocol.map(Protocol::as_str), Some("websocket"));
        assert!(!request.headers().contains_key("sec-websocket-key"));
    } else {
        assert_eq!(request.headers()["upgrade"], "websocket");
        let key = &request.headers()["sec-websocket-key"];
        headers.insert("connection", "upgrade".parse().expect("a value"));
        headers.insert("upgrade", "websocket".parse().expect("a value"));
        headers.insert("sec-websocket-accept", accept(key.as_bytes()));
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    }
    assert_eq!(request.headers()["sec-websocket-version"], "13");
    let upgraded = hyper::upgrade::on(&mut request);
    spawn(async move {
        let mut io = TokioIo::new(upgraded.await.expect("it was agreed to"));
        io.write_all(b"hello ").await.expect("it is open");
        let mut said = Vec::new();
        io.read_to_end(&mut said).await.expect("it is open");
        io.write_all(&said).await.expect("the other half is open");
        io.write_all(b" bye").await.expect("the other half is open");
        io.shutdown().await.expect("the other half is open");
    });
    response
}

fn accept(key: &[u8]) -> http::HeaderValue {
    use base64::Engine as _;
    let text = [key, b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"].concat();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, &text);
    let text = base64::engine::general_purpose::STANDARD.encode(digest);
    text.parse().expect("base64")
}

/// The settings that offer it come before any answer.
async fn offered(client: &mut Client) {
    if let Client::Two(_) = client {
        let request = Request::get("/%00").body(Body::empty());
        let refused = client.send(request.expect("a request")).await;
        assert_eq!(refused.status(), 400);
    }
}

fn ask(client: &Client) -> Request<Body> {
    let request = match client {
        Client::One(_) => Request::get("/ws")
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-key", KEY),
        Client::Two(_) => Request::connect("/ws").extension(Protocol::from_static("websocket")),
    };
    let request = request.header("sec-websocket-version", "13");
    request.body(Body::empty()).expect("a request")
}

#[tokio::test]
async fn each_half_is_open_until_it_is_closed() {
    for (http, server) in ALL {
        let to = upstream(server, echo).await;
        let (gateway, _file) = gateway(server, to, "", "").await;
        let mut client = Client::connect(http, gateway.address).await;
        offered(&mut client).await;
        let request = ask(&client);
        let mut response = client.send(request).await;
        let case = format!("{http:?} to {server:?}: {response:?}");
        let headers = response.headers();
        let protocol = headers.get("sec-websocket-protocol");
        assert_eq!(protocol, Some(&HeaderValue::from_static("chat")), "{case}");
        if http == One {
            assert_eq!(response.status(), 101, "{case}");
            assert_eq!(headers["sec-websocket-accept"], ACCEPT, "{case}");
        } else {
            assert_eq!(response.status(), 200, "{case}");
            assert!(!headers.contains_key("sec-websocket-accept"), "{case}");
        }
        let upgraded = hyper::upgrade::on(&mut response).await;
        let mut io = TokioIo::new(upgraded.expect("it was agreed to"));
        io.write_all(b"said").await.expect("it is open");
        io.shutdown().await.expect("it is open");
        let mut heard = String::new();
        let reading = io.read_to_string(&mut heard);
        tokio::time::timeout(Duration::from_secs(10), reading)
            .await
            .expect("it ends")
            .expect("it is open");
        assert_eq!(heard, "hello said bye", "{case}");
    }
}

#[tokio::test]
async fn a_silent_one_is_closed() {
    let to = upstream(One, echo).await;
    let (gateway, _file) = gateway(One, to, ", proxy: { tunnel_idle: 200ms }", "").await;
    let mut client = Client::connect(Two, gateway.address).await;
    offered(&mut client).await;
    let request = ask(&client);
    let mut response = client.send(request).await;
    let upgraded = hyper::upgrade::on(&mut response).await;
    let mut io = TokioIo::new(upgraded.expect("it was agreed to"));
    let mut heard = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(5), io.read_to_end(&mut heard)).await;
    assert!(closed.is_ok(), "it is still open");
    assert_eq!(heard, b"hello ");
}

#[tokio::test]
async fn what_is_no_websocket_is_not_opened() {
    let to = upstream(One, |_| async { Response::new(Body::from("a page")) }).await;
    let (gateway, _file) = gateway(One, to, "", "").await;
    let mut client = Client::connect(Two, gateway.address).await;
    offered(&mut client).await;
    let request = ask(&client);
    assert_eq!(client.send(request).await.status(), 501);
    let mut request = ask(&client);
    request
        .extensions_mut()
        .insert(Protocol::from_static("connect-udp"));
    assert_eq!(client.send(request).await.status(), 501);
}

/// An upstream for HTTP/2 that does not offer extended CONNECT.
#[tokio::test]
async fn an_upstream_that_offers_none_is_not_asked() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let to = listener.local_addr().expect("it is bound");
    spawn(async move {
        while let Ok((io, _)) = listener.accept().await {
            let executor = hyper_util::rt::TokioExecutor::new();
            let service = hyper::service::service_fn(|request: Request<Incoming>| async move {
                assert_ne!(request.method(), Method::CONNECT);
                Ok::<_, std::convert::Infallible>(Response::new(Body::from("page")))
            });
            let connection = hyper::server::conn::http2::Builder::new(executor)
                .serve_connection(TokioIo::new(io), service);
            spawn(async move { _ = connection.await });
        }
    });
    let (gateway, _file) = gateway(Two, to, "", "").await;
    let mut client = Client::connect(One, gateway.address).await;
    let request = ask(&client);
    assert_eq!(client.send(request).await.status(), 501);
}
