//! Gemini on either side: the model and the stream stand in the URL.

use serde_json::json as value;

use crate::support::{
    Answer, CHAT, CHAT_REPLY, CHAT_STREAM, Double, MESSAGES, Step, ask, chat_request, header, json,
    messages_request, models, post, text,
};

const REPLY: &str = r#"{"candidates":[{"content":{"parts":[{"text":"Hello there"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":2,"totalTokenCount":11},"modelVersion":"gemini-2.5-flash","responseId":"r1"}"#;
const STREAM: [&str; 2] = [
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hello\"}],\"role\":\"model\"},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"totalTokenCount\":9},\"modelVersion\":\"gemini-2.5-flash\",\"responseId\":\"r1\"}\r\n\r\n",
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\" there\"}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":2,\"totalTokenCount\":11},\"modelVersion\":\"gemini-2.5-flash\",\"responseId\":\"r1\"}\r\n\r\n",
];
const REQUEST: &str = r#"{ "contents": [{"role":"user","parts":[{"text":"hi"}]}] }"#;

fn gateway(double: &Double) -> gateway_ai::edge::AiService {
    let keys = gateway_ai::models::Keys::new()
        .key("gemini", "AIza-operator")
        .key("openai", "sk-operator")
        .key("anthropic", "sk-ant-operator");
    models(double)
        .keys(keys)
        .alias(
            "flash",
            [gateway_ai::models::target("gemini/gemini-2.5-flash")],
        )
        .service()
        .unwrap()
}

/// A reason to finish is no end: more may follow it, as in answers whose code was run.
#[tokio::test]
async fn a_stream_that_breaks_off_within_an_event_is_no_whole_one() {
    let data = |text: &str| Step::Data(text.to_owned());
    let path = "/v1beta/models/flash:streamGenerateContent?alt=sse";
    let begun = [
        data(STREAM[0]),
        data(STREAM[1]),
        data(&STREAM[0][..90]),
        Step::Break,
    ];
    let whole = [data(STREAM[0]), data(STREAM[1]), Step::Break];
    let double = Double::new([Answer::Stream(begun.into()), Answer::Stream(whole.into())]);
    let body = text(ask(gateway(&double), post(path, REQUEST)).await).await;
    let error = body
        .strip_prefix(&STREAM.concat())
        .expect("what came whole");
    assert!(
        error.starts_with("data: {\"error\":{\"code\":502"),
        "{error}"
    );
    let body = text(ask(gateway(&double), post(path, REQUEST)).await).await;
    assert_eq!(body, STREAM.concat());
}

#[tokio::test]
async fn the_same_dialect_passes_byte_for_byte() {
    let double = Double::new([Answer::json(200, REPLY), Answer::frames(&STREAM)]);
    let ai = gateway(&double);
    let response = ask(
        ai.clone(),
        post("/v1beta/models/flash:generateContent", REQUEST),
    )
    .await;
    assert_eq!(
        header(&response, "x-gateway-model"),
        "gemini/gemini-2.5-flash"
    );
    assert_eq!(
        response
            .extensions()
            .get::<gateway_core::Usage>()
            .unwrap()
            .output,
        Some(2)
    );
    assert_eq!(text(response).await, REPLY);

    let path = "/v1beta/models/gemini%2Fgemini-2.5-flash:streamGenerateContent?alt=sse";
    let response = ask(ai, post(path, REQUEST)).await;
    assert_eq!(text(response).await, STREAM.concat());

    let base = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash";
    let seen = double.seen();
    assert_eq!(seen[0].uri, format!("{base}:generateContent"));
    assert_eq!(seen[1].uri, format!("{base}:streamGenerateContent?alt=sse"));
    for seen in seen {
        assert_eq!(seen.headers["x-goog-api-key"], "AIza-operator");
        assert_eq!(seen.body, REQUEST);
    }
}

#[tokio::test]
async fn other_clients_reach_it_and_its_clients_reach_others() {
    for (path, body) in [
        (CHAT, chat_request("flash", false)),
        (MESSAGES, messages_request("flash", false)),
    ] {
        let double = Double::new([Answer::json(200, REPLY)]);
        let body = text(ask(gateway(&double), post(path, body)).await).await;
        assert!(body.contains("Hello there"), "{body}");
        assert_eq!(
            double.seen()[0].json()["contents"][0]["parts"][0]["text"],
            "hi"
        );
    }
    for (path, body, end) in [
        (CHAT, chat_request("flash", true), "data: [DONE]\n\n"),
        (
            MESSAGES,
            messages_request("flash", true),
            "{\"type\":\"message_stop\"}\n\n",
        ),
    ] {
        let double = Double::new([Answer::frames(&STREAM)]);
        let body = text(ask(gateway(&double), post(path, body)).await).await;
        assert!(body.contains("Hello") && body.ends_with(end), "{body}");
    }
    let double = Double::new([Answer::json(200, CHAT_REPLY), Answer::frames(&CHAT_STREAM)]);
    let ai = gateway(&double);
    let response = ask(
        ai.clone(),
        post("/v1beta/models/gpt:generateContent", REQUEST),
    )
    .await;
    let reply = json(response).await;
    assert_eq!(
        reply["candidates"][0]["content"]["parts"][0]["text"],
        "Hello there"
    );
    assert_eq!(reply["usageMetadata"]["totalTokenCount"], 11);
    let path = "/v1beta/models/gpt:streamGenerateContent?alt=sse";
    let body = text(ask(ai, post(path, REQUEST)).await).await;
    assert!(body.contains("Hello") && body.contains("STOP"), "{body}");
    assert_eq!(double.seen()[1].json()["stream"], true);
}

