use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;

use super::*;

/// Sends a request over a socket and gives the connection.
async fn connect(serving: &crate::doubles::Serving, body: &Value) -> tokio::net::TcpStream {
    let body = body.to_string();
    let length = body.len();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n"
    );
    let mut stream = tokio::net::TcpStream::connect(serving.addr())
        .await
        .unwrap();
    stream
        .write_all(format!("{head}{body}").as_bytes())
        .await
        .unwrap();
    stream
}

#[tokio::test]
async fn a_cut_drops_the_connection_after_the_last_token_was_sent() {
    let server = server();
    server.faults().set("cut_after_tokens=5".parse().unwrap());
    let serving = crate::doubles::spawn(server.router()).await.unwrap();
    for request in [streamed(chat("20 words")), chat("20 words")] {
        let mut stream = connect(&serving, &request).await;
        let mut bytes = Vec::new();
        // Reading ends, with an error or without; the body has not.
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
        assert!(!text.ends_with("0\r\n\r\n"), "{text}");
        match request["stream"] == true {
            true => assert_eq!(text.matches("chat.completion.chunk").count(), 6, "{text}"),
            false => assert!(
                text.contains("chatcmpl-") && !text.contains("usage"),
                "{text}"
            ),
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    let server = ModelServer::new().pace(Duration::from_millis(1));
    let serving = crate::doubles::spawn(server.router()).await.unwrap();
    let mut stream = connect(&serving, &streamed(chat("50000 words"))).await;
    stream.read_exact(&mut [0; 512]).await.unwrap();
    drop(stream);
    for _ in 0..500 {
        if server.stats().snapshot().cancelled == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let stats = server.stats().snapshot();
    assert_eq!((stats.cancelled, stats.in_flight), (1, 0));
    assert!(stats.completion_tokens < 50_000);
    assert_eq!(stats.calls[0].outcome, "cancelled");
}

#[tokio::test]
async fn silence_sends_a_head_and_nothing_more() {
    let server = server();
    server.faults().set("silence".parse().unwrap());
    let serving = crate::doubles::spawn(server.router()).await.unwrap();
    let mut stream = connect(&serving, &streamed(chat("x"))).await;
    let mut head = vec![0; 1024];
    let read = stream.read(&mut head).await.unwrap();
    assert!(
        head[..read].ends_with(b"\r\n\r\n"),
        "{}",
        String::from_utf8_lossy(&head[..read])
    );
    let more = tokio::time::timeout(Duration::from_millis(100), stream.read(&mut head)).await;
    assert!(more.is_err());
    assert_eq!(server.stats().snapshot().in_flight, 1);
}
