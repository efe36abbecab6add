//! A client's end of a WebSocket: on a real one, since only a server upgrades.

use axum::Router;
use bytes::BytesMut;
use gateway_ai::{
    edge::AiService,
    websocket::{Message, Peer, Reader, write},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A client's end.
pub(crate) struct Client {
    io: TcpStream,
    reader: Reader,
    pub(crate) head: String,
}

impl Client {
    pub(crate) async fn open(ai: AiService) -> Self {
        Self::with(Router::new().fallback_service(ai), HANDSHAKE).await
    }

    pub(crate) async fn with(router: Router, handshake: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut io = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        host(listener, router);
        io.write_all(handshake.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(io.read_u8().await.unwrap());
        }
        Self {
            io,
            reader: Reader::new(Peer::Server, 1 << 20),
            head: String::from_utf8(head).unwrap(),
        }
    }

    pub(crate) async fn send(&mut self, message: &Message) {
        let mut wire = BytesMut::new();
        write(message, Some([7, 8, 9, 10]), &mut wire);
        self.io.write_all(&wire).await.unwrap();
    }

    pub(crate) async fn say(&mut self, event: &Value) {
        self.send(&Message::Text(event.to_string().into())).await;
    }

    pub(crate) async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.reader.next_message().unwrap() {
                return Some(message);
            }
            let mut bytes = [0; 4096];
            match self.io.read(&mut bytes).await.unwrap_or(0) {
                0 => return None,
                read => self.reader.push(&bytes[..read]),
            }
        }
    }

    pub(crate) async fn event(&mut self) -> Value {
        let text = match self.next().await {
            Some(Message::Text(text)) => Some(text),
            _ => None,
        };
        serde_json::from_slice(&text.expect("an event")).unwrap()
    }

    /// The events of an answer, up to its end.
    pub(crate) async fn answer(&mut self) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            events.push(self.event().await);
            let kind = &events[events.len() - 1]["type"];
            if kind == "response.completed" || kind == "error" {
                return events;
            }
        }
    }
}

pub(crate) const HANDSHAKE: &str = "GET /v1/responses HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer of-the-client\r\n\
    connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
    sec-websocket-extensions: permessage-deflate\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[expect(clippy::disallowed_methods, reason = "ends with the test")]
pub(crate) fn host(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}
