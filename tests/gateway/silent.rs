//! Streams of a model that stop without an end: whoever waits is told, whoever leaves takes the call
//! along, and nothing of either is left.

use std::{
    fs,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use gateway_tests::{ConfigFile, Gateway, get, post};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::models;

const CHAT: &str =
    r#"{"model":"openai/m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
const BEGUN: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n\
a7\r\ndata: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hello\"},\"finish_reason\":null}]}\n\n\r\n";

/// A provider that begins each answer and never goes on, and how many it holds open.
#[expect(
    clippy::disallowed_methods,
    reason = "both end with the test's runtime"
)]
async fn provider() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let open = Arc::new(AtomicUsize::new(0));
    let held = Arc::clone(&open);
    tokio::spawn(async move {
        while let Ok((io, _)) = listener.accept().await {
            let held = Arc::clone(&held);
            tokio::spawn(async move { begin(io, &held).await });
        }
    });
    (address, open)
}

async fn begin(mut io: TcpStream, held: &AtomicUsize) {
    let mut seen = Vec::new();
    while !seen.ends_with(b"}") {
        if !matches!(io.read_buf(&mut seen).await, Ok(1..)) {
            return;
        }
    }
    held.fetch_add(1, Ordering::SeqCst);
    _ = io.write_all(BEGUN.as_bytes()).await;
    // It ends when the gateway hangs up.
    while let Ok(1..) = io.read_buf(&mut seen).await {}
    held.fetch_sub(1, Ordering::SeqCst);
}

async fn gateway(to: SocketAddr, fallback: &str) -> (Gateway, ConfigFile) {
    models(&format!(
        "
      providers:
        openai: {{ base_url: \"http://{to}/v1\", keys: [\"${{env:PATH}}\"] }}
      fallback: {{ {fallback} }}
"
    ))
    .await
}

async fn soon(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert!(waited.is_ok(), "{what}");
}

async fn is_idle(gateway: &Gateway) -> bool {
    let metrics = get(gateway.admin, "/metrics", &[]).await.body;
    metrics.contains("\ngateway_in_flight 0\n")
}

#[tokio::test]
async fn a_provider_that_goes_silent_is_given_up_and_told_of() {
    let (to, open) = provider().await;
    let (gateway, _file) = gateway(to, "idle: 300ms").await;
    let messages = CHAT.replace("\"stream\"", "\"max_tokens\":9,\"stream\"");
    for (path, body, error, end) in [
        ("/v1/chat/completions", CHAT, "data: {\"error\":", "[DONE]"),
        ("/v1/messages", &messages, "event: error\n", "message_stop"),
    ] {
        let answer = post(gateway.address, path, body).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.contains("Hello"), "{path}: {}", answer.body);
        assert!(answer.body.contains(error), "{path}: {}", answer.body);
        assert!(!answer.body.contains(end), "{path}: {}", answer.body);
    }
    soon("the provider is left", async || {
        open.load(Ordering::SeqCst) == 0
    })
    .await;
    assert!(is_idle(&gateway).await);
}

#[tokio::test]
async fn clients_that_leave_leave_nothing() {
    const CLIENTS: usize = 60;
    let (to, open) = provider().await;
    let (gateway, _file) = gateway(to, "idle: 1m").await;
    // Other files, such as those that watch the config, open when they do.
    let sockets = || {
        let files = fs::read_dir(format!("/proc/{}/fd", gateway.pid()));
        let links = files.expect("it runs").flatten();
        links
            .filter_map(|file| fs::read_link(file.path()).ok())
            .filter(|link| link.to_string_lossy().starts_with("socket:"))
            .count()
    };
    let before = sockets();
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut io = TcpStream::connect(gateway.address)
            .await
            .expect("it listens");
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{CHAT}",
            CHAT.len()
        );
        io.write_all(request.as_bytes()).await.expect("it reads");
        clients.push(io);
    }
    soon("all answers begin", async || {
        open.load(Ordering::SeqCst) == CLIENTS
    })
    .await;
    // Some leave in the middle of the answer, some before they have read any of it.
    for io in clients.iter_mut().step_by(2) {
        let mut said = Vec::new();
        while !said.windows(5).any(|part| part == b"Hello") {
            assert_ne!(io.read_buf(&mut said).await.expect("an answer"), 0);
        }
    }
    drop(clients);
    soon("every call is cancelled", async || {
        open.load(Ordering::SeqCst) == 0
    })
    .await;
    soon("nothing is in flight", async || is_idle(&gateway).await).await;
    soon("all sockets are closed", async || sockets() <= before + 2).await;
}
