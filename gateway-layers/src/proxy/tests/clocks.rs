//! What timeouts look like on sockets.

use std::time::Duration;

use tokio::{io::AsyncWriteExt as _, net::TcpStream};
use tower_layer::Layer as _;

use super::support::{gateway, raw, read_all, read_head};
use crate::{proxy::Proxy, timeout::TimeoutLayer};

async fn through(layer: TimeoutLayer, answer: &'static str, request: &str) -> String {
    let address = raw(move |mut io| async move {
        assert!(!read_head(&mut io).await.is_empty());
        io.write_all(answer.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    let front = gateway(false, layer.layer(proxy)).await;
    let mut io = TcpStream::connect(front).await.unwrap();
    io.write_all(request.as_bytes()).await.unwrap();
    read_all(&mut io).await
}

const SOON: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_client_that_stops_sending_gets_a_408() {
    let layer = TimeoutLayer::new().upload_idle(SOON);
    let upload = "POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 10\r\n\r\nabc";
    let got = through(layer, "", upload).await;
    assert!(got.starts_with("HTTP/1.1 408"), "{got}");
    assert!(got.contains("request_timeout"), "{got}");
}

#[tokio::test]
async fn an_upstream_that_says_nothing_is_a_504() {
    let layer = TimeoutLayer::new().first_byte(SOON);
    let ask = "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    let got = through(layer, "", ask).await;
    assert!(got.starts_with("HTTP/1.1 504"), "{got}");
    assert!(got.contains("upstream_timeout"), "{got}");
}

#[tokio::test]
async fn an_upstream_that_stops_talking_is_cut() {
    let layer = TimeoutLayer::new().idle(SOON);
    let ask = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";
    let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n";
    let got = through(layer, answer, ask).await;
    assert!(got.contains("3\r\nabc\r\n"), "{got}");
    assert!(!got.contains("\r\n0\r\n"), "{got}");
}
