//! Bedrock on either side: the model and the stream stand in the URL, streams are binary.

use gateway_ai::{
    auth::AwsCredentials,
    dialect::Dialect,
    edge::AiService,
    models::{Keys, target},
    providers::{Provider, table},
};
use gateway_core::{Request, body::collect};
use serde_json::{Value, json as value};

use crate::support::{
    Answer, CHAT, CHAT_REPLY, CHAT_STREAM, Double, MESSAGES, MESSAGES_REPLY, MESSAGES_STREAM, Step,
    ask, chat_request, header, json, messages_request, models, post, text,
};

pub(crate) const MODEL: &str = "us.amazon.nova-lite-v1:0";
const ARN: &str =
    "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0";
const REQUEST: &str = r#"{ "messages": [{"role":"user","content":[{"text":"hi"}]}] }"#;
pub(crate) const REPLY: &str = r#"{"metrics":{"latencyMs":7},"output":{"message":{"content":[{"text":"Hello there"}],"role":"assistant"}},"stopReason":"end_turn","usage":{"inputTokens":9,"outputTokens":2,"totalTokens":11}}"#;

pub(crate) fn gateway(double: &Double) -> AiService {
    let account = AwsCredentials::new("us-east-1", "AKIDEXAMPLE", "secret").session_token("token");
    let bedrock = Provider::builder("bedrock", table::find("bedrock").unwrap());
    let keys = Keys::new()
        .key("openai", "sk-operator")
        .key("anthropic", "sk-ant-operator");
    models(double)
        .keys(keys)
        .provider("bedrock", bedrock.credentials(account))
        .alias("nova", [target(format!("bedrock/{MODEL}"))])
        .alias("profile", [target(format!("bedrock/{ARN}"))])
        .alias(
            "safe",
            [
                target(format!("bedrock/{MODEL}")),
                target("openai/gpt-4o-mini"),
            ],
        )
        .service()
        .unwrap()
}

