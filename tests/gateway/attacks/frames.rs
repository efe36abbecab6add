//! Floods of HTTP/2 frames: bounded, and nobody else notices.

use std::{fs, time::Duration};

use gateway_tests::{Gateway, get};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::raw::{OPEN, counting, gateway};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `GET http://a/` out of the static table, the host as it is.
const HEAD: &[u8] = b"\x82\x86\x84\x41\x01a";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload");
    let mut frame = length.to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Sends `opening` and then `flood(n)` until the gateway closes or all is sent; whether it closed.
async fn flood(
    gateway: &Gateway,
    opening: &[u8],
    count: u32,
    flood: impl Fn(u32) -> Vec<u8>,
) -> bool {
    let io = TcpStream::connect(gateway.address)
        .await
        .expect("it listens");
    let (mut reading, mut writing) = io.into_split();
    let sending = async {
        let start = [PREFACE, &frame(SETTINGS, 0, 0, &[]), opening].concat();
        writing.write_all(&start).await.expect("it reads");
        for n in 0..count {
            if writing.write_all(&flood(n)).await.is_err() {
                break;
            }
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
    };
    let closing = async {
        let mut said = vec![0; 16 << 10];
        while let Ok(1..) = reading.read(&mut said).await {}
    };
    tokio::select! {
        () = sending => false,
        () = closing => true,
    }
}

fn resident(gateway: &Gateway) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

async fn unharmed(gateway: &Gateway, before: usize, what: &str) {
    assert_eq!(get(gateway.address, "/", &[]).await.status, 200, "{what}");
    let grown = resident(gateway).saturating_sub(before);
    assert!(grown < 20 << 10, "{what}: {grown} KiB");
}

#[tokio::test]
async fn resets_are_counted() {
    let (to, seen) = counting(&[]).await;
    let (gateway, _file) = gateway(to, OPEN).await;
    let before = resident(&gateway);
    let closed = flood(&gateway, &[], 20_000, |n| {
        let stream = 2 * n + 1;
        let mut both = frame(HEADERS, END_HEADERS | END_STREAM, stream, HEAD);
        both.extend(frame(RESET, 0, stream, &8_u32.to_be_bytes()));
        both
    })
    .await;
    assert!(closed, "the connection is still open");
    let started = seen.lock().expect("nobody panics").len();
    assert!(started < 2_000, "{started} requests were started");
    unharmed(&gateway, before, "rapid reset").await;
}

/// A flood of resets is none of connections to upstreams.
#[tokio::test]
async fn no_upstream_is_asked_for_what_is_reset_with_its_head() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let to = listener.local_addr().expect("an address");
    let (gateway, _file) = gateway(to, OPEN).await;
    let mut io = TcpStream::connect(gateway.address)
        .await
        .expect("it listens");
    let head = |stream| frame(HEADERS, END_HEADERS | END_STREAM, stream, HEAD);
    let reset = |stream| frame(RESET, 0, stream, &8_u32.to_be_bytes());
    let start = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &head(1)].concat();
    io.write_all(&start).await.expect("it reads");
    let (mut asked, _) = listener.accept().await.expect("it asks");
    io.write_all(&reset(1)).await.expect("it reads");
    let mut request = Vec::new();
    asked.read_to_end(&mut request).await.expect("it gives up");

    let mut flood = Vec::new();
    for stream in (3..=101).step_by(2) {
        flood.extend([head(stream), reset(stream)].concat());
    }
    flood.extend(frame(PING, 0, 0, b"all seen"));
    io.write_all(&flood).await.expect("it reads");
    let mut said = Vec::new();
    while !said.windows(8).any(|part| part == b"all seen") {
        assert_ne!(io.read_buf(&mut said).await.expect("it is open"), 0);
    }
    let mut connections = 0;
    let counting = async {
        while listener.accept().await.is_ok() {
            connections += 1;
        }
    };
    _ = tokio::time::timeout(Duration::from_millis(500), counting).await;
    // Who comes between a head and its reset may still begin.
    assert!(connections < 10, "{connections} connections for 50 resets");
}

#[tokio::test]
async fn a_head_has_an_end() {
    let (to, _) = counting(&[]).await;
    let (gateway, _file) = gateway(to, OPEN).await;
    let before = resident(&gateway);
    let opening = frame(HEADERS, END_STREAM, 1, HEAD);
    // A field that is never indexed, again and again.
    let field = b"\x10\x01x\x7f\x81\x0f"
        .iter()
        .copied()
        .chain([b'y'; 2_000 + 126]);
    let field: Vec<u8> = field.collect();
    let closed = flood(&gateway, &opening, 20_000, |_| {
        frame(CONTINUATION, 0, 1, &field)
    })
    .await;
    assert!(closed, "the connection is still open");
    unharmed(&gateway, before, "continuation").await;
    let closed = flood(&gateway, &opening, 20_000, |_| {
        frame(CONTINUATION, 0, 1, &[])
    })
    .await;
    assert!(closed, "the connection is still open");
    unharmed(&gateway, before, "empty continuation").await;
}

/// What is to be answered is not kept for a client that does not read.
#[tokio::test]
async fn pings_and_settings_are_not_collected() {
    let (to, _) = counting(&[]).await;
    let (gateway, _file) = gateway(to, OPEN).await;
    let before = resident(&gateway);
    for (what, flood) in [
        ("ping", frame(PING, 0, 0, &[7; 8]).repeat(100)),
        ("settings", frame(SETTINGS, 0, 0, &[]).repeat(100)),
    ] {
        let mut io = TcpStream::connect(gateway.address)
            .await
            .expect("it listens");
        let start = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
        io.write_all(&start).await.expect("it reads");
        let sending = async {
            for _ in 0..20_000 {
                if io.write_all(&flood).await.is_err() {
                    break;
                }
            }
        };
        // It stops reading once its answers are not taken.
        _ = tokio::time::timeout(Duration::from_secs(2), sending).await;
        unharmed(&gateway, before, what).await;
    }
}
