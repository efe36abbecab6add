//! Clients that ask for answers over a WebSocket: on real sockets, since only a server upgrades.

use axum::{Router, extract::Request, middleware::from_fn};
use bytes::BytesMut;
use gateway_ai::{
    edge::AiService,
    websocket::{Close, Message, Peer, Reader, write},
};
use gateway_core::{Identity, Outcome, context::IdentityKind};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use crate::support::{Answer, Double, MESSAGES_STREAM, Step, gateway, models};

/// A client's end.
struct Client {
    io: TcpStream,
    reader: Reader,
    head: String,
}

impl Client {
    async fn open(ai: AiService) -> Self {
        Self::with(Router::new().fallback_service(ai), HANDSHAKE).await
    }

    async fn with(router: Router, handshake: &str) -> Self {
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

    async fn send(&mut self, message: &Message) {
        let mut wire = BytesMut::new();
        write(message, Some([7, 8, 9, 10]), &mut wire);
        self.io.write_all(&wire).await.unwrap();
    }

    async fn say(&mut self, event: &Value) {
        self.send(&Message::Text(event.to_string().into())).await;
    }

    async fn next(&mut self) -> Option<Message> {
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

    async fn event(&mut self) -> Value {
        let text = match self.next().await {
            Some(Message::Text(text)) => Some(text),
            _ => None,
        };
        serde_json::from_slice(&text.expect("an event")).unwrap()
    }

    /// The events of an answer, up to its end.
    async fn answer(&mut self) -> Vec<Value> {
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

const HANDSHAKE: &str = "GET /v1/responses HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer of-the-client\r\n\
    connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
    sec-websocket-extensions: permessage-deflate\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[expect(clippy::disallowed_methods, reason = "ends with the test")]
fn host(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}

#[expect(clippy::needless_pass_by_value, reason = "made for it on the spot")]
fn create(model: &str, input: Value) -> Value {
    json!({ "type": "response.create", "model": model, "store": false, "input": input })
}

/// A turn's answer.
fn stream(id: &str) -> Answer {
    let said = json!({ "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
        "content": [{ "type": "output_text", "text": "Hello", "annotations": [] }] });
    let usage = json!({ "input_tokens": 9, "output_tokens": 2, "total_tokens": 11 });
    let head = json!({ "id": id, "object": "response", "status": "in_progress", "output": [] });
    let done = json!({ "id": id, "object": "response", "status": "completed", "output": [said], "usage": usage });
    let events = [
        json!({ "type": "response.created", "response": head }),
        json!({ "type": "response.output_text.delta", "delta": "Hello" }),
        json!({ "type": "response.completed", "response": done }),
    ];
    let text = |event: &Value| {
        format!(
            "event: {}\ndata: {event}\n\n",
            event["type"].as_str().unwrap()
        )
    };
    Answer::Stream(events.iter().map(|event| Step::Data(text(event))).collect())
}

#[tokio::test]
async fn an_answer_comes_as_messages() {
    let double = Double::new([stream("resp_1")]);
    let mut client = Client::open(gateway(&double)).await;
    assert!(client.head.starts_with("HTTP/1.1 101 "), "{}", client.head);
    assert!(client.head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert!(!client.head.contains("sec-websocket-extensions"));
    client.say(&create("gpt", json!("hi"))).await;
    let events = client.answer().await;
    assert_eq!(events.len(), 3);
    assert_eq!(events[1]["delta"], "Hello");
    let seen = &double.seen()[0];
    assert_eq!(seen.headers["authorization"], "Bearer sk-operator");
    assert!(!seen.headers.contains_key("sec-websocket-key"));
    let body = seen.json();
    assert_eq!(
        (&body["model"], &body["stream"]),
        (&json!("gpt-4o-mini"), &json!(true))
    );
    assert!(body.get("type").is_none());
}

#[tokio::test]
async fn a_provider_without_the_api_answers_as_well() {
    let double = Double::new([Answer::frames(&MESSAGES_STREAM)]);
    let mut client = Client::open(gateway(&double)).await;
    client.say(&create("claude", json!("hi"))).await;
    let events = client.answer().await;
    let last = &events[events.len() - 1];
    assert_eq!(last["response"]["status"], "completed");
    assert_eq!(
        double.seen()[0].uri,
        "https://api.anthropic.com/v1/messages"
    );
}

#[tokio::test]
async fn what_nobody_stores_is_continued_by_the_connection() {
    let double = Double::new([stream("resp_1"), stream("resp_2")]);
    let mut client = Client::open(gateway(&double)).await;
    let mut warm = create("gpt", json!([{ "role": "user", "content": "first" }]));
    warm["generate"] = json!(false);
    client.say(&warm).await;
    let id = client.answer().await[1]["response"]["id"].clone();
    for (id, said) in [(id, "second"), (json!("resp_1"), "third")] {
        let mut next = create("gpt", json!([{ "role": "user", "content": said }]));
        next["previous_response_id"] = id;
        client.say(&next).await;
        client.answer().await;
    }
    let seen = double.seen();
    let said = |turn: usize| -> Vec<Value> {
        let body = seen[turn].json();
        assert!(body.get("previous_response_id").is_none() && body.get("generate").is_none());
        let input = body["input"].as_array().unwrap().clone();
        input
            .into_iter()
            .map(|item| item["content"].clone())
            .collect()
    };
    assert_eq!(said(0), ["first", "second"]);
    assert_eq!(said(1)[..2], ["first", "second"]);
    assert_eq!(said(1)[2][0]["text"], "Hello");
    assert_eq!(said(1)[3], "third");
}

#[tokio::test]
async fn a_refusal_is_an_event_and_the_connection_goes_on() {
    let refusal =
        r#"{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}"#;
    let double = Double::new([Answer::json(429, refusal), stream("resp_1")]);
    let mut client = Client::open(gateway(&double)).await;
    for (said, status, code) in [
        (create("gpt", json!("hi")), 429, "rate_limit_exceeded"),
        (create("nothing", json!("hi")), 404, "model_not_found"),
        (
            json!({ "type": "session.update" }),
            400,
            "unknown_event_type",
        ),
    ] {
        client.say(&said).await;
        let error = client.event().await;
        assert_eq!(
            (&error["type"], &error["status"]),
            (&json!("error"), &json!(status)),
            "{error}"
        );
        assert_eq!(error["error"]["code"], code, "{error}");
    }
    client.say(&create("gpt", json!("hi"))).await;
    assert_eq!(client.answer().await.len(), 3);
}

#[tokio::test]
async fn rights_hold_for_the_model_of_each_message() {
    let double = Double::new([stream("resp_1")]);
    let router = Router::new()
        .fallback_service(gateway(&double))
        .layer(from_fn(
            |mut request: Request, next: axum::middleware::Next| {
                let mut claims = serde_json::Map::new();
                claims.insert("models".to_owned(), json!(["gpt"]));
                request
                    .extensions_mut()
                    .insert(Identity::new(IdentityKind::Jwt, "idp", "u").with_claims(claims));
                next.run(request)
            },
        ));
    let mut client = Client::with(router, HANDSHAKE).await;
    client.say(&create("claude", json!("hi"))).await;
    assert_eq!(client.event().await["status"], 404);
    client.say(&create("gpt", json!("hi"))).await;
    assert_eq!(client.answer().await.len(), 3);
}

#[tokio::test]
async fn all_turns_are_counted_when_it_ends() {
    let double = Double::new([stream("resp_1"), stream("resp_2")]);
    let outcome = Outcome::new();
    let (ended, end) = oneshot::channel();
    let ended = std::sync::Arc::new(std::sync::Mutex::new(Some(ended)));
    let seen = outcome.clone();
    let router = Router::new()
        .fallback_service(gateway(&double))
        .layer(from_fn(
            move |mut request: Request, next: axum::middleware::Next| {
                request.extensions_mut().insert(outcome.clone());
                let ended = std::sync::Arc::clone(&ended);
                async move {
                    let response = next.run(request).await;
                    let end = response.extensions().get::<gateway_core::TunnelEnd>();
                    let ended = ended.lock().unwrap().take().unwrap();
                    end.unwrap().on_end(move |bytes| _ = ended.send(bytes));
                    response
                }
            },
        ));
    let mut client = Client::with(router, HANDSHAKE).await;
    for _ in 0..2 {
        client.say(&create("gpt", json!("hi"))).await;
        client.answer().await;
    }
    let bye = Message::Close(Some(Close::new(1000, "")));
    client.send(&bye).await;
    assert_eq!(client.next().await, Some(bye));
    assert_eq!(client.next().await, None);
    let bytes = end.await.unwrap();
    assert!(bytes.received > 100 && bytes.sent > 100);
    let record = seen.take();
    let usage = record.usage.unwrap();
    assert_eq!((usage.input, usage.output), (Some(18), Some(4)));
    assert!(usage.cost_micro_usd.is_some());
    assert_eq!(record.model.as_deref(), Some("openai/gpt-4o-mini"));
}

#[tokio::test]
async fn who_leaves_cancels_the_answer() {
    let double = Double::new([Answer::Stream(vec![
        Step::Data(
            "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\n".to_owned(),
        ),
        Step::Data(
            "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n".to_owned(),
        ),
        Step::Hang,
    ])]);
    let mut client = Client::open(gateway(&double)).await;
    client.say(&create("gpt", json!("hi"))).await;
    client.event().await;
    // In the middle of an answer it is still heard.
    let ping = bytes::Bytes::from_static(b"there?");
    client.event().await;
    client.send(&Message::Ping(ping.clone())).await;
    assert_eq!(client.next().await, Some(Message::Pong(ping)));
    drop(client);
    while !double.is_dropped() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_breaks_the_protocol_is_told_and_left() {
    let ai = models(&Double::new([]))
        .service()
        .unwrap()
        .request_limit(100);
    for (message, code) in [
        (Message::Binary(vec![1].into()), 1003),
        (Message::Text(vec![b'a'; 101].into()), 1009),
    ] {
        let mut client = Client::open(ai.clone()).await;
        client.send(&message).await;
        let Some(Message::Close(Some(close))) = client.next().await else {
            panic!("not closed");
        };
        assert_eq!(close.code, code);
        assert_eq!(client.next().await, None);
    }
}

#[tokio::test]
async fn without_a_handshake_there_is_none() {
    for (handshake, status) in [
        (
            "GET /v1/responses HTTP/1.1\r\nhost: g\r\n\r\n".to_owned(),
            "405",
        ),
        (HANDSHAKE.replace("version: 13", "version: 8"), "426"),
    ] {
        let router = Router::new().fallback_service(gateway(&Double::new([])));
        let client = Client::with(router, &handshake).await;
        let line = client.head.lines().next().unwrap();
        assert!(line.contains(status), "{line}");
    }
}

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
