//! Upstreams, a gateway and clients on loopback sockets.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use bytes::Bytes;
use gateway_core::{Body, Request, Response, body::collect};
use http_body::Frame;
use http_body_util::StreamBody;
use hyper::{body::Incoming, server::conn, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tower_service::Service;

#[expect(
    clippy::disallowed_methods,
    reason = "the test's runtime ends all tasks"
)]
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// An upstream that speaks bytes, one call per connection.
pub(crate) async fn raw<F, Fut>(handle: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let (listener, address) = listen().await;
    spawn(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            spawn(handle(io));
        }
    });
    address
}

/// An upstream that reads one request head and answers with `answer`, then closes.
pub(crate) async fn canned(answer: &'static str) -> SocketAddr {
    raw(move |mut io| async move {
        let head = read_head(&mut io).await;
        assert!(!head.is_empty());
        io.write_all(answer.as_bytes()).await.unwrap();
        io.shutdown().await.unwrap();
    })
    .await
}

/// An upstream that speaks HTTP.
pub(crate) async fn upstream<F, Fut>(h2: bool, handle: F) -> SocketAddr
where
    F: Fn(http::Request<Incoming>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    raw(move |io| {
        let handle = handle.clone();
        let service = service_fn(move |request| {
            let answer = handle(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        async move {
            let io = TokioIo::new(io);
            // How the connection ended is the client's part of the test.
            if h2 {
                conn::http2::Builder::new(TokioExecutor::new())
                    .serve_connection(io, service)
                    .await
                    .unwrap_or_default();
            } else {
                conn::http1::Builder::new()
                    .serve_connection(io, service)
                    .with_upgrades()
                    .await
                    .unwrap_or_default();
            }
        }
    })
    .await
}

/// Serves `service` over HTTP/1.1 or, by prior knowledge, HTTP/2.
pub(crate) async fn gateway<S>(h2: bool, service: S) -> SocketAddr
where
    S: Service<http::Request<Incoming>, Response = Response, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    raw(move |io| {
        let service = TowerToHyperService::new(service.clone());
        async move {
            let io = TokioIo::new(io);
            if h2 {
                conn::http2::Builder::new(TokioExecutor::new())
                    .serve_connection(io, service)
                    .await
                    .unwrap_or_default();
            } else {
                conn::http1::Builder::new()
                    .serve_connection(io, service)
                    .with_upgrades()
                    .await
                    .unwrap_or_default();
            }
        }
    })
    .await
}

/// Everything up to and including the empty line.
pub(crate) async fn read_head(io: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match io.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// Sends `request` as it is and reads until the peer closes.
pub(crate) async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut io = TcpStream::connect(address).await.unwrap();
    io.write_all(request.as_bytes()).await.unwrap();
    read_all(&mut io).await
}

pub(crate) async fn read_all(io: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    within(io.read_to_end(&mut answer)).await.ok();
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("the test hangs")
}

pub(crate) fn request(method: &str, uri: &str, body: impl Into<Body>) -> Request {
    http::Request::builder()
        .method(method)
        .uri(uri)
        .body(body.into())
        .unwrap()
}

pub(crate) async fn text(response: Response) -> String {
    let read = within(collect(response.into_body(), 1 << 20))
        .await
        .unwrap();
    String::from_utf8(read.bytes().to_vec()).unwrap()
}

/// A body of unknown length with trailers.
pub(crate) fn stream(parts: &[&'static str]) -> Body {
    let mut frames: Vec<_> = parts
        .iter()
        .map(|part| Frame::data(Bytes::from_static(part.as_bytes())))
        .collect();
    let mut trailers = http::HeaderMap::new();
    trailers.insert("x-sum", http::HeaderValue::from_static("7"));
    frames.push(Frame::trailers(trailers));
    let frames = frames.into_iter().map(Ok::<_, Infallible>);
    Body::new(StreamBody::new(futures_util::stream::iter(frames)))
}
