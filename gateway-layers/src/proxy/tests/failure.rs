use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use gateway_core::{
    Body, ErrorKind, GatewayError, Request, Response, Upstream, body::collect, service::Unsent,
};
use http::StatusCode;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc,
};
use tower::ServiceExt as _;

use super::support::{
    canned, exchange, gateway, listen, raw, read_head, request, stream, text, upstream, within,
};
use crate::proxy::Proxy;

async fn dead() -> Proxy {
    let (listener, address) = listen().await;
    drop(listener);
    Proxy::builder(&format!("http://{address}/api"))
        .unwrap()
        .name("orders")
        .build()
        .unwrap()
}

fn kind(response: &Response) -> ErrorKind {
    response.extensions().get::<GatewayError>().unwrap().kind()
}

#[tokio::test]
async fn an_unreachable_endpoint_is_a_502_with_the_request_in_it() {
    let mut asked = request("POST", "/1?x", "body");
    asked.headers_mut().insert("host", "h".parse().unwrap());
    let mut response = dead().await.oneshot(asked).await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(kind(&response), ErrorKind::UpstreamConnect);
    assert_eq!(
        response.headers()["proxy-status"],
        "gateway; error=connection_refused"
    );
    assert!(response.extensions().get::<Upstream>().is_some());
    let unsent = Unsent::take(response.extensions_mut()).unwrap();
    assert_eq!(unsent.uri(), "/1?x");
    assert_eq!(unsent.body().as_bytes().unwrap(), "body");
    let shown = text(response).await;
    assert!(
        shown.contains("upstream_connect") && shown.contains("orders"),
        "{shown}"
    );
    assert!(!shown.contains("127.0.0.1"), "{shown}");

    // A second endpoint gets the request as the client sent it, with one hop and not two.
    let address = upstream(false, |request| async move {
        assert_eq!(request.headers().get_all("via").iter().count(), 1);
        Response::new(Body::from(request.uri().to_string()))
    })
    .await;
    let other = Proxy::new(&format!("http://{address}/v2")).unwrap();
    let response = other.oneshot(*unsent).await.unwrap();
    assert_eq!(text(response).await, "/v2/1?x");
}

#[tokio::test]
async fn grpc_hears_of_it_in_its_own_way() {
    let mut asked = request("POST", "/svc/Method", "");
    asked
        .headers_mut()
        .insert("content-type", "application/grpc".parse().unwrap());
    let response = dead().await.oneshot(asked).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["grpc-status"], "14");
}

#[tokio::test]
async fn a_lost_connection_is_not_tried_again() {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let address = raw(move |mut io| {
        count.fetch_add(1, Ordering::Relaxed);
        async move {
            assert!(!read_head(&mut io).await.is_empty());
        }
    })
    .await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    let mut response = proxy.oneshot(request("GET", "/", "")).await.unwrap();
    assert_eq!(kind(&response), ErrorKind::UpstreamReset);
    assert!(Unsent::take(response.extensions_mut()).is_none());
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn malformed_answers_are_502_and_the_connection_is_not_used_again() {
    for answer in [
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        "nonsense\r\n\r\n",
    ] {
        let address = canned(answer).await;
        let proxy = Proxy::new(&format!("http://{address}")).unwrap();
        let response = proxy.oneshot(request("GET", "/", "")).await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY, "{answer:?}");
        assert_eq!(kind(&response), ErrorKind::UpstreamProtocol, "{answer:?}");
    }
}

#[tokio::test]
async fn a_body_cut_short_fails_and_does_not_end() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    ] {
        let address = canned(answer).await;
        let proxy = Proxy::new(&format!("http://{address}")).unwrap();
        let response = proxy
            .clone()
            .oneshot(request("GET", "/", ""))
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        within(collect(response.into_body(), 100))
            .await
            .unwrap_err();
        // And on the wire: neither the announced length nor the last chunk.
        let front = gateway(false, proxy).await;
        let got = exchange(front, "GET / HTTP/1.1\r\nhost: h\r\n\r\n").await;
        assert!(!got.ends_with("0\r\n\r\n"), "{got:?}");
    }
}

