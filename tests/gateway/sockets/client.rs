use std::net::SocketAddr;

use bytes::BytesMut;
use gateway_ai::websocket::{Close, Message, Peer, Reader, write};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::Duration;

/// A client of few words.
pub(super) struct Client {
    io: TcpStream,
    reader: Reader,
    /// The answer to the handshake.
    pub(super) head: String,
}

impl Client {
    /// Asks for a WebSocket with a key.
    pub(super) async fn ask(address: SocketAddr, path: &str, key: &str) -> Self {
        let mut io = TcpStream::connect(address).await.expect("it listens");
        let handshake = format!(
            "GET {path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {key}\r\n\
             connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        let sent = io.write_all(handshake.as_bytes()).await;
        sent.expect("it is read");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(io.read_u8().await.expect("an answer"));
        }
        Self {
            io,
            reader: Reader::new(Peer::Server, 1 << 20),
            head: String::from_utf8_lossy(&head).to_ascii_lowercase(),
        }
    }

    /// Opens a WebSocket.
    pub(super) async fn open(address: SocketAddr, path: &str, key: &str) -> Self {
        let client = Self::ask(address, path, key).await;
        assert!(client.head.starts_with("http/1.1 101 "), "{}", client.head);
        client
    }

    /// The status of a handshake that was refused, and what was said about it.
    pub(super) async fn refusal(mut self) -> (u16, Value) {
        let status = self.head.get(9..12).and_then(|status| status.parse().ok());
        let length = self
            .head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.expect("a length")];
        self.io.read_exact(&mut body).await.expect("a body");
        let body = serde_json::from_slice(&body).expect("JSON");
        (status.expect("a status"), body)
    }

    pub(super) async fn send(&mut self, message: &Message) {
        let mut wire = BytesMut::new();
        write(message, Some([7, 8, 9, 10]), &mut wire);
        self.io.write_all(&wire).await.expect("it is open");
    }

    pub(super) async fn say(&mut self, event: &Value) {
        self.send(&Message::Text(event.to_string().into())).await;
    }

    pub(super) async fn next(&mut self) -> Option<Message> {
        loop {
            let message = self.reader.next_message().expect("the protocol");
            if message.is_some() {
                return message;
            }
            let mut bytes = [0; 4096];
            let read = timeout(PATIENCE, self.io.read(&mut bytes)).await;
            match read.expect("something comes").unwrap_or(0) {
                0 => return None,
                read => self.reader.push(&bytes[..read]),
            }
        }
    }

    pub(super) async fn event(&mut self) -> Value {
        let next = self.next().await;
        let text = match &next {
            Some(Message::Text(text)) => Some(text),
            _ => None,
        };
        let text = text.unwrap_or_else(|| unreachable!("an event, not {next:?}"));
        serde_json::from_slice(text).expect("JSON")
    }

    /// The events up to one of the type `last`, or an error.
    pub(super) async fn until(&mut self, last: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.event().await;
            let over = event["type"] == last || event["type"] == "error";
            events.push(event);
            if over {
                return events;
            }
        }
    }

    /// The close that comes next, and that nothing comes after it.
    pub(super) async fn closed(&mut self) -> Close {
        let next = self.next().await;
        let Some(Message::Close(Some(close))) = next else {
            unreachable!("a close, not {next:?}");
        };
        self.send(&Message::Close(Some(close.clone()))).await;
        assert_eq!(self.next().await, None);
        close
    }

    /// Says goodbye, and is told so.
    pub(super) async fn leave(&mut self) {
        let bye = Message::Close(Some(Close::new(1000, "")));
        self.send(&bye).await;
        assert_eq!(self.next().await, Some(bye));
        assert_eq!(self.next().await, None);
    }
}

const PATIENCE: Duration = Duration::from_secs(30);
