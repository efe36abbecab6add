//! Realtime sessions, passed through to a provider on real sockets.

use axum::{Router, extract::Request};
use bytes::BytesMut;
use gateway_ai::{
    edge::AiService,
    websocket::{Close, Message, Peer, Reader, write},
};
use gateway_core::Outcome;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    socket::{Client, HANDSHAKE, host},
    support::{Double, gateway},
};

/// A provider of realtime sessions: greets, and answers each message with what was asked for and an
/// end that counts. Asked to leave, it breaks off.
async fn provider() -> String {
    use gateway_layers::proxy::{Tunnels, WebSocket};
    async fn converse(io: gateway_layers::proxy::WebSocketStream, opened: String) {
        let (mut io, mut reader) = (io, Reader::new(Peer::Client, 1 << 20));
        let mut say = vec![Message::Text(opened.into())];
        loop {
            let mut wire = BytesMut::new();
            for message in say.drain(..) {
                write(&message, None, &mut wire);
            }
            io.write_all(&wire).await.unwrap();
            let said = loop {
                if let Some(message) = reader.next_message().unwrap() {
                    break message;
                }
                let mut bytes = [0; 4096];
                match io.read(&mut bytes).await.unwrap_or(0) {
                    0 => return,
                    read => reader.push(&bytes[..read]),
                }
            };
            match said {
                Message::Text(text) if text == "\"leave\"" => return,
                Message::Text(text) => {
                    let usage =
                        json!({ "input_tokens": 9, "output_tokens": 2, "total_tokens": 11 });
                    let done = json!({ "type": "response.done", "response": { "usage": usage } });
                    say.extend([Message::Text(text), Message::Text(done.to_string().into())]);
                }
                other => say.push(other),
            }
        }
    }
    let sockets = Tunnels::new();
    let router = Router::new().fallback(move |request: Request| {
        let sockets = sockets.clone();
        async move {
            let (mut parts, _) = request.into_parts();
            let opened = json!({ "uri": parts.uri.to_string(), "key": parts.headers["authorization"].to_str().unwrap() });
            let socket = WebSocket::take(&mut parts).unwrap();
            let response = socket.serve(&sockets, None, move |io| converse(io, opened.to_string()));
            response.map(axum::body::Body::new)
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    host(listener, router);
    url
}

async fn realtime() -> AiService {
    let config = format!(
        r#"{{"providers":{{"openai":{{"base_url":"{}","keys":["sk-operator"]}}}},"models":{{"voice":"openai/gpt-realtime"}}}}"#,
        provider().await
    );
    let config: gateway_ai::config::AiConfig = serde_json::from_str(&config).unwrap();
    AiService::from_config(&config, gateway_ai::providers::HttpClient::default()).unwrap()
}

#[tokio::test]
async fn a_realtime_session_passes_and_is_counted() {
    let outcome = Outcome::new();
    let seen = outcome.clone();
    let router = Router::new()
        .fallback_service(realtime().await)
        .layer(axum::Extension(outcome));
    let handshake = HANDSHAKE.replace("/v1/responses", "/v1/realtime?model=voice&x=1");
    let mut client = Client::with(router, &handshake).await;
    assert!(client.head.starts_with("HTTP/1.1 101 "), "{}", client.head);
    let opened = client.event().await;
    assert_eq!(opened["uri"], "/v1/realtime?model=gpt-realtime&x=1");
    assert_eq!(opened["key"], "Bearer sk-operator");
    for _ in 0..2 {
        let update = json!({ "type": "session.update", "session": { "model": "voice" } });
        client.say(&update).await;
        assert_eq!(client.event().await["session"]["model"], "gpt-realtime");
        assert_eq!(client.event().await["type"], "response.done");
    }
    let bye = Message::Close(Some(Close::new(1000, "")));
    client.send(&bye).await;
    assert_eq!(client.next().await, Some(bye));
    let record = seen.take();
    let usage = record.usage.unwrap();
    assert_eq!((usage.input, usage.output), (Some(18), Some(4)));
    assert_eq!(record.model.as_deref(), Some("openai/gpt-realtime"));
}

#[tokio::test]
async fn a_provider_that_breaks_off_is_told_of() {
    let router = Router::new().fallback_service(realtime().await);
    let handshake = HANDSHAKE.replace("/v1/responses", "/v1/realtime?model=voice");
    let mut client = Client::with(router, &handshake).await;
    client.event().await;
    client.say(&json!("leave")).await;
    let error = client.event().await;
    assert_eq!(error["type"], "error", "{error}");
    assert_eq!(error["error"]["code"], "upstream_truncated", "{error}");
    let Some(Message::Close(Some(close))) = client.next().await else {
        panic!("not closed");
    };
    assert_eq!(close.code, 1011);
}

#[tokio::test]
async fn what_has_no_session_is_refused_before_it_opens() {
    for (query, status) in [("", "400"), ("?model=none", "404")] {
        let router = Router::new().fallback_service(realtime().await);
        let handshake = HANDSHAKE.replace("/v1/responses", &format!("/v1/realtime{query}"));
        let client = Client::with(router, &handshake).await;
        let line = client.head.lines().next().unwrap();
        assert!(line.contains(status), "{line}");
    }
    let router = Router::new().fallback_service(gateway(&Double::new([])));
    let handshake = HANDSHAKE.replace("/v1/responses", "/v1/realtime?model=claude");
    let client = Client::with(router, &handshake).await;
    assert!(client.head.starts_with("HTTP/1.1 400 "), "{}", client.head);
}
