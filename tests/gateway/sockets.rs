//! Answers over a WebSocket, through the binary.

use std::net::SocketAddr;

use bytes::BytesMut;
use gateway::doubles::{Serving, model, spawn};
use gateway_ai::websocket::{Close, Message, Peer, Reader, write};
use gateway_tests::{ConfigFile, Gateway, get};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::PROGRAM;

struct Client {
    io: TcpStream,
    reader: Reader,
}

impl Client {
    async fn open(address: SocketAddr, path: &str) -> Self {
        let mut io = TcpStream::connect(address).await.expect("it listens");
        let handshake = format!(
            "GET {path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer of-the-client\r\n\
             connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        let sent = io.write_all(handshake.as_bytes()).await;
        sent.expect("it is read");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(io.read_u8().await.expect("an answer"));
        }
        let head = String::from_utf8_lossy(&head);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let reader = Reader::new(Peer::Server, 1 << 20);
        Self { io, reader }
    }

    async fn send(&mut self, message: &Message) {
        let mut wire = BytesMut::new();
        write(message, Some([7, 8, 9, 10]), &mut wire);
        self.io.write_all(&wire).await.expect("it is open");
    }

    async fn next(&mut self) -> Option<Message> {
        loop {
            let message = self.reader.next_message().expect("the protocol");
            if message.is_some() {
                return message;
            }
            let mut bytes = [0; 4096];
            match self.io.read(&mut bytes).await.unwrap_or(0) {
                0 => return None,
                read => self.reader.push(&bytes[..read]),
            }
        }
    }

    async fn ask(&mut self, event: &Value) -> Vec<Value> {
        let text = event.to_string();
        self.send(&Message::Text(text.into())).await;
        let mut events: Vec<Value> = Vec::new();
        while let Some(Message::Text(text)) = self.next().await {
            let event: Value = serde_json::from_slice(&text).expect("JSON");
            let over = event["type"] == "response.completed" || event["type"] == "error";
            events.push(event);
            if over {
                break;
            }
        }
        events
    }
}

async fn start() -> (Gateway, ConfigFile, Serving) {
    let provider = spawn(model::ModelServer::new().router())
        .await
        .expect("a port");
    let url = provider.url();
    let file = ConfigFile::new(&format!(
        "listen: 127.0.0.1:0
admin: 127.0.0.1:0
routes:
  ai:
    match: \"/{{*rest}}\"
    ai:
      providers:
        openai: {{ base_url: \"{url}/v1\", keys: [\"${{env:PATH}}\"] }}
        anthropic: {{ base_url: \"{url}/v1\", keys: [\"${{env:PATH}}\"] }}
      models: {{ chat: openai/mock-small, claude: anthropic/mock-small }}
"
    ));
    let gateway = Gateway::start(PROGRAM, &["run", &file.path().display().to_string()]).await;
    (gateway, file, provider)
}

#[tokio::test]
async fn turns_of_any_model_come_over_one_connection_and_are_counted() {
    let (gateway, _file, _provider) = start().await;
    let mut client = Client::open(gateway.address, "/v1/responses").await;
    for model in ["chat", "claude"] {
        let create =
            json!({ "type": "response.create", "model": model, "store": false, "input": "Hello" });
        let events = client.ask(&create).await;
        let last = events.last().expect("events");
        assert_eq!(last["response"]["status"], "completed", "{model}: {last}");
        assert!(events.len() > 3, "{model}: {events:?}");
    }
    let unknown = json!({ "type": "response.create", "model": "none", "input": "Hello" });
    let error = &client.ask(&unknown).await[0];
    assert_eq!(error["status"], 404, "{error}");
    assert_eq!(error["error"]["code"], "model_not_found", "{error}");
    let bye = Message::Close(Some(Close::new(1000, "")));
    client.send(&bye).await;
    assert_eq!(client.next().await, Some(bye));
    assert_eq!(client.next().await, None);
    // The connection is counted when its task has ended, which the client does not see.
    loop {
        let metrics = get(gateway.admin, "/metrics", &[]).await.body;
        let counted = |line: &&str| {
            line.starts_with("gateway_tokens_total{")
                && line.contains("output")
                && !line.ends_with(" 0")
        };
        if metrics.lines().any(|line| counted(&line)) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
