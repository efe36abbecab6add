//! Bytes on sockets, and an upstream that counts.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use gateway_core::Body;
use gateway_tests::{ConfigFile, Gateway};
use http::Response;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    PROGRAM,
    protocols::support::{One, read, upstream},
};

/// The requests an upstream has read whole: `GET /path`.
pub(super) type Seen = Arc<Mutex<Vec<String>>>;

/// An upstream that says `ok` and notes what it was asked, with the headers in `note`.
pub(super) async fn counting(note: &'static [&'static str]) -> (SocketAddr, Seen) {
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let to = upstream(One, move |request: http::Request<hyper::body::Incoming>| {
        let noted = Arc::clone(&noted);
        async move {
            let (parts, body) = request.into_parts();
            _ = read(body).await;
            let mut line = format!("{} {}", parts.method, parts.uri);
            for name in note {
                for value in parts.headers.get_all(*name) {
                    line.push_str(&format!(" {name}={}", value.to_str().unwrap_or("?")));
                }
            }
            noted.lock().expect("nobody panics").push(line);
            Response::new(Body::from("ok"))
        }
    })
    .await;
    (to, seen)
}

/// A gateway with these routes to the upstream `up`.
pub(super) async fn gateway(to: SocketAddr, routes: &str) -> (Gateway, ConfigFile) {
    let file = ConfigFile::new(&format!(
        "listen: 127.0.0.1:0
admin: 127.0.0.1:0
limits: {{ header_timeout: 1s, body: 1KiB }}
upstreams:
  up: {{ endpoints: [\"http://{to}\"], timeouts: {{ first_byte: 1s }} }}
routes:
{routes}
"
    ));
    let path = file.path().display().to_string();
    (Gateway::start(PROGRAM, &["run", &path]).await, file)
}

pub(super) const OPEN: &str = "  all: { match: \"/{*rest}\", to: up }";

/// Sends bytes and reads until the gateway closes, or says nothing for a while.
pub(super) async fn exchange(to: SocketAddr, bytes: &[u8]) -> String {
    let mut io = TcpStream::connect(to).await.expect("it listens");
    // It may close before all is written.
    _ = io.write_all(bytes).await;
    let mut said = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(Ok(read)) = tokio::time::timeout(PATIENCE, io.read(&mut piece)).await {
        if read == 0 {
            break;
        }
        said.extend_from_slice(&piece[..read]);
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// The statuses of the answers in `said`.
pub(super) fn statuses(said: &str) -> Vec<u16> {
    let each = said.split("HTTP/1.1 ").skip(1);
    each.filter_map(|answer| answer.get(..3)?.parse().ok())
        .collect()
}

/// Where the gateway neither answers nor closes, which is rare: its clock for heads ends the others.
const PATIENCE: Duration = Duration::from_secs(3);
