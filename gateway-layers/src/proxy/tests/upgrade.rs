use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::support::{exchange, gateway, raw, read_all, read_head, within};
use crate::proxy::{Proxy, Tunnels};

const ASK: &str =
    "GET /ws HTTP/1.1\r\nhost: h\r\nconnection: keep-alive, Upgrade\r\nupgrade: echo\r\n\r\n";

/// Agrees to any upgrade and echoes.
async fn echo() -> std::net::SocketAddr {
    raw(|mut io| async move {
        let head = read_head(&mut io).await;
        assert!(head.contains("connection: upgrade\r\n"), "{head}");
        assert!(head.contains("upgrade: echo\r\n"), "{head}");
        io.write_all(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhello ")
            .await
            .unwrap();
        let (mut read, mut write) = io.split();
        tokio::io::copy(&mut read, &mut write).await.unwrap();
        write.shutdown().await.unwrap();
    })
    .await
}

async fn open(address: std::net::SocketAddr, tunnels: &Tunnels) -> TcpStream {
    let proxy = Proxy::builder(&format!("http://{address}"))
        .unwrap()
        .tunnels(tunnels.clone())
        .build()
        .unwrap();
    let mut io = TcpStream::connect(gateway(false, proxy).await)
        .await
        .unwrap();
    // Bytes of the new protocol right behind the request, before it has been agreed to.
    io.write_all(format!("{ASK}early ").as_bytes())
        .await
        .unwrap();
    let head = within(read_head(&mut io)).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(head.contains("upgrade: echo"), "{head}");
    io
}

#[tokio::test]
async fn bytes_flow_both_ways_and_the_tunnel_ends_with_its_sides() {
    let tunnels = Tunnels::new();
    let mut io = open(echo().await, &tunnels).await;
    assert_eq!(tunnels.open(), 1);
    io.write_all(b"late").await.unwrap();
    io.shutdown().await.unwrap();
    assert_eq!(read_all(&mut io).await, "hello early late");
    within(tunnels.closed()).await;
}

#[tokio::test]
async fn closing_ends_open_tunnels() {
    let tunnels = Tunnels::new();
    let mut io = open(echo().await, &tunnels).await;
    let mut greeting = [0; 12];
    within(io.read_exact(&mut greeting)).await.unwrap();
    tunnels.close();
    assert_eq!(read_all(&mut io).await, "");
    within(tunnels.closed()).await;
}

/// A proxy goes when another takes its place, and its tracker with it.
#[tokio::test]
async fn a_tunnel_outlives_those_who_could_close_it() {
    let tunnels = Tunnels::new();
    let (near, mut far) = tokio::io::duplex(64);
    tunnels.run((), move |_| async move {
        let (mut read, mut write) = tokio::io::split(near);
        tokio::io::copy(&mut read, &mut write).await.map(|_| ())
    });
    drop(tunnels);
    tokio::task::yield_now().await;
    far.write_all(b"late").await.unwrap();
    far.shutdown().await.unwrap();
    let mut heard = String::new();
    within(far.read_to_string(&mut heard)).await.unwrap();
    assert_eq!(heard, "late");
}

#[tokio::test]
async fn a_silent_tunnel_is_closed() {
    let tunnels = Tunnels::new().idle_timeout(Duration::from_millis(50));
    let mut io = open(echo().await, &tunnels).await;
    assert_eq!(read_all(&mut io).await, "hello early ");
    within(tunnels.closed()).await;
}

async fn answered_with(answer: &'static str) -> (String, usize) {
    let tunnels = Tunnels::new();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&seen);
    let address = raw(move |mut io| {
        let log = std::sync::Arc::clone(&log);
        async move {
            loop {
                let head = read_head(&mut io).await;
                if head.is_empty() {
                    return;
                }
                log.lock().unwrap().push(head);
                io.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let proxy = Proxy::builder(&format!("http://{address}"))
        .unwrap()
        .tunnels(tunnels.clone())
        .build()
        .unwrap();
    let front = gateway(false, proxy).await;
    let got = exchange(
        front,
        &format!("{ASK}GET /second HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"),
    )
    .await;
    assert_eq!(tunnels.open(), 0);
    let heads = seen.lock().unwrap();
    assert!(heads.iter().all(|head| head.starts_with("GET /ws")
        || head.starts_with("GET /second") && head.contains("via: 1.1 gateway")));
    (got, heads.len())
}

#[tokio::test]
async fn without_a_101_the_connection_stays_http() {
    let (got, heads) = answered_with("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno").await;
    assert_eq!(got.matches("HTTP/1.1 200 OK").count(), 2, "{got}");
    assert_eq!(heads, 2);
}

#[tokio::test]
async fn a_switch_to_another_protocol_is_refused() {
    let (got, _) = answered_with(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 502"), "{got}");
    assert!(got.contains("upstream_protocol"), "{got}");
}

#[tokio::test]
async fn h2c_and_half_asked_upgrades_are_ordinary_requests() {
    let address = raw(|mut io| async move {
        let head = read_head(&mut io).await;
        assert!(!head.contains("upgrade") && !head.contains("h2"), "{head}");
        io.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
    })
    .await;
    let proxy = Proxy::new(&format!("http://{address}")).unwrap();
    let front = gateway(false, proxy).await;
    for ask in [
        "connection: upgrade, http2-settings, close\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n",
        "upgrade: echo\r\nconnection: close\r\n",
        "connection: upgrade, close\r\n",
    ] {
        let got = exchange(front, &format!("GET / HTTP/1.1\r\nhost: h\r\n{ask}\r\n")).await;
        assert!(got.starts_with("HTTP/1.1 200 OK"), "{ask}: {got}");
    }
}

#[tokio::test]
async fn connect_is_refused() {
    let proxy = Proxy::new("http://127.0.0.1:9").unwrap();
    let front = gateway(false, proxy).await;
    let got = exchange(
        front,
        "CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: 127.0.0.1:22\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(got.starts_with("HTTP/1.1 501"), "{got}");
    assert!(got.contains("not_implemented"), "{got}");
}