#[tokio::test]
async fn refusals_have_its_shape() {
    let ai = gateway(&Double::default());
    for (path, body, status) in [
        ("/v1beta/models/none:generateContent", REQUEST, 404),
        ("/v1beta/models/flash:generateContent", "[]", 400),
        ("/v1beta/models/flash:streamGenerateContent", "{", 400),
        ("/v1beta/models/none:countTokens", REQUEST, 404),
        ("/v1beta/models/flash:predict", REQUEST, 405),
        (
            "/v1beta/models/gemini%2F..%2Fx:generateContent",
            REQUEST,
            404,
        ),
    ] {
        let response = ask(ai.clone(), post(path, body)).await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(json(response).await["error"]["code"], status, "{path}");
    }
    let request = http::Request::get("/v1beta/models")
        .body(gateway_core::Body::empty())
        .unwrap();
    let list = json(ask(ai, request).await).await;
    assert_eq!(list["models"][2]["name"], value!("models/flash"), "{list}");
}

#[tokio::test]
async fn a_stream_is_an_array_unless_events_are_asked_for() {
    let expected: serde_json::Value = STREAM
        .iter()
        .map(|event| serde_json::from_str::<serde_json::Value>(&event[6..]).unwrap())
        .collect();
    for query in ["", "?alt=json", "?key=AIza-client"] {
        let double = Double::new([Answer::frames(&STREAM)]);
        let path = format!("/v1beta/models/flash:streamGenerateContent{query}");
        let response = ask(gateway(&double), post(&path, REQUEST)).await;
        assert!(header(&response, "content-type").starts_with("application/json"));
        assert_eq!(json(response).await, expected, "{query}");
        // The provider is asked for events all the same, and the client's key goes nowhere.
        let seen = &double.seen()[0];
        assert!(
            seen.uri.ends_with(":streamGenerateContent?alt=sse"),
            "{}",
            seen.uri
        );
        assert!(!format!("{seen:?}").contains("AIza-client"));
    }
    // Of another dialect's stream, too, and of one that breaks off.
    let path = "/v1beta/models/gpt:streamGenerateContent";
    let double = Double::new([
        Answer::frames(&CHAT_STREAM),
        Answer::frames(&CHAT_STREAM[..3]),
    ]);
    let ai = gateway(&double);
    let whole = json(ask(ai.clone(), post(path, REQUEST)).await).await;
    let last = whole.as_array().unwrap().last().unwrap();
    assert_eq!(last["candidates"][0]["finishReason"], "STOP", "{whole}");
    let cut = json(ask(ai, post(path, REQUEST)).await).await;
    assert!(
        cut.as_array().unwrap().last().unwrap()["error"].is_object(),
        "{cut}"
    );
}

#[tokio::test]
async fn a_provider_that_answers_with_an_array_is_understood() {
    let array = format!(
        "[{}\n,\r\n{}\n]\n",
        &STREAM[0][6..].trim(),
        &STREAM[1][6..].trim()
    );
    let double = || {
        Double::new([Answer::Whole(
            200,
            &[("content-type", "application/json; charset=UTF-8")],
            array.clone(),
        )])
    };
    let body = text(ask(gateway(&double()), post(CHAT, chat_request("flash", true))).await).await;
    assert!(body.contains("Hello") && body.contains(" there"), "{body}");
    assert!(body.ends_with("data: [DONE]\n\n"), "{body}");
    let path = "/v1beta/models/flash:streamGenerateContent?alt=sse";
    let body = text(ask(gateway(&double()), post(path, REQUEST)).await).await;
    assert_eq!(body.replace("\r", ""), STREAM.concat().replace("\r", ""));
}

#[tokio::test]
async fn the_paths_of_vertex_and_v1_are_known() {
    for path in [
        "/v1/models/flash:generateContent",
        "/v1/projects/p/locations/us-central1/publishers/google/models/flash:generateContent",
        "/v1beta1/projects/p/locations/global/publishers/google/models/flash:generateContent",
    ] {
        let double = Double::new([Answer::json(200, REPLY)]);
        assert_eq!(
            text(ask(gateway(&double), post(path, REQUEST)).await).await,
            REPLY,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_cut_is_told_and_not_before_the_fallback_was_asked() {
    let cut = || Answer::frames(&STREAM[..1]);
    let path = "/v1beta/models/flash:streamGenerateContent?alt=sse";
    let double = Double::new([cut()]);
    let body = text(ask(gateway(&double), post(path, REQUEST)).await).await;
    assert!(
        body.starts_with(STREAM[0]) && body.contains("\"error\""),
        "{body}"
    );
    assert!(!body.contains("STOP"), "{body}");

    let empty = Answer::frames(&[]);
    let double = Double::new([empty, Answer::frames(&CHAT_STREAM)]);
    let both = ["gemini/gemini-2.5-flash", "openai/gpt-4o-mini"].map(gateway_ai::models::target);
    let keys = gateway_ai::models::Keys::new()
        .key("gemini", "a")
        .key("openai", "b");
    let keys = keys.key("anthropic", "c");
    let ai = models(&double)
        .keys(keys)
        .alias("both", both)
        .service()
        .unwrap();
    let path = "/v1beta/models/both:streamGenerateContent?alt=sse";
    let response = ask(ai, post(path, REQUEST)).await;
    assert_eq!(
        header(&response, "x-gateway-fallback"),
        "gemini/gemini-2.5-flash=truncated"
    );
    assert!(text(response).await.contains("STOP"));
}