#[tokio::test]
async fn a_request_body_that_fails_is_the_clients_fault() {
    let address = upstream(false, |request| async move {
        collect(request.into_body(), 100).await.unwrap_or_default();
        Response::new(Body::empty())
    })
    .await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    let body = http_body_util::Limited::new(stream(&["abc", "def"]), 4);
    let response = proxy
        .oneshot(request("POST", "/", Body::new(body)))
        .await
        .unwrap();
    assert_eq!(kind(&response), ErrorKind::BodyTooLarge);
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

/// An upstream that sends a head and then chunks for as long as somebody takes them, and reports
/// how many bytes it could write when the connection ends.
async fn flood() -> (
    std::net::SocketAddr,
    mpsc::Receiver<usize>,
    Arc<AtomicUsize>,
) {
    let (done, ended) = mpsc::channel(1);
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let address = raw(move |mut io| {
        let (done, count) = (done.clone(), Arc::clone(&count));
        async move {
            assert!(!read_head(&mut io).await.is_empty());
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            io.write_all(head.as_bytes()).await.unwrap();
            let mut chunk = b"4000\r\n".to_vec();
            chunk.resize(6 + 0x4000, b'x');
            chunk.extend_from_slice(b"\r\n");
            while io.write_all(&chunk).await.is_ok() {
                count.fetch_add(0x4000, Ordering::Relaxed);
            }
            done.send(count.load(Ordering::Relaxed)).await.unwrap();
        }
    })
    .await;
    (address, ended, written)
}

#[tokio::test]
async fn a_client_that_leaves_cancels_the_upstream() {
    let (address, mut ended, _) = flood().await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    let front = gateway(false, proxy).await;
    let mut io = TcpStream::connect(front).await.unwrap();
    io.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n")
        .await
        .unwrap();
    let mut some = [0; 100_000];
    within(io.read_exact(&mut some)).await.unwrap();
    drop(io);
    tokio::time::timeout(Duration::from_secs(1), ended.recv())
        .await
        .expect("the upstream was still being read a second later")
        .unwrap();
}

#[tokio::test]
async fn a_client_that_leaves_before_the_head_cancels_the_upstream() {
    let (done, mut ended) = mpsc::channel(1);
    let address = raw(move |mut io| {
        let done = done.clone();
        async move {
            assert!(!read_head(&mut io).await.is_empty());
            done.send(()).await.unwrap();
            assert_eq!(io.read(&mut [0; 1]).await.unwrap_or(0), 0);
            done.send(()).await.unwrap();
        }
    })
    .await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    let front = gateway(false, proxy).await;
    let mut io = TcpStream::connect(front).await.unwrap();
    io.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n")
        .await
        .unwrap();
    within(ended.recv()).await.unwrap();
    drop(io);
    tokio::time::timeout(Duration::from_secs(1), ended.recv())
        .await
        .expect("the upstream still waits a second later")
        .unwrap();
}

#[tokio::test]
async fn a_slow_reader_holds_the_upstream_back() {
    let (address, mut ended, written) = flood().await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    let response = proxy.oneshot(request("GET", "/", "")).await.unwrap();
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = written.load(Ordering::Relaxed);
        if now == before {
            break;
        }
        before = now;
    }
    // What is on the way is in the two socket buffers; the gateway itself holds one read buffer.
    assert!(before < 16 << 20, "{before} bytes went somewhere");
    drop(response);
    within(ended.recv()).await.unwrap();
}

#[tokio::test]
async fn a_slow_upstream_holds_the_client_back() {
    let address = raw(|mut io| async move {
        assert!(!read_head(&mut io).await.is_empty());
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    let front = gateway(false, proxy).await;
    let mut io = TcpStream::connect(front).await.unwrap();
    io.write_all(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1000000000\r\n\r\n")
        .await
        .unwrap();
    let chunk = vec![b'x'; 1 << 16];
    let mut sent = 0_usize;
    while let Ok(written) = tokio::time::timeout(Duration::from_millis(300), io.write(&chunk)).await
    {
        sent += written.unwrap();
        assert!(sent < 32 << 20, "{sent} bytes went somewhere");
    }
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_upload_is_passed_on() {
    let answer = "HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
    let address = canned(answer).await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    let never = http_body_util::StreamBody::new(futures_util::stream::pending::<
        Result<http_body::Frame<bytes::Bytes>, std::convert::Infallible>,
    >());
    let asked: Request = request("POST", "/", Body::new(never));
    let response = within(proxy.oneshot(asked)).await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(text(response).await, "no");
}