pub(crate) fn frame(kind: &str, name: &str, payload: &Value) -> Vec<u8> {
    let mut headers = Vec::new();
    for (key, value) in [
        (format!(":{kind}-type"), name),
        (":content-type".to_owned(), "application/json"),
        (":message-type".to_owned(), kind),
    ] {
        headers.push(u8::try_from(key.len()).unwrap());
        headers.extend_from_slice(key.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let payload = payload.to_string();
    let total = u32::try_from(16 + headers.len() + payload.len()).unwrap();
    let mut out = total.to_be_bytes().to_vec();
    out.extend_from_slice(&u32::try_from(headers.len()).unwrap().to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(&headers);
    out.extend_from_slice(payload.as_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out
}

pub(crate) fn event(name: &str, payload: &Value) -> Vec<u8> {
    frame("event", name, payload)
}

pub(crate) fn stream() -> Vec<Vec<u8>> {
    let delta =
        |text| value!({ "contentBlockIndex": 0, "delta": { "text": text }, "p": "abcdefg" });
    vec![
        event("messageStart", &value!({ "role": "assistant" })),
        event("contentBlockDelta", &delta("Hello")),
        event("contentBlockDelta", &delta(" there")),
        event("contentBlockStop", &value!({ "contentBlockIndex": 0 })),
        event("messageStop", &value!({ "stopReason": "end_turn" })),
        event(
            "metadata",
            &value!({ "usage": { "inputTokens": 9, "outputTokens": 2, "totalTokens": 11 },
                      "metrics": { "latencyMs": 7 } }),
        ),
    ]
}

/// The stream in pieces that end nowhere near its messages.
pub(crate) fn steps(frames: &[Vec<u8>]) -> Answer {
    let bytes = frames.concat();
    let pieces = bytes.chunks(61).map(|piece| Step::Bytes(piece.to_vec()));
    Answer::Stream(pieces.collect())
}

pub(crate) async fn bytes(response: gateway_core::Response) -> Vec<u8> {
    let body = collect(response.into_body(), 64 << 20).await.unwrap();
    body.into_parts().0.to_vec()
}

/// Event names and payloads of a stream, by a reader of its own.
pub(crate) fn messages(mut stream: &[u8]) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    while !stream.is_empty() {
        let word = |at: usize| u32::from_be_bytes(stream[at..at + 4].try_into().unwrap());
        let (total, headers) = (word(0) as usize, word(4) as usize);
        let sum = u32::from_be_bytes(stream[total - 4..total].try_into().unwrap());
        assert_eq!(crc32fast::hash(&stream[..total - 4]), sum);
        let head = String::from_utf8_lossy(&stream[12..12 + headers]).into_owned();
        let name = head.split("-type").nth(1).unwrap();
        let name = name[3..].split(':').next().unwrap();
        let name = name.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
        let payload = serde_json::from_slice(&stream[12 + headers..total - 4]).unwrap();
        out.push((name.to_owned(), payload));
        stream = &stream[total..];
    }
    out
}

pub(crate) fn converse(model: &str, stream: bool) -> Request {
    let method = if stream {
        "converse-stream"
    } else {
        "converse"
    };
    let model = model.replace('/', "%2F").replace(':', "%3A");
    post(&format!("/model/{model}/{method}"), REQUEST)
}

#[tokio::test]
async fn the_same_dialect_passes_byte_for_byte_and_signed() {
    let double = Double::new([
        Answer::json(200, REPLY),
        steps(&stream()),
        Answer::json(200, REPLY),
    ]);
    let ai = gateway(&double);
    let mut request = converse("nova", false);
    for (name, value) in [
        ("authorization", "AWS4-HMAC-SHA256 Credential=CLIENT/x"),
        ("x-amz-security-token", "client"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let response = ask(ai.clone(), request).await;
    assert_eq!(
        header(&response, "x-gateway-model"),
        format!("bedrock/{MODEL}")
    );
    let usage = response.extensions().get::<gateway_core::Usage>().unwrap();
    assert_eq!((usage.input, usage.output), (Some(9), Some(2)));
    assert_eq!(text(response).await, REPLY);

    let response = ask(ai.clone(), converse("nova", true)).await;
    let media = "application/vnd.amazon.eventstream";
    assert_eq!(header(&response, "content-type"), media);
    assert_eq!(bytes(response).await, stream().concat());
    ask(ai, converse("profile", false)).await;

    let seen = double.seen();
    let base = "https://bedrock-runtime.us-east-1.amazonaws.com/model";
    assert_eq!(
        seen[0].uri,
        format!("{base}/us.amazon.nova-lite-v1%3A0/converse")
    );
    assert_eq!(
        seen[1].uri,
        format!("{base}/us.amazon.nova-lite-v1%3A0/converse-stream")
    );
    assert_eq!(seen[1].headers["accept"], media);
    let arn = ARN.replace('/', "%2F").replace(':', "%3A");
    assert_eq!(seen[2].uri, format!("{base}/{arn}/converse"));
    for seen in seen {
        let signature = seen.headers["authorization"].to_str().unwrap();
        assert!(signature.contains("Credential=AKIDEXAMPLE/"), "{signature}");
        assert!(signature.contains("/us-east-1/bedrock/aws4_request"));
        assert_eq!(seen.headers["x-amz-security-token"], "token");
        assert_eq!(seen.body, REQUEST);
    }
}

#[tokio::test]
async fn other_clients_reach_it() {
    for (path, body) in [
        (CHAT, chat_request("nova", false)),
        (MESSAGES, messages_request("nova", false)),
    ] {
        let double = Double::new([Answer::json(200, REPLY)]);
        let response = ask(gateway(&double), post(path, body)).await;
        assert!(text(response).await.contains("Hello there"));
        let sent = double.seen()[0].json();
        assert_eq!(
            sent["messages"],
            value!([{ "role": "user", "content": [{ "text": "hi" }] }])
        );
        assert!(sent.get("model").is_none());
    }
    for (path, body, end) in [
        (CHAT, chat_request("nova", true), "data: [DONE]\n\n"),
        (
            MESSAGES,
            messages_request("nova", true),
            "{\"type\":\"message_stop\"}\n\n",
        ),
    ] {
        let double = Double::new([steps(&stream())]);
        let body = text(ask(gateway(&double), post(path, body)).await).await;
        assert!(body.contains("Hello") && body.ends_with(end), "{body}");
    }
}

#[tokio::test]
async fn its_clients_reach_others() {
    for (model, answer) in [("gpt", CHAT_REPLY), ("claude", MESSAGES_REPLY)] {
        let double = Double::new([Answer::json(200, answer)]);
        let response = ask(gateway(&double), converse(model, false)).await;
        assert_eq!(header(&response, "content-type"), "application/json");
        let reply = json(response).await;
        let message = value!({ "role": "assistant", "content": [{ "text": "Hello there" }] });
        assert_eq!(reply["output"]["message"], message);
        assert_eq!(reply["stopReason"], "end_turn");
        assert_eq!(reply["metrics"], value!({ "latencyMs": 0 }));
        assert_eq!(
            reply["usage"],
            value!({ "inputTokens": 9, "outputTokens": 2, "totalTokens": 11 })
        );
    }
    for (model, frames) in [("gpt", &CHAT_STREAM[..]), ("claude", &MESSAGES_STREAM[..])] {
        let double = Double::new([Answer::frames(frames)]);
        let response = ask(gateway(&double), converse(model, true)).await;
        let events = messages(&bytes(response).await);
        let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "messageStart",
                "contentBlockDelta",
                "contentBlockDelta",
                "contentBlockStop",
                "messageStop",
                "metadata"
            ]
        );
        assert_eq!(events[2].1["delta"]["text"], " there");
        assert_eq!(events[5].1["usage"]["outputTokens"], 2);
    }
}

#[test]
fn the_dialect_names_its_media_type() {
    assert_eq!(
        Dialect::Converse.stream_content_type(),
        "application/vnd.amazon.eventstream"
    );
}
