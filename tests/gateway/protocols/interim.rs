//! Interim answers.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::support::{One, gateway, spawn};

const HINTS: &[u8] =
    b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\nconnection: x\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Hints at once, and answers in the same write or `later`.
async fn hinting(later: Option<Duration>) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    spawn(async move {
        while let Ok((mut io, _)) = listener.accept().await {
            spawn(async move {
                let mut read = [0; 4096];
                while let Ok(1..) = io.read(&mut read).await {
                    _ = match later {
                        None => io.write_all(&[HINTS, ANSWER].concat()).await,
                        Some(later) => {
                            _ = io.write_all(HINTS).await;
                            tokio::time::sleep(later).await;
                            io.write_all(ANSWER).await
                        }
                    };
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn early_hints_come_before_the_answer() {
    for later in [None, Some(Duration::from_millis(500))] {
        let to = hinting(later).await;
        let (gateway, _file) = gateway(One, to, ", proxy: { interim: true }", "").await;
        let mut io = TcpStream::connect(gateway.address)
            .await
            .expect("it listens");
        for _ in 0..3 {
            io.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n")
                .await
                .expect("it reads");
            let mut said = String::new();
            let mut piece = [0; 4096];
            let mut early = false;
            while !said.ends_with("\r\n\r\nok") {
                let read = io.read(&mut piece).await.expect("it answers");
                said.push_str(std::str::from_utf8(&piece[..read]).expect("text"));
                early |= said.contains(" 103 ") && !said.contains(" 200 ");
            }
            let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\n";
            assert!(said.starts_with(hints), "{said}");
            assert!(early || later.is_none(), "{said}");
        }
    }
}

#[tokio::test]
async fn whoever_did_not_ask_for_them_gets_none() {
    let to = hinting(None).await;
    for (interim, version) in [("false", "1.1"), ("true", "1.0")] {
        let options = format!(", proxy: {{ interim: {interim} }}");
        let (gateway, _file) = gateway(One, to, &options, "").await;
        let mut io = TcpStream::connect(gateway.address)
            .await
            .expect("it listens");
        let request = format!("GET / HTTP/{version}\r\nhost: h\r\nconnection: close\r\n\r\n");
        io.write_all(request.as_bytes()).await.expect("it reads");
        let mut said = String::new();
        io.read_to_string(&mut said).await.expect("it answers");
        assert!(
            said.contains(" 200 OK") && !said.contains(" 103 "),
            "{said}"
        );
    }
}
