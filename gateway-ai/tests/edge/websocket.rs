//! Clients that ask for answers over a WebSocket: on real sockets, since only a server upgrades.

use axum::{Router, extract::Request, middleware::from_fn};
use gateway_ai::websocket::{Close, Message};
use gateway_core::{Identity, Outcome, context::IdentityKind};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{
    socket::{Client, HANDSHAKE},
    support::{Answer, Double, MESSAGES_STREAM, Step, gateway, models},
};

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
