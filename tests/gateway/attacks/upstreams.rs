//! Upstreams that lie.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::raw::{OPEN, exchange, gateway, statuses};
use crate::protocols::support::spawn;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const CLOSE: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// Says `answer` to each request, in one write, and counts connections.
async fn saying(answer: &'static [u8], close: bool) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    spawn(async move {
        while let Ok((mut io, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            spawn(async move {
                let mut read = [0; 4096];
                while let Ok(1..) = io.read(&mut read).await {
                    _ = io.write_all(answer).await;
                    if close {
                        return;
                    }
                }
            });
        }
    });
    (address, connections)
}

#[tokio::test]
async fn what_is_no_answer_is_a_bad_gateway() {
    for answer in [
        &b"SSH-2.0-OpenSSH\r\n"[..],
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        b"HTTP/1.1 99 OK\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n",
    ] {
        let (to, _) = saying(answer, true).await;
        let (gateway, _file) = gateway(to, OPEN).await;
        let said = exchange(gateway.address, CLOSE.as_bytes()).await;
        let what = String::from_utf8_lossy(answer);
        assert_eq!(statuses(&said), [502], "{what:?}: {said}");
    }
}

/// After the head it is too late for a status: the answer ends without its end.
#[tokio::test]
async fn a_cut_answer_does_not_look_whole() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"[..],
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello",
    ] {
        let (to, _) = saying(answer, true).await;
        let (gateway, _file) = gateway(to, OPEN).await;
        let said = exchange(gateway.address, CLOSE.as_bytes()).await;
        let what = String::from_utf8_lossy(answer);
        let (head, body) = said.split_once("\r\n\r\n").unwrap_or_default();
        let whole = match head.contains("transfer-encoding: chunked") {
            true => body.ends_with("0\r\n\r\n"),
            false => !head.contains("content-length: 10") && statuses(&said) == [200],
        };
        assert!(!whole, "{what:?}: {said}");
    }
}

/// What follows an answer is not the next one's.
#[tokio::test]
async fn bytes_too_many_reach_nobody() {
    let poison = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison";
    let (to, connections) = saying(poison, false).await;
    let (gateway, _file) = gateway(to, OPEN).await;
    for _ in 0..5 {
        let said = exchange(gateway.address, CLOSE.as_bytes()).await;
        assert_eq!(statuses(&said), [200], "{said}");
        assert!(said.ends_with("ok"), "{said}");
    }
    assert_eq!(connections.load(Ordering::Relaxed), 5, "none is used again");
    let said = exchange(gateway.address, format!("{GET}{GET}{CLOSE}").as_bytes()).await;
    assert!(!said.contains("poison"), "{said}");
}

/// A head is not written by a value in it.
#[tokio::test]
async fn values_split_no_answer() {
    let (to, _) = saying(
        b"HTTP/1.1 200 OK\r\nlocation: /%0d%0aset-cookie:%20a=b\r\ncontent-length: 0\r\n\r\n",
        true,
    )
    .await;
    let (gateway, _file) = gateway(to, OPEN).await;
    let said = exchange(gateway.address, CLOSE.as_bytes()).await;
    assert!(!said.contains("\nset-cookie"), "{said}");
}

/// An upstream that never comes to the point has the time of a first byte.
#[tokio::test]
async fn a_storm_of_interim_answers_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let to = listener.local_addr().expect("it is bound");
    spawn(async move {
        while let Ok((mut io, _)) = listener.accept().await {
            spawn(async move {
                _ = io.read(&mut [0; 4096]).await;
                let hint = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(100);
                while io.write_all(&hint).await.is_ok() {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
            });
        }
    });
    let (gateway, _file) = gateway(to, OPEN).await;
    let answered = gateway_tests::get(gateway.address, "/", &[]).await;
    assert_eq!(answered.status, 504, "{}", answered.body);
}
