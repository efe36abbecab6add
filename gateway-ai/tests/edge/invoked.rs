//! Models in their makers' words on the clouds that serve them: Claude on Bedrock, counts and
//! vectors on Bedrock and Vertex AI.

use base64::{Engine, engine::general_purpose::STANDARD};
use gateway_ai::{
    auth::{AwsCredentials, GoogleAccount},
    edge::AiService,
    models::target,
    providers::{Provider, table},
};
use serde_json::{Value, json as value};

use crate::{
    converse::{event, frame},
    support::{
        Answer, CHAT, Double, MESSAGES, MESSAGES_REPLY, MESSAGES_STREAM, Step, ask, chat_request,
        header, json, messages_request, models, post, text,
    },
};

const CLAUDE: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const COUNT: &str = "/v1/messages/count_tokens";
const BEDROCK: &str = "https://bedrock-runtime.us-east-1.amazonaws.com/model";
const VERTEX: &str = "https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/l";

fn bedrock(double: &Double) -> AiService {
    let account = AwsCredentials::new("us-east-1", "AKIDEXAMPLE", "secret");
    let bedrock = Provider::builder("bedrock", table::find("bedrock").unwrap());
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2";
    models(double)
        .provider("bedrock", bedrock.credentials(account))
        .alias("sonnet", [target(format!("bedrock/us.{CLAUDE}"))])
        .alias("hidden", [target(format!("bedrock/{arn}"))])
        .alias("nova", [target("bedrock/us.amazon.nova-lite-v1:0")])
        .service()
        .unwrap()
}

fn vertex(double: &Double) -> AiService {
    let user =
        r#"{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}"#;
    let account = GoogleAccount::from_json(user).unwrap();
    let vertex = Provider::builder("vertex", table::find("vertex").unwrap());
    models(double)
        .provider("vertex", vertex.base_url(VERTEX).credentials(account))
        .alias("sonnet", [target("vertex/claude-sonnet-4-5@20250929")])
        .alias("flash", [target("vertex/gemini-2.5-flash")])
        .alias("vectors", [target("vertex/text-embedding-005")])
        .alias("newer", [target("vertex/gemini-embedding-2")])
        .service()
        .unwrap()
}

