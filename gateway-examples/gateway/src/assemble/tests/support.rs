//! An origin, a client that writes what it is told to, and gateways between them.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    assemble::{Instance, Overrides},
    config,
};

/// Answers `/stream?N` with N events, 20 ms apart, `/die` by closing, and all else with `hello`.
pub(super) async fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            spawn(serve_origin(stream));
        }
    });
    address
}

async fn serve_origin(mut stream: TcpStream) {
    let mut read = Vec::new();
    while let Some(head) = read_head(&mut stream, &mut read).await {
        if read_body(&mut stream, &mut read, &head).await.is_none() {
            return;
        }
        let target = head.split(' ').nth(1).unwrap_or("/").to_owned();
        let done = match target.split_once("/stream?") {
            Some((_, count)) => events(&mut stream, count.parse().unwrap()).await,
            None if target.ends_with("/die") => return,
            None => {
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
                stream.write_all(answer.as_bytes()).await
            }
        };
        if done.is_err() {
            return;
        }
    }
}

async fn events(stream: &mut TcpStream, count: usize) -> std::io::Result<()> {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    for _ in 0..count {
        tokio::time::sleep(Duration::from_millis(20)).await;
        stream.write_all(b"9\r\ndata: x\n\n\r\n").await?;
    }
    stream.write_all(b"0\r\n\r\n").await
}

/// Takes the announced body off; one in chunks is left to the next turn.
async fn read_body(stream: &mut TcpStream, read: &mut Vec<u8>, head: &str) -> Option<()> {
    let length = content_length(head).unwrap_or(0);
    while read.len() < length {
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
    read.drain(..length);
    Some(())
}

fn content_length(head: &str) -> Option<usize> {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, length)| length.parse().ok())
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    text.split_once("\r\n\r\n")
        .is_some_and(|(head, body)| content_length(head).is_some_and(|length| body.len() >= length))
}

async fn read_head(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            read.drain(..end + 4);
            return Some(head);
        }
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
}

/// What came back: an answer of known length, or all until the server closed or was silent.
pub(super) async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that refuses early may have closed before all was written.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let read = async {
        while !is_whole(&answer) && stream.read_buf(&mut answer).await.is_ok_and(|n| n > 0) {}
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), read).await;
    String::from_utf8_lossy(&answer).into_owned()
}

pub(super) async fn get(address: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    exchange(address, request.as_bytes()).await
}

pub(super) fn status(answer: &str) -> u16 {
    let code = answer.split(' ').nth(1).unwrap_or_default();
    code.parse()
        .unwrap_or_else(|_| panic!("no status in {answer:?}"))
}

/// A file of its own for each test, gone when the test is over.
pub(super) struct File(PathBuf);

impl File {
    pub(super) fn new(text: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("gateway-{}-{number}.yaml", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        file.write(text);
        file
    }

    pub(super) fn write(&self, text: &str) {
        std::fs::write(&self.0, text).unwrap();
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The config of most tests: `/o/` goes to the origin, `/dead` to a port nobody listens on.
pub(super) fn yaml(origin: SocketAddr) -> String {
    format!(
        "limits: {{ header_bytes: 8KiB, body: 1KiB, header_timeout: 1s }}
drain: {{ delay: 300ms, timeout: 3s }}
upstreams:
  origin: {{ endpoints: ['http://{origin}'] }}
  dead: {{ endpoints: ['http://127.0.0.1:1'] }}
routes:
  origin: {{ match: '/o/{{*rest}}', to: origin }}
  get: {{ match: {{ path: /get, methods: GET }}, to: origin }}
  dead: {{ match: /dead, to: dead }}
"
    )
}

pub(super) fn start(file: &File) -> Instance {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let overrides = Overrides {
        listen: Some(any),
        admin: Some(any),
    };
    Instance::start(config::load(file.path()).unwrap(), overrides).unwrap()
}

pub(super) fn address(instance: &Instance) -> SocketAddr {
    instance.listeners()[0].1
}

#[expect(clippy::disallowed_methods, reason = "tests end with their runtime")]
pub(super) fn spawn<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(task)
}
