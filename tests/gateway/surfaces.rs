//! What is not a conversation, across dialects: counts, vectors, streams as arrays.

use gateway::doubles::{Serving, model, spawn};
use gateway_tests::{ConfigFile, Gateway, post};
use serde_json::Value;

use crate::models;

async fn start() -> (Gateway, ConfigFile, Serving) {
    let provider = spawn(model::ModelServer::new().router())
        .await
        .expect("a port");
    let url = provider.url();
    let (gateway, file) = models(&format!(
        "
      providers:
        openai: {{ base_url: \"{url}/v1\", keys: [\"${{env:PATH}}\"] }}
        gemini: {{ base_url: \"{url}/v1beta\", keys: [\"${{env:PATH}}\"] }}
      models: {{ chat: openai/mock-small, flash: gemini/mock-small }}
"
    ))
    .await;
    (gateway, file, provider)
}

async fn ask(gateway: &Gateway, path: &str, body: &str) -> Value {
    let answer = post(gateway.address, path, body).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    serde_json::from_str(&answer.body).expect("JSON")
}

#[tokio::test]
async fn vectors_are_the_same_through_either_dialect() {
    let (gateway, _file, _provider) = start().await;
    let openai = |model: &str| format!(r#"{{"model":"{model}","input":["hi"],"dimensions":8}}"#);
    let gemini = r#"{"content":{"parts":[{"text":"hi"}]},"outputDimensionality":8}"#;
    let vector =
        ask(&gateway, "/v1/embeddings", &openai("chat")).await["data"][0]["embedding"].clone();
    assert_eq!(vector.as_array().map(Vec::len), Some(8));
    let across = ask(&gateway, "/v1/embeddings", &openai("flash")).await;
    assert_eq!(across["data"][0]["embedding"], vector);
    for model in ["flash", "chat"] {
        let path = format!("/v1beta/models/{model}:embedContent?key=AIza-client");
        assert_eq!(
            ask(&gateway, &path, gemini).await["embedding"]["values"],
            vector
        );
    }
}

#[tokio::test]
async fn geminis_clients_count_and_stream_without_events() {
    let (gateway, _file, _provider) = start().await;
    let body = r#"{"contents":[{"role":"user","parts":[{"text":"Tell me a story."}]}]}"#;
    for model in ["flash", "chat"] {
        let counted = ask(
            &gateway,
            &format!("/v1beta/models/{model}:countTokens"),
            body,
        )
        .await;
        assert!(counted["totalTokens"].as_u64() > Some(0), "{counted}");

        let path = format!("/v1beta/models/{model}:streamGenerateContent");
        let answer = post(gateway.address, &path, body).await;
        assert!(
            answer
                .header("content-type")
                .is_some_and(|media| media.starts_with("application/json"))
        );
        assert!(
            answer.body.contains("\"finishReason\":\"STOP\""),
            "{}",
            answer.body
        );
        assert!(!answer.body.contains("data: "), "{}", answer.body);
    }
}
