mod driving;
mod tls;

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{Body, ErrorKind, Request, body::collect};
use http::{HeaderMap, Response, Version};
use http_body::Frame;
use http_body_util::StreamBody;
use hyper::{body::Incoming, server::conn, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tower::ServiceExt as _;

use super::*;

/// Answers with version, host and path; counts connections.
async fn echo(h2: bool) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    drop(tokio::task::spawn_local(async move {
        loop {
            let (io, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::Relaxed);
            let io = TokioIo::new(io);
            drop(tokio::task::spawn_local(async move {
                if h2 {
                    conn::http2::Builder::new(TokioExecutor::new())
                        .serve_connection(io, service_fn(answer))
                        .await
                        .unwrap_or_default();
                } else {
                    conn::http1::Builder::new()
                        .serve_connection(io, service_fn(answer))
                        .await
                        .unwrap_or_default();
                }
            }));
        }
    }));
    (address, connections)
}

async fn answer(request: http::Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let host = request.headers().get("host").cloned();
    let host = host
        .as_ref()
        .and_then(|host| host.to_str().ok())
        .or_else(|| request.uri().authority().map(http::uri::Authority::as_str))
        .unwrap_or("-")
        .to_owned();
    let (version, path) = (request.version(), request.uri().path().to_owned());
    let body = collect(request.into_body(), 1 << 20).await.unwrap();
    let size = body.bytes().len();
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "7".parse().unwrap());
    let text = format!("{version:?} {host} {path} {size}");
    // A stream of unknown length: with a `Content-Length` HTTP/1 has no room for trailers.
    let frames = [Frame::data(Bytes::from(text)), Frame::trailers(trailers)];
    let body = StreamBody::new(futures_util::stream::iter(frames.map(Ok::<_, Infallible>)));
    Ok(Response::builder()
        .header("trailer", "x-sum")
        .body(Body::new(body))
        .unwrap())
}

fn get(uri: &str) -> Request {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri.parse().unwrap();
    request
        .headers_mut()
        .insert("te", "trailers".parse().unwrap());
    request
}

async fn text(response: gateway_core::Response) -> (String, Option<HeaderMap>) {
    let (bytes, trailers) = collect(response.into_body(), 1 << 20)
        .await
        .unwrap()
        .into_parts();
    (String::from_utf8(bytes.to_vec()).unwrap(), trailers)
}

fn local<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        tokio::time::timeout(Duration::from_secs(20), test)
            .await
            .expect("the test hangs");
    });
}

#[test]
fn http1_connections_are_reused_after_the_body() {
    local(async {
        let (address, connections) = echo(false).await;
        let client = Client::new();
        for _ in 0..5 {
            let response = client
                .clone()
                .oneshot(get(&format!("http://{address}/a/b?c")))
                .await
                .unwrap();
            assert_eq!(response.version(), Version::HTTP_11);
            let (text, trailers) = text(response).await;
            assert_eq!(text, format!("HTTP/1.1 {address} /a/b 0"));
            assert_eq!(trailers.unwrap()["x-sum"], "7");
            tokio::task::yield_now().await;
        }
        assert_eq!(connections.load(Ordering::Relaxed), 1);
        let origin = client
            .origin(&format!("http://{address}").parse().unwrap())
            .unwrap();
        assert_eq!(origin.idle_connections(), 1);
    });
}

#[test]
fn h2_shares_one_connection() {
    local(async {
        let (address, connections) = echo(true).await;
        let client = Client::builder().protocol(Protocol::Http2).build().unwrap();
        let calls = (0..20).map(|_| {
            let client = client.clone();
            async move {
                let mut request = get(&format!("http://{address}/x"));
                request
                    .headers_mut()
                    .insert("host", "shop.example".parse().unwrap());
                *request.body_mut() = Body::from("12345");
                text(client.oneshot(request).await.unwrap()).await
            }
        });
        for (text, trailers) in futures_util::future::join_all(calls).await {
            assert_eq!(text, "HTTP/2.0 shop.example /x 5");
            assert_eq!(trailers.unwrap()["x-sum"], "7");
        }
        assert_eq!(connections.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_refused_connection_says_that_nothing_was_sent() {
    local(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = Client::new()
            .oneshot(get(&format!("http://{address}/")))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UpstreamConnect);
        assert!(error.is_unsent());
    });
}

#[test]
fn a_connection_closed_while_idle_is_replaced() {
    local(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(tokio::task::spawn_local(async move {
            loop {
                // One answer per connection, and then gone without `Connection: close`.
                let (mut io, _) = listener.accept().await.unwrap();
                let mut buffer = [0; 1024];
                assert_ne!(io.read(&mut buffer).await.unwrap(), 0);
                io.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                    .await
                    .unwrap();
            }
        }));
        let client = Client::new();
        for _ in 0..10 {
            let response = client
                .clone()
                .oneshot(get(&format!("http://{address}/")))
                .await
                .unwrap();
            assert_eq!(text(response).await.0, "ok");
        }
    });
}

#[test]
fn a_connection_lost_before_the_head_may_have_been_heard() {
    local(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(tokio::task::spawn_local(async move {
            let (mut io, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 1024];
            assert_ne!(io.read(&mut buffer).await.unwrap(), 0);
        }));
        let error = Client::new()
            .oneshot(get(&format!("http://{address}/")))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UpstreamReset);
        assert!(!error.is_unsent());
    });
}

#[test]
fn what_is_not_http_is_a_protocol_error() {
    local(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(tokio::task::spawn_local(async move {
            let (mut io, _) = listener.accept().await.unwrap();
            io.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").await.unwrap();
            tokio::time::sleep(Duration::from_secs(5)).await;
        }));
        let error = Client::new()
            .oneshot(get(&format!("http://{address}/")))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UpstreamProtocol);
    });
}

#[test]
fn idle_connections_are_closed_after_the_timeout() {
    local(async {
        let (address, _) = echo(false).await;
        let client = Client::builder()
            .idle_timeout(Duration::from_millis(80))
            .build()
            .unwrap();
        let origin = client
            .origin(&format!("http://{address}").parse().unwrap())
            .unwrap();
        let response = origin.send(get("/"), false).await.unwrap();
        text(response).await;
        tokio::task::yield_now().await;
        assert_eq!(origin.idle_connections(), 1);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(origin.idle_connections(), 0);
    });
}

#[test]
fn a_relative_target_is_refused() {
    local(async {
        let error = Client::new().oneshot(get("/x")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.is_unsent());
    });
}

#[test]
fn bad_certificates_are_told_at_build_time() {
    assert!(Client::builder().ca_pem("nonsense").build().is_err());
    assert!(Client::builder().server_name("a b").build().is_err());
}

fn _auto_traits() {
    fn all<T: Clone + Send + Sync + 'static>() {}
    fn send<T: Send + 'static>() {}
    all::<Client>();
    all::<Origin>();
    send::<ResponseFuture>();
    send::<Error>();
}

#[test]
fn a_peer_that_closes_whatever_it_accepts_ends_the_attempt() {
    local(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        drop(tokio::task::spawn_local(async move {
            loop {
                drop(listener.accept().await.unwrap());
                count.fetch_add(1, Ordering::Relaxed);
            }
        }));
        for protocol in [Protocol::Http1, Protocol::Http2] {
            let client = Client::builder().protocol(protocol).build().unwrap();
            let uri = format!("http://{address}/");
            let error = client.oneshot(get(&uri)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UpstreamReset, "{protocol:?}");
        }
        assert_eq!(accepted.load(Ordering::Relaxed), 2);
    });
}
