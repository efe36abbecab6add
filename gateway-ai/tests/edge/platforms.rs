//! Platforms that imitate a dialect under paths of their own.

use gateway_ai::{
    edge::AiService,
    models::target,
    providers::{Provider, ProviderBuilder, table},
};
use serde_json::json as value;

use crate::support::{
    Answer, CHAT, CHAT_REPLY, CHAT_STREAM, Double, MESSAGES, ask, chat_request, header, json,
    messages_request, models, post, text,
};

fn of(
    double: &Double,
    kind: &str,
    set: impl FnOnce(ProviderBuilder) -> ProviderBuilder,
) -> AiService {
    let builder = Provider::builder(kind, table::find(kind).unwrap()).key("operators");
    models(double)
        .provider(kind, set(builder))
        .alias("smart", [target(format!("{kind}/smart-one"))])
        .alias("vectors", [target(format!("{kind}/embed-one"))])
        .service()
        .unwrap()
}

#[tokio::test]
async fn azures_deployments_are_called_by_name_and_version() {
    let double = Double::new([
        Answer::json(200, CHAT_REPLY),
        Answer::json(200, CHAT_REPLY),
        Answer::frames(&CHAT_STREAM),
        Answer::json(
            200,
            r#"{"object":"list","data":[],"usage":{"prompt_tokens":3}}"#,
        ),
    ]);
    let ai = of(&double, "azure", |builder| {
        builder
            .variable("resource", "mine")
            .api_version("2024-10-21")
    });
    let same = ask(ai.clone(), post(CHAT, chat_request("smart", false))).await;
    assert_eq!(text(same).await, CHAT_REPLY);
    ask(ai.clone(), post(MESSAGES, messages_request("smart", false))).await;
    text(ask(ai.clone(), post(CHAT, chat_request("smart", true))).await).await;
    let body = r#"{"model":"vectors","input":"a"}"#;
    ask(ai.clone(), post("/v1/embeddings", body)).await;
    let seen = double.seen();
    let base = "https://mine.openai.azure.com/openai/deployments";
    for seen in &seen[..3] {
        assert_eq!(
            seen.uri,
            format!("{base}/smart-one/chat/completions?api-version=2024-10-21")
        );
        assert_eq!(seen.headers["api-key"], "operators");
    }
    assert_eq!(
        seen[3].uri,
        format!("{base}/embed-one/embeddings?api-version=2024-10-21")
    );
    let none = r#"{"model":"smart","input":"a"}"#;
    let response = ask(ai, post("/v1/moderations", none)).await;
    assert_eq!(response.status(), 400);
}

fn watsonx(double: &Double) -> AiService {
    of(double, "watsonx", |builder| {
        builder.variable("region", "eu-de").project("p-1")
    })
}

#[tokio::test]
async fn watsonx_is_called_with_a_token_its_key_was_exchanged_for() {
    let double = Double::new([
        Answer::json(
            200,
            r#"{"access_token":"iam","expires_in":3600,"expiration":1}"#,
        ),
        Answer::json(200, CHAT_REPLY),
        Answer::frames(&CHAT_STREAM),
        Answer::json(200, CHAT_REPLY),
    ]);
    let ai = watsonx(&double);
    let body =
        r#"{"model":"smart","messages":[{"role":"user","content":"hi"}],"tool_choice":"auto"}"#;
    let same = ask(ai.clone(), post(CHAT, body)).await;
    assert_eq!(text(same).await, CHAT_REPLY);
    let stream = text(ask(ai.clone(), post(CHAT, chat_request("smart", true))).await).await;
    assert!(
        stream.contains("there") && stream.ends_with("data: [DONE]\n\n"),
        "{stream}"
    );
    let across = ask(ai, post(MESSAGES, messages_request("smart", false))).await;
    assert_eq!(json(across).await["content"][0]["text"], "Hello there");

    let seen = double.seen();
    assert_eq!(seen[0].uri, "https://iam.cloud.ibm.com/identity/token");
    assert_eq!(
        seen[0].body,
        "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=operators"
    );
    let base = "https://eu-de.ml.cloud.ibm.com/ml/v1/text";
    assert_eq!(seen[1].uri, format!("{base}/chat?version=2025-02-11"));
    assert_eq!(
        seen[1].json(),
        value!({
            "project_id": "p-1", "model_id": "smart-one", "tool_choice_option": "auto",
            "messages": [{ "role": "user", "content": "hi" }],
        })
    );
    assert_eq!(
        seen[2].uri,
        format!("{base}/chat_stream?version=2025-02-11")
    );
    assert_eq!(seen[2].json().get("stream"), None);
    for seen in &seen[1..] {
        assert_eq!(seen.headers["authorization"], "Bearer iam");
        assert_eq!(seen.json()["model_id"], "smart-one");
    }
}

#[tokio::test]
async fn watsonx_embeds() {
    let double = Double::new([
        Answer::json(200, r#"{"access_token":"iam","expires_in":3600}"#),
        Answer::json(
            200,
            r#"{"model_id":"m","results":[{"embedding":[0.5,1]}],"input_token_count":7}"#,
        ),
    ]);
    let body = r#"{"model":"vectors","input":"a","dimensions":2}"#;
    let response = ask(watsonx(&double), post("/v1/embeddings", body)).await;
    assert_eq!(header(&response, "x-gateway-lossy"), "dimensions");
    let reply = json(response).await;
    assert_eq!(reply["data"][0]["embedding"], value!([0.5, 1]));
    assert_eq!(reply["usage"]["prompt_tokens"], 7);
    let seen = &double.seen()[1];
    assert_eq!(
        seen.uri,
        "https://eu-de.ml.cloud.ibm.com/ml/v1/text/embeddings?version=2025-02-11"
    );
    assert_eq!(
        seen.json(),
        value!({ "project_id": "p-1", "model_id": "embed-one", "inputs": ["a"] })
    );
}

#[tokio::test]
async fn cohere_converses_embeds_and_reranks() {
    let double = Double::new([
        Answer::json(200, CHAT_REPLY),
        Answer::json(
            200,
            r#"{"object":"list","data":[],"usage":{"prompt_tokens":3}}"#,
        ),
        Answer::json(
            200,
            r#"{"results":[{"index":0,"relevance_score":0.9}],"meta":{}}"#,
        ),
    ]);
    let ai = of(&double, "cohere", |builder| builder);
    let body = r#"{"model":"smart","system":"s","max_tokens":9,"metadata":{"user_id":"u"},"messages":[{"role":"user","content":"hi"}]}"#;
    ask(ai.clone(), post(MESSAGES, body)).await;
    let body = r#"{"model":"vectors","input":["a"]}"#;
    ask(ai.clone(), post("/v1/embeddings", body)).await;
    let body = r#"{"model":"vectors","query":"q","documents":["a","b"],"top_n":1}"#;
    let response = ask(ai, post("/v1/rerank", body)).await;
    assert_eq!(json(response).await["results"][0]["index"], 0);
    let seen = double.seen();
    let places: Vec<&str> = seen.iter().map(|seen| &*seen.uri).collect();
    assert_eq!(
        places,
        [
            "https://api.cohere.ai/compatibility/v1/chat/completions",
            "https://api.cohere.ai/compatibility/v1/embeddings",
            "https://api.cohere.ai/v2/rerank",
        ]
    );
    assert_eq!(seen[2].json()["model"], "embed-one");
    assert_eq!(seen[2].headers["authorization"], "Bearer operators");
}
