//! Vectors and counts between dialects.

use gateway_ai::models::{Keys, target};
use gateway_core::Usage;
use serde_json::json as value;

use crate::support::{Answer, Double, ask, header, json, models, post, text};

fn gateway(double: &Double) -> gateway_ai::edge::AiService {
    let keys = Keys::new()
        .key("gemini", "AIza-operator")
        .key("openai", "sk-operator")
        .key("anthropic", "sk-ant-operator");
    models(double)
        .keys(keys)
        .alias("flash", [target("gemini/gemini-2.5-flash")])
        .alias("vectors", [target("gemini/gemini-embedding-001")])
        .alias("small", [target("openai/text-embedding-3-small")])
        .service()
        .unwrap()
}

const GEMINI: &str = "https://generativelanguage.googleapis.com/v1beta/models/";

#[tokio::test]
async fn openais_clients_get_geminis_vectors() {
    let reply = r#"{"embeddings":[{"values":[0.5,-1]},{"values":[0.25,2]}]}"#;
    let double = Double::new([Answer::json(200, reply), Answer::json(200, reply)]);
    let ai = gateway(&double);
    let body = r#"{"model":"vectors","input":["four","letters"],"dimensions":2,"user":"u"}"#;
    let response = ask(ai.clone(), post("/v1/embeddings", body)).await;
    assert_eq!(
        header(&response, "x-gateway-model"),
        "gemini/gemini-embedding-001"
    );
    assert_eq!(header(&response, "x-gateway-lossy"), "user");
    // Three tokens, estimated, at $0.15 a million.
    assert_eq!(header(&response, "x-gateway-cost-usd"), "0.000001");
    assert!(response.extensions().get::<Usage>().unwrap().estimated);
    assert_eq!(
        json(response).await,
        value!({
            "object": "list",
            "model": "gemini-embedding-001",
            "data": [
                { "object": "embedding", "index": 0, "embedding": [0.5, -1] },
                { "object": "embedding", "index": 1, "embedding": [0.25, 2] },
            ],
            "usage": { "prompt_tokens": 3, "total_tokens": 3 },
        })
    );
    let seen = &double.seen()[0];
    assert_eq!(
        seen.uri,
        format!("{GEMINI}gemini-embedding-001:batchEmbedContents")
    );
    assert_eq!(seen.headers["x-goog-api-key"], "AIza-operator");
    assert_eq!(
        seen.json()["requests"][1],
        value!({
            "model": "models/gemini-embedding-001",
            "content": { "parts": [{ "text": "letters" }] },
            "outputDimensionality": 2,
        })
    );

    let body = r#"{"model":"vectors","input":"a","encoding_format":"base64"}"#;
    let reply = json(ask(ai, post("/v1/embeddings", body)).await).await;
    assert_eq!(reply["data"][0]["embedding"], "AAAAPwAAgL8=");
}

#[tokio::test]
async fn geminis_clients_get_openais_vectors() {
    let reply = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"m","usage":{"prompt_tokens":7,"total_tokens":7}}"#;
    let double = Double::new([Answer::json(200, reply), Answer::json(200, reply)]);
    let ai = gateway(&double);
    let one = r#"{"model":"models/small","content":{"parts":[{"text":"hi"}]}}"#;
    let response = ask(ai.clone(), post("/v1beta/models/small:embedContent", one)).await;
    assert_eq!(response.extensions().get::<Usage>().unwrap().input, Some(7));
    assert_eq!(
        text(response).await,
        r#"{"embedding":{"values":[0.5]},"usageMetadata":{"promptTokenCount":7}}"#
    );
    let batch = format!(r#"{{"requests":[{one}]}}"#);
    let response = ask(ai, post("/v1beta/models/small:batchEmbedContents", batch)).await;
    assert_eq!(
        json(response).await["embeddings"][0]["values"],
        value!([0.5])
    );
    for seen in double.seen() {
        assert_eq!(seen.uri, "https://api.openai.com/v1/embeddings");
        assert_eq!(
            seen.json(),
            value!({ "model": "text-embedding-3-small", "input": ["hi"], "encoding_format": "float" })
        );
    }
}

#[tokio::test]
async fn geminis_own_pass_with_the_models_name_put_right() {
    let reply = r#"{"embedding":{"values":[0.5]},"usageMetadata":{"promptTokenCount":4}}"#;
    let double = Double::new([Answer::json(200, reply), Answer::json(200, reply)]);
    let ai = gateway(&double);
    let bare = r#"{ "content": {"parts":[{"text":"hi"}]} }"#;
    let path = "/v1beta/models/vectors:embedContent";
    let response = ask(ai.clone(), post(path, bare)).await;
    assert_eq!(response.extensions().get::<Usage>().unwrap().input, Some(4));
    assert_eq!(text(response).await, reply);
    let named = r#"{"requests":[{"model":"models/vectors","content":{"parts":[{"text":"hi"}]}}]}"#;
    ask(
        ai,
        post(
            "/v1beta/models/vectors:batchEmbedContents?key=AIza-client",
            named,
        ),
    )
    .await;
    let seen = double.seen();
    assert_eq!(
        seen[0].uri,
        format!("{GEMINI}gemini-embedding-001:embedContent")
    );
    assert_eq!(seen[0].body, bare, "byte for byte");
    assert_eq!(
        seen[1].uri,
        format!("{GEMINI}gemini-embedding-001:batchEmbedContents")
    );
    assert_eq!(
        seen[1].json()["requests"][0]["model"],
        "models/gemini-embedding-001"
    );
}