fn token() -> Answer {
    Answer::json(200, r#"{"access_token":"ya29","expires_in":3600}"#)
}

/// What Anthropic would stream, in Amazon's frames and in pieces that end nowhere near them.
fn framed(more: &[Vec<u8>]) -> Answer {
    let mut bytes: Vec<u8> = MESSAGES_STREAM
        .iter()
        .map(|event| event.split_once("data: ").unwrap().1.trim())
        .flat_map(|data| {
            event(
                "chunk",
                &value!({ "bytes": STANDARD.encode(data), "p": "abc" }),
            )
        })
        .collect();
    if !more.is_empty() {
        bytes.truncate(bytes.len() / 2);
        let data = MESSAGES_STREAM[0].split_once("data: ").unwrap().1.trim();
        bytes = event("chunk", &value!({ "bytes": STANDARD.encode(data) }));
        bytes.extend(more.concat());
    }
    let pieces = bytes.chunks(67).map(|piece| Step::Bytes(piece.to_vec()));
    Answer::Stream(pieces.collect())
}

#[tokio::test]
async fn claude_is_asked_and_answers_in_its_own_words() {
    let double = Double::new([Answer::json(200, MESSAGES_REPLY), framed(&[])]);
    let ai = bedrock(&double);
    let body = r#"{ "model" : "sonnet", "max_tokens": 9, "x": [1.0],"messages":[{"role":"user","content":"hi"}]}"#;
    let mut request = post(MESSAGES, body);
    let headers = request.headers_mut();
    headers.insert("anthropic-beta", "context-1m-2025-08-07".parse().unwrap());
    headers.insert("anthropic-version", "2023-06-01".parse().unwrap());
    let response = ask(ai.clone(), request).await;
    assert_eq!(header(&response, "x-gateway-lossy"), "");
    assert_eq!(text(response).await, MESSAGES_REPLY);
    let response = ask(ai, post(MESSAGES, messages_request("sonnet", true))).await;
    let usage = text(response).await;
    assert_eq!(
        usage.replace("event: ping\ndata: {\"type\": \"ping\"}", ""),
        MESSAGES_STREAM
            .concat()
            .replace("event: ping\ndata: {\"type\": \"ping\"}", "")
    );
    let seen = double.seen();
    let model = format!("us.{CLAUDE}").replace(':', "%3A");
    assert_eq!(seen[0].uri, format!("{BEDROCK}/{model}/invoke"));
    assert_eq!(
        seen[0].body,
        r#"{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["context-1m-2025-08-07"],"max_tokens":9,"x":[1.0],"messages":[{"role":"user","content":"hi"}]}"#
    );
    assert!(!seen[0].headers.contains_key("anthropic-beta"));
    assert!(!seen[0].headers.contains_key("anthropic-version"));
    assert!(seen[0].headers.contains_key("x-amz-date"));
    assert_eq!(
        seen[1].uri,
        format!("{BEDROCK}/{model}/invoke-with-response-stream")
    );
    assert_eq!(
        seen[1].headers["accept"],
        "application/vnd.amazon.eventstream"
    );
    assert_eq!(seen[1].json().get("stream"), None);
}

#[tokio::test]
async fn what_is_hidden_or_asked_in_other_words_is_conversed_with() {
    let reply = r#"{"output":{"message":{"content":[{"text":"Hello there"}],"role":"assistant"}},"stopReason":"end_turn","usage":{"inputTokens":9,"outputTokens":2,"totalTokens":11}}"#;
    let double = Double::new((0..2).map(|_| Answer::json(200, reply)));
    let ai = bedrock(&double);
    ask(
        ai.clone(),
        post(MESSAGES, messages_request("hidden", false)),
    )
    .await;
    let hello = ask(ai, post(CHAT, chat_request("sonnet", false))).await;
    assert!(text(hello).await.contains("Hello there"));
    for seen in double.seen() {
        assert!(seen.uri.ends_with("/converse"), "{}", seen.uri);
    }
}

#[tokio::test]
async fn bedrocks_refusals_are_told_in_the_clients_words() {
    let refused = r#"{"message":"max_tokens: field required"}"#;
    let slow = frame(
        "exception",
        "throttlingException",
        &value!({ "message": "slow" }),
    );
    let double = Double::new([
        Answer::Whole(
            400,
            &[
                ("content-type", "application/json"),
                (
                    "x-amzn-errortype",
                    "ValidationException:http://internal.amazon.com/",
                ),
            ],
            refused.to_owned(),
        ),
        framed(&[slow]),
        framed(&[event("chunk", &value!({ "bytes": "!" }))]),
    ]);
    let ai = bedrock(&double);
    let response = ask(
        ai.clone(),
        post(MESSAGES, messages_request("sonnet", false)),
    )
    .await;
    assert_eq!(response.status(), 400);
    let error = json(response).await;
    assert_eq!(error["type"], "error");
    assert_eq!(error["error"]["type"], "invalid_request_error");
    for _ in 0..2 {
        let response = ask(ai.clone(), post(MESSAGES, messages_request("sonnet", true))).await;
        let said = text(response).await;
        assert!(said.contains("\"type\":\"error\""), "{said}");
        assert!(!said.contains("message_stop"), "{said}");
    }
}

#[tokio::test]
async fn bedrock_counts_what_claude_would_read() {
    let double = Double::new((0..2).map(|_| Answer::json(200, r#"{"inputTokens":14}"#)));
    let ai = bedrock(&double);
    let body = r#"{"model":"sonnet","messages":[{"role":"user","content":"hi"}]}"#;
    let response = ask(ai.clone(), post(COUNT, body)).await;
    assert_eq!(text(response).await, r#"{"input_tokens":14}"#);
    let gemini = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;
    let response = ask(
        ai.clone(),
        post("/v1beta/models/sonnet:countTokens", gemini),
    )
    .await;
    assert_eq!(text(response).await, r#"{"totalTokens":14}"#);
    let seen = double.seen();
    for seen in &seen {
        let model = CLAUDE.replace(':', "%3A");
        assert_eq!(seen.uri, format!("{BEDROCK}/{model}/count-tokens"));
    }
    let call = seen[0].json()["input"]["invokeModel"]["body"].clone();
    let call = STANDARD.decode(call.as_str().unwrap()).unwrap();
    let call: Value = serde_json::from_slice(&call).unwrap();
    assert_eq!(call["messages"][0]["content"], "hi");
    assert_eq!(call["max_tokens"], 1);
    assert_eq!(
        seen[1].json(),
        value!({ "input": { "converse": { "messages": [{ "role": "user", "content": [{ "text": "hi" }] }] } } })
    );
    // Nobody counts for the others.
    let estimated = ask(ai, post(COUNT, messages_request("nova", false))).await;
    assert_eq!(
        header(&estimated, "x-gateway-lossy"),
        "input_tokens.estimated"
    );
}

#[tokio::test]
async fn vertex_counts_for_either_family() {
    let double = Double::new([
        token(),
        Answer::json(200, r#"{"input_tokens":14}"#),
        Answer::json(200, r#"{"totalTokens":15,"totalBillableCharacters":2}"#),
        Answer::json(200, r#"{"totalTokens":16}"#),
    ]);
    let ai = vertex(&double);
    let body = r#"{"model":"sonnet","messages":[{"role":"user","content":"hi"}]}"#;
    let response = ask(ai.clone(), post(COUNT, body)).await;
    assert_eq!(text(response).await, r#"{"input_tokens":14}"#);
    let gemini = r#"{"generateContentRequest":{"model":"models/flash","contents":[{"role":"user","parts":[{"text":"hi"}]}]}}"#;
    let response = ask(ai.clone(), post("/v1beta/models/flash:countTokens", gemini)).await;
    assert_eq!(json(response).await["totalTokens"], 15);
    let response = ask(ai, post(COUNT, messages_request("flash", false))).await;
    assert_eq!(text(response).await, r#"{"input_tokens":16}"#);
    let seen = double.seen();
    assert_eq!(
        seen[1].uri,
        format!("{VERTEX}/publishers/anthropic/models/count-tokens:rawPredict")
    );
    assert_eq!(seen[1].json()["model"], "claude-sonnet-4-5@20250929");
    assert_eq!(seen[1].json()["anthropic_version"], "vertex-2023-10-16");
    for seen in &seen[2..] {
        assert_eq!(
            seen.uri,
            format!("{VERTEX}/publishers/google/models/gemini-2.5-flash:countTokens")
        );
        assert_eq!(seen.json()["contents"][0]["parts"][0]["text"], "hi");
        assert_eq!(seen.json().get("model"), None);
    }
}

#[tokio::test]
async fn vertex_embeds_for_any_client() {
    let predicted = r#"{"predictions":[{"embeddings":{"values":[0.5,1],"statistics":{"token_count":2.0,"truncated":false}}},{"embeddings":{"values":[0.25,2],"statistics":{"token_count":3.0,"truncated":false}}}]}"#;
    let double = Double::new([
        token(),
        Answer::json(200, predicted),
        Answer::json(200, predicted),
        Answer::json(
            200,
            r#"{"embedding":{"values":[0.125]},"truncated":false,"usageMetadata":{"promptTokenCount":4}}"#,
        ),
    ]);
    let ai = vertex(&double);
    let body = r#"{"model":"vectors","input":["a","b"],"dimensions":2}"#;
    let reply = json(ask(ai.clone(), post("/v1/embeddings", body)).await).await;
    assert_eq!(reply["data"][1]["embedding"], value!([0.25, 2]));
    assert_eq!(reply["usage"]["prompt_tokens"], 5);
    let gemini = r#"{"content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY"}"#;
    let path = "/v1beta/models/vectors:embedContent";
    let reply = json(ask(ai.clone(), post(path, gemini)).await).await;
    assert_eq!(reply["embedding"]["values"], value!([0.5, 1]));
    let body = r#"{"model":"newer","input":"a","dimensions":1}"#;
    let reply = json(ask(ai.clone(), post("/v1/embeddings", body)).await).await;
    assert_eq!(reply["data"][0]["embedding"], value!([0.125]));
    assert_eq!(reply["usage"]["prompt_tokens"], 4);
    let seen = double.seen();
    let predict = format!("{VERTEX}/publishers/google/models/text-embedding-005:predict");
    assert_eq!((&seen[1].uri, &seen[2].uri), (&predict, &predict));
    assert_eq!(
        seen[1].json(),
        value!({ "instances": [{ "content": "a" }, { "content": "b" }], "parameters": { "outputDimensionality": 2 } })
    );
    assert_eq!(
        seen[2].json(),
        value!({ "instances": [{ "content": "a", "task_type": "RETRIEVAL_QUERY" }] })
    );
    assert_eq!(
        seen[3].uri,
        format!("{VERTEX}/publishers/google/models/gemini-embedding-2:embedContent")
    );
    assert_eq!(
        seen[3].json(),
        value!({ "content": { "parts": [{ "text": "a" }] }, "outputDimensionality": 1 })
    );
    let two = r#"{"model":"newer","input":["a","b"]}"#;
    let response = ask(ai, post("/v1/embeddings", two)).await;
    assert_eq!(response.status(), 400);
}
