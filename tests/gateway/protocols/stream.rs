//! Streams much larger than what may be held of them.

use std::{fs, time::Duration};

use bytes::Bytes;
use gateway_core::{Body, BoxError};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};

use super::support::{ALL, Client, gateway, upstream};

const PIECE: usize = 64 << 10;

/// Megabytes to send: enough to tell a leak from noise, or as many as are asked for.
fn megabytes() -> usize {
    let asked = std::env::var("GATEWAY_STREAM_MIB").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(256)
}

fn body(megabytes: usize) -> Body {
    let pieces = std::iter::repeat_n(Bytes::from(vec![7; PIECE]), megabytes * 16);
    let frames = pieces.map(|piece| Ok::<_, BoxError>(Frame::data(piece)));
    Body::new(StreamBody::new(futures_util::stream::iter(frames)))
}

/// What a process has in memory of its own, in KiB.
fn resident(pid: u32) -> Option<usize> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

async fn download(client: &mut Client, mut watch: impl FnMut()) -> usize {
    let request = Request::get("/").body(Body::empty()).expect("a request");
    let mut answer = client.send(request).await.into_body();
    let mut bytes = 0;
    let mut frames = 0_usize;
    while let Some(frame) = answer.frame().await {
        bytes += frame.expect("a frame").data_ref().map_or(0, Bytes::len);
        frames += 1;
        if frames.is_multiple_of(256) {
            watch();
        }
    }
    bytes
}

#[tokio::test]
async fn a_long_stream_takes_no_memory() {
    for (http, server) in ALL {
        let to = upstream(server, |_| async { Response::new(body(megabytes())) }).await;
        let (gateway, _file) = gateway(server, to, "", "").await;
        let mut client = Client::connect(http, gateway.address).await;
        let pid = gateway.pid();
        let Some(before) = resident(pid) else {
            eprintln!("SKIPPED: no /proc to read the memory of a process from");
            return;
        };
        let mut most = before;
        let bytes = download(&mut client, || most = most.max(resident(pid).unwrap_or(0))).await;
        assert_eq!(bytes, megabytes() << 20);
        let grown = most - before;
        println!(
            "{http:?} to {server:?}: {grown} KiB for {} MiB",
            megabytes()
        );
        assert!(grown < 8 << 10, "{http:?} to {server:?}: {grown} KiB");
    }
}

#[tokio::test]
async fn neither_does_a_long_upload() {
    for (http, server) in ALL {
        let to = upstream(
            server,
            |request: Request<hyper::body::Incoming>| async move {
                let mut body = request.into_body();
                let mut bytes = 0;
                while let Some(frame) = body.frame().await {
                    bytes += frame.expect("a frame").data_ref().map_or(0, Bytes::len);
                }
                Response::new(Body::from(bytes.to_string()))
            },
        )
        .await;
        let (gateway, _file) = gateway(server, to, "", "").await;
        let mut client = Client::connect(http, gateway.address).await;
        let pid = gateway.pid();
        let Some(before) = resident(pid) else {
            eprintln!("SKIPPED: no /proc to read the memory of a process from");
            return;
        };
        let sending = async {
            let request = Request::post("/")
                .body(body(megabytes()))
                .expect("a request");
            super::support::read(client.send(request).await.into_body()).await
        };
        let mut most = before;
        let watching = async {
            loop {
                most = most.max(resident(pid).unwrap_or(0));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let (said, _) = tokio::select! {
            said = sending => said,
            () = watching => unreachable!("it never ends"),
        };
        assert_eq!(said, (megabytes() << 20).to_string());
        let grown = most - before;
        println!(
            "{http:?} to {server:?}: {grown} KiB for {} MiB",
            megabytes()
        );
        assert!(grown < 8 << 10, "{http:?} to {server:?}: {grown} KiB");
    }
}