#[tokio::test]
async fn vectors_of_what_has_none_are_refused_in_the_callers_words() {
    let ai = gateway(&Double::default());
    for (path, body, error) in [
        (
            "/v1/embeddings",
            r#"{"model":"claude","input":"a"}"#,
            "/error/type",
        ),
        (
            "/v1/embeddings",
            r#"{"model":"vectors","input":[[1,2]]}"#,
            "/error/param",
        ),
        ("/v1/embeddings", r#"{"model":"vectors"}"#, "/error/param"),
        (
            "/v1beta/models/claude:embedContent",
            r#"{"content":{"parts":[]}}"#,
            "/error/status",
        ),
        (
            "/v1beta/models/small:embedContent",
            r#"{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":""}}]}}"#,
            "/error/status",
        ),
    ] {
        let response = ask(ai.clone(), post(path, body)).await;
        assert_eq!(response.status(), 400, "{path} {body}");
        let document = json(response).await;
        assert!(
            document
                .pointer(error)
                .is_some_and(serde_json::Value::is_string),
            "{document}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_the_providers_fault() {
    let double = Double::new([Answer::json(200, "{}")]);
    let body = r#"{"model":"vectors","input":"a"}"#;
    let response = ask(gateway(&double), post("/v1/embeddings", body)).await;
    assert_eq!(response.status(), 502);
}

#[tokio::test]
async fn tokens_are_counted_across_dialects() {
    let double = Double::new([
        Answer::json(200, r#"{"totalTokens":11}"#),
        Answer::json(200, r#"{"totalTokens":12,"promptTokensDetails":[]}"#),
        Answer::json(200, r#"{"input_tokens":13}"#),
    ]);
    let ai = gateway(&double);
    let messages = r#"{"model":"flash","system":"s","messages":[{"role":"user","content":"hi"}]}"#;
    let response = ask(ai.clone(), post("/v1/messages/count_tokens", messages)).await;
    assert_eq!(text(response).await, r#"{"input_tokens":11}"#);
    let seen = double.seen()[0].json();
    assert_eq!(
        double.seen()[0].uri,
        format!("{GEMINI}gemini-2.5-flash:countTokens")
    );
    let inner = &seen["generateContentRequest"];
    assert_eq!(inner["model"], "models/gemini-2.5-flash");
    assert_eq!(inner["contents"][0]["parts"][0]["text"], "hi");
    assert_eq!(inner["systemInstruction"]["parts"][0]["text"], "s");

    let gemini = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;
    let response = ask(ai.clone(), post("/v1beta/models/flash:countTokens", gemini)).await;
    assert_eq!(
        text(response).await,
        r#"{"totalTokens":12,"promptTokensDetails":[]}"#
    );
    assert_eq!(double.seen()[1].body, gemini);

    let wrapped = format!(r#"{{"generateContentRequest":{gemini}}}"#);
    let response = ask(
        ai.clone(),
        post("/v1beta/models/claude:countTokens", wrapped.clone()),
    )
    .await;
    assert_eq!(text(response).await, r#"{"totalTokens":13}"#);
    let seen = double.seen()[2].json();
    assert_eq!(
        double.seen()[2].uri,
        "https://api.anthropic.com/v1/messages/count_tokens"
    );
    assert_eq!(seen["messages"][0]["role"], "user");
    assert!(
        seen.get("max_tokens").is_none() && seen.get("stream").is_none(),
        "{seen}"
    );

    let response = ask(ai, post("/v1beta/models/gpt:countTokens", wrapped)).await;
    assert_eq!(
        header(&response, "x-gateway-lossy"),
        "input_tokens.estimated"
    );
    assert!(json(response).await["totalTokens"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn bedrocks_models_are_invoked_in_their_makers_words() {
    use gateway_ai::providers::{Provider, table};
    let double = Double::new([
        Answer::json(200, r#"{"embedding":[0.5],"inputTextTokenCount":3}"#),
        Answer::json(200, r#"{"embeddings":{"float":[[0.5],[1]]}}"#),
    ]);
    let bedrock = Provider::builder("bedrock", table::find("bedrock").unwrap())
        .base_url("https://bedrock-runtime.us-east-1.amazonaws.com")
        .key("bedrock-api-key");
    let ai = models(&double)
        .provider("bedrock", bedrock)
        .service()
        .unwrap();
    let titan = r#"{"model":"bedrock/amazon.titan-embed-text-v2:0","input":"hi","dimensions":256}"#;
    let reply = json(ask(ai.clone(), post("/v1/embeddings", titan)).await).await;
    assert_eq!(reply["data"][0]["embedding"], value!([0.5]));
    assert_eq!(reply["usage"]["prompt_tokens"], 3);
    let cohere = r#"{"model":"bedrock/cohere.embed-english-v3","input":["a","b"]}"#;
    let reply = json(ask(ai.clone(), post("/v1/embeddings", cohere)).await).await;
    assert_eq!(reply["data"][1]["embedding"], value!([1]));
    let seen = double.seen();
    assert!(
        seen[0]
            .uri
            .ends_with("/model/amazon.titan-embed-text-v2%3A0/invoke"),
        "{}",
        seen[0].uri
    );
    assert_eq!(
        seen[0].json(),
        value!({ "inputText": "hi", "dimensions": 256 })
    );
    assert_eq!(seen[1].json()["texts"], value!(["a", "b"]));

    let two = r#"{"model":"bedrock/amazon.titan-embed-text-v2:0","input":["a","b"]}"#;
    let response = ask(ai, post("/v1/embeddings", two)).await;
    assert_eq!(response.status(), 400);
    assert_eq!(json(response).await["error"]["param"], "input");
}
