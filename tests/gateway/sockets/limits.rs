//! How long a WebSocket and its messages may be.

use gateway_ai::websocket::Message;

use super::{KEYS, Scene, client::Client};

const PATHS: [&str; 2] = ["/v1/responses", "/v1/realtime?model=voice"];

async fn open(scene: &Scene, path: &str) -> Client {
    let mut client = Client::open(scene.gateway.address, path, "k-all").await;
    if path.contains("realtime") {
        client.event().await;
    }
    client
}

#[tokio::test]
async fn a_message_is_no_longer_than_a_request() {
    let scene = Scene::with(KEYS, "max_request: 10KiB").await;
    for path in PATHS {
        let mut client = open(&scene, path).await;
        let long = vec![b'a'; 10 * 1024 + 1];
        client.send(&Message::Text(long.into())).await;
        assert_eq!(client.closed().await.code, 1009, "{path}");
    }
}

#[tokio::test]
async fn silence_has_an_end() {
    let scene = Scene::with(KEYS, "websocket: { idle: 2s }").await;
    for path in PATHS {
        let mut client = open(&scene, path).await;
        let close = client.closed().await;
        assert_eq!(
            (close.code, &close.reason[..6]),
            (1001, &b"silent"[..]),
            "{path}"
        );
    }
}

#[tokio::test]
async fn so_has_a_busy_life() {
    let scene = Scene::with(KEYS, "websocket: { total: 2s }").await;
    for (path, code) in [
        (PATHS[0], "websocket_connection_limit_reached"),
        (PATHS[1], "session_expired"),
    ] {
        let mut client = open(&scene, path).await;
        let error = loop {
            client.send(&Message::Ping("p".into())).await;
            match client.next().await {
                Some(Message::Pong(_)) => {}
                Some(Message::Text(text)) => break text,
                other => unreachable!("{path}: {other:?}"),
            }
        };
        let error: serde_json::Value = serde_json::from_slice(&error).expect("JSON");
        assert_eq!(error["error"]["code"], code, "{path}: {error}");
        let last = loop {
            match client.next().await {
                Some(Message::Pong(_)) => {}
                last => break last,
            }
        };
        let Some(Message::Close(Some(close))) = last else {
            unreachable!("{path}: {last:?}");
        };
        assert_eq!(close.code, 1001, "{path}");
    }
}
