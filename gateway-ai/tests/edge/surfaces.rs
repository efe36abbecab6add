//! What is not a conversation: lists, counts, embeddings and what else passes.

use gateway_core::{Body, Usage};

use crate::support::{
    Answer, Double, ask, gateway, header, json, messages_request, models, post, text,
};

fn get(path: &str) -> gateway_core::Request {
    http::Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn models_are_listed_in_the_callers_dialect() {
    let ai = gateway(&Double::default());
    let list = json(ask(ai.clone(), get("/v1/models")).await).await;
    assert_eq!(list["object"], "list");
    let names: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["id"].clone())
        .collect();
    assert_eq!(
        names,
        [
            "claude",
            "fast",
            "gpt",
            "anthropic/claude-haiku-4-5",
            "openai/gpt-4o-mini"
        ]
    );
    assert_eq!(list["data"][4]["owned_by"], "openai");

    let mut request = get("/v1/models");
    request
        .headers_mut()
        .insert("anthropic-version", "2023-06-01".parse().unwrap());
    let list = json(ask(ai.clone(), request).await).await;
    assert_eq!(
        (&list["first_id"], &list["has_more"]),
        (&"claude".into(), &false.into())
    );
    assert_eq!(list["data"][0]["type"], "model");

    let one = json(ask(ai.clone(), get("/v1/models/openai/gpt-4o-mini")).await).await;
    assert_eq!(one["id"], "openai/gpt-4o-mini");
    assert_eq!(ask(ai, get("/v1/models/none")).await.status(), 404);
}

#[tokio::test]
async fn tokens_are_counted_by_the_provider_or_estimated_and_flagged() {
    let double = Double::new([Answer::json(200, r#"{"input_tokens":14}"#)]);
    let ai = gateway(&double);
    let path = "/v1/messages/count_tokens";
    let response = ask(ai.clone(), post(path, messages_request("claude", false))).await;
    assert_eq!(header(&response, "x-gateway-lossy"), "");
    assert_eq!(text(response).await, r#"{"input_tokens":14}"#);
    assert_eq!(
        double.seen()[0].uri,
        "https://api.anthropic.com/v1/messages/count_tokens"
    );

    let response = ask(ai.clone(), post(path, messages_request("gpt", false))).await;
    assert_eq!(
        header(&response, "x-gateway-lossy"),
        "input_tokens.estimated"
    );
    assert!(json(response).await["input_tokens"].as_u64().unwrap() > 0);

    let response = ask(ai, post(path, messages_request("none", false))).await;
    assert_eq!(response.status(), 404);
}

#[tokio::test]
async fn embeddings_pass_to_a_provider_that_has_them() {
    let reply = r#"{"object":"list","data":[],"usage":{"prompt_tokens":3,"total_tokens":3}}"#;
    let double = Double::new([Answer::json(500, "{}"), Answer::json(200, reply)]);
    let ai = models(&double)
        .alias(
            "embed",
            [
                "anthropic/x",
                "openai/text-embedding-3-small",
                "openai/text-embedding-3-large",
            ]
            .map(gateway_ai::models::target),
        )
        .service()
        .unwrap();
    let body = r#"{"input": "hi",  "model":"embed"}"#;
    let response = ask(ai, post("/v1/embeddings", body)).await;
    assert_eq!(
        header(&response, "x-gateway-model"),
        "openai/text-embedding-3-large"
    );
    assert_eq!(
        header(&response, "x-gateway-attempts"),
        "2",
        "who has none is not asked"
    );
    assert_eq!(response.extensions().get::<Usage>().unwrap().input, Some(3));
    assert_eq!(text(response).await, reply);
    assert_eq!(
        double.seen()[1].body,
        body.replace("embed", "text-embedding-3-large")
    );

    let response = ask(
        gateway(&Double::default()),
        post("/v1/embeddings", r#"{"model":"claude","input":"hi"}"#),
    )
    .await;
    assert_eq!(response.status(), 400);
}

#[tokio::test]
async fn sound_passes_as_it_is() {
    let double = Double::new([Answer::Whole(
        200,
        &[("content-type", "audio/mpeg")],
        "ID3…".to_owned(),
    )]);
    let body = r#"{"model":"openai/tts-1","input":"hi","voice":"alloy"}"#;
    let response = ask(gateway(&double), post("/v1/audio/speech", body)).await;
    assert_eq!(header(&response, "content-type"), "audio/mpeg");
    assert_eq!(header(&response, "x-gateway-model"), "openai/tts-1");
    assert_eq!(text(response).await, "ID3…");
}

#[tokio::test]
async fn uploads_pass_as_they_are() {
    let double = Double::new([Answer::json(
        200,
        r#"{"text":"hi","usage":{"input_tokens":7}}"#,
    )]);
    let form = |model: &str| {
        format!(
            "--B\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF\0\r\n\
             --B\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n--B--\r\n"
        )
    };
    let upload = |model: &str| {
        let mut request = post("/v1/audio/transcriptions", form(model));
        let media = "multipart/form-data; boundary=B".parse().unwrap();
        request.headers_mut().insert("content-type", media);
        request
    };
    let response = ask(gateway(&double), upload("openai/whisper-1")).await;
    assert_eq!(header(&response, "x-gateway-model"), "openai/whisper-1");
    assert_eq!(response.extensions().get::<Usage>().unwrap().input, Some(7));
    let seen = &double.seen()[0];
    assert_eq!(seen.uri, "https://api.openai.com/v1/audio/transcriptions");
    assert_eq!(
        seen.headers["content-type"],
        "multipart/form-data; boundary=B"
    );
    assert_eq!(seen.body, form("whisper-1"));

    let response = ask(gateway(&Double::default()), upload("none")).await;
    assert_eq!(response.status(), 404);
}
