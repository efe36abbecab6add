//! Requests as agents and SDKs send them: who they are taken for, and what each depends on.

use gateway_ai::{
    edge::{AiService, StreamCost},
    models::target,
};
use gateway_core::{Outcome, Request, Response};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::support::{
    Answer, CHAT, Double, MESSAGES, MESSAGES_REPLY, ask, header, json, models, post, text,
};

fn service(double: &Double) -> AiService {
    models(double)
        .alias("sonnet", [target("anthropic/claude-sonnet-4-5")])
        .service()
        .unwrap()
}

fn request(
    path: &str,
    headers: &[(&'static str, &'static str)],
    body: impl Into<String>,
) -> Request {
    let mut request = post(path, body.into());
    for (name, value) in headers {
        let name = HeaderName::from_static(name);
        request
            .headers_mut()
            .append(name, HeaderValue::from_static(value));
    }
    request
}

/// The answer, and who it was given to.
async fn asked(ai: &AiService, mut request: Request) -> (Response, Option<&'static str>) {
    let outcome = Outcome::new();
    request.extensions_mut().insert(outcome.clone());
    let response = ask(ai.clone(), request).await;
    (response, outcome.take().client)
}

fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let all = headers.get_all(name).iter();
    all.map(|value| value.to_str().unwrap().to_owned())
        .collect()
}

const CLAUDE_CODE: [(&str, &str); 8] = [
    ("user-agent", "claude-cli/2.0.14 (external, cli)"),
    ("x-api-key", "client-key"),
    ("anthropic-version", "2023-06-01"),
    (
        "anthropic-beta",
        "claude-code-20250219,interleaved-thinking-2025-05-14,fine-grained-tool-streaming-2025-05-14",
    ),
    ("anthropic-dangerous-direct-browser-access", "true"),
    ("x-app", "cli"),
    ("x-stainless-lang", "js"),
    ("x-stainless-package-version", "0.60.0"),
];

#[tokio::test]
async fn claude_code_keeps_its_betas_and_its_megabyte() {
    let double = Double::new([
        Answer::json(200, MESSAGES_REPLY),
        Answer::json(200, r#"{"input_tokens":42}"#),
    ]);
    let ai = service(&double);
    let system = json!([{ "type": "text", "text": "x".repeat(1 << 20), "cache_control": { "type": "ephemeral" } }]);
    let body =
        json!({ "model": "anthropic/claude-sonnet-4-5", "max_tokens": 32000, "system": system,
        "metadata": { "user_id": "user_1_account__session_2" },
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": "hi" }] }] })
        .to_string();
    let (response, client) =
        asked(&ai, request("/v1/messages?beta=true", &CLAUDE_CODE, &*body)).await;
    assert_eq!(
        (response.status().as_u16(), client),
        (200, Some("claude-code"))
    );
    let sent = &double.seen()[0];
    assert_eq!(values(&sent.headers, "anthropic-beta"), [CLAUDE_CODE[3].1]);
    assert_eq!(values(&sent.headers, "anthropic-version"), ["2023-06-01"]);
    assert_eq!(values(&sent.headers, "x-api-key"), ["sk-ant-operator"]);
    // Everything but the model's name is as it was.
    let own = body.replace("anthropic/claude-sonnet-4-5", "claude-sonnet-4-5");
    assert!(sent.body == own.as_bytes());

    let count = r#"{"model":"sonnet","messages":[{"role":"user","content":"hi"}]}"#;
    let path = "/v1/messages/count_tokens?beta=true";
    let (response, _) = asked(&ai, request(path, &CLAUDE_CODE, count)).await;
    assert_eq!(json(response).await["input_tokens"], 42);

    let mut list = request("/v1/models", &CLAUDE_CODE, "");
    *list.method_mut() = http::Method::GET;
    let list = json(ask(ai, list).await).await;
    let first: &Value = &list["data"][0];
    assert_eq!(first["type"], "model", "{list}");
    assert!(list.get("has_more").is_some(), "{list}");
}

const CODEX: [(&str, &str); 4] = [
    (
        "user-agent",
        "codex_cli_rs/0.46.0 (Ubuntu 24.4.0; x86_64) xterm-256color",
    ),
    ("originator", "codex_cli_rs"),
    ("authorization", "Bearer client-key"),
    ("accept", "text/event-stream"),
];

#[tokio::test]
async fn codex_reaches_a_model_that_speaks_no_responses() {
    let double = Double::new([Answer::json(200, MESSAGES_REPLY)]);
    let ai = service(&double);
    let body = json!({ "model": "sonnet", "instructions": "You are Codex.", "stream": true, "store": false,
        "input": [{ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "hi" }] }],
        "tools": [{ "type": "function", "name": "shell", "strict": false, "parameters": { "type": "object" } }],
        "tool_choice": "auto", "parallel_tool_calls": false, "reasoning": { "effort": "medium", "summary": "auto" },
        "include": ["reasoning.encrypted_content"], "prompt_cache_key": "0199a213" });
    let (response, client) = asked(&ai, request("/v1/responses", &CODEX, body.to_string())).await;
    assert_eq!((response.status().as_u16(), client), (200, Some("codex")));
    let events = text(response).await;
    assert!(events.contains("event: response.completed"), "{events}");
    let sent = double.seen()[0].json();
    assert_eq!(sent["tools"][0]["name"], "shell");
}

const GEMINI_CLI: [(&str, &str); 3] = [
    (
        "user-agent",
        "GeminiCLI/0.8.1/gemini-2.5-pro (linux; x64) google-genai-sdk/1.16.0 gl-node/v22.3.0",
    ),
    (
        "x-goog-api-client",
        "google-genai-sdk/1.16.0 gl-node/v22.3.0",
    ),
    ("x-goog-api-key", "client-key"),
];

/// Claude's stream, with the ping it has between events.
const STREAM: &str = concat!(
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4-5\",\"content\":[],\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n",
    "event: ping\ndata: {\"type\":\"ping\"}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
);

#[tokio::test]
async fn gemini_cli_gets_events_and_nothing_between_them() {
    let double = Double::new([
        Answer::frames(&[STREAM]),
        Answer::json(200, r#"{"input_tokens":7}"#),
    ]);
    let ai = service(&double).stream_cost(StreamCost::Always);
    let body = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;
    let path = "/v1beta/models/sonnet:streamGenerateContent?alt=sse";
    let (response, client) = asked(&ai, request(path, &GEMINI_CLI, body)).await;
    assert_eq!(client, Some("gemini-cli"));
    assert!(header(&response, "content-type").starts_with("text/event-stream"));
    let events = text(response).await;
    let filled = events.lines().filter(|line| !line.is_empty());
    assert!(filled.clone().count() > 0);
    for line in filled {
        let data = line.strip_prefix("data: ").expect(line);
        assert!(serde_json::from_str::<Value>(data).is_ok(), "{line}");
    }
    let path = "/v1beta/models/sonnet:countTokens";
    let (response, _) = asked(&ai, request(path, &GEMINI_CLI, body)).await;
    assert_eq!(json(response).await["totalTokens"], 7);
}

/// Those whose streams may have comments are told in one what the call costs, and the others not.
#[tokio::test]
async fn comments_are_for_those_who_read_them() {
    use gateway_ai::clients::{Client, Profiles};

    for (comments, found) in [(true, 1), (false, 0)] {
        let double = Double::new([Answer::frames(&[STREAM])]);
        let profiles = Profiles::default().comments(Client::LangChain, comments);
        let ai = service(&double)
            .stream_cost(StreamCost::Always)
            .profiles(profiles);
        let body =
            r#"{"model":"sonnet","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
        let agent = [(
            "user-agent",
            "langchainjs-openai/1.0.0 ((node/v22.3.0; linux; x64))",
        )];
        let (response, client) = asked(&ai, request(CHAT, &agent, body)).await;
        assert_eq!(client, Some("langchain"));
        assert_eq!(text(response).await.matches(": gateway ").count(), found);
    }
}

#[tokio::test]
async fn each_sdk_is_known_at_its_own_door() {
    let chat = r#"{"model":"sonnet","messages":[{"role":"user","content":"hi"}]}"#;
    let messages =
        r#"{"model":"sonnet","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
    let generate = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;
    let converse = r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#;
    for (path, body, agent, client) in [
        (CHAT, chat, "OpenAI/Python 2.1.0", "openai-sdk"),
        (CHAT, chat, "AsyncOpenAI/Python 2.1.0", "openai-sdk"),
        (CHAT, chat, "OpenAI/JS 6.1.0", "openai-sdk"),
        (CHAT, chat, "litellm/1.77.5", "litellm"),
        (
            CHAT,
            chat,
            "ai/5.0.60 ai-sdk/openai-compatible/1.0.20 runtime/node.js/22",
            "vercel-ai-sdk",
        ),
        (CHAT, chat, "pydantic-ai/1.0.15", "pydantic-ai"),
        (CHAT, chat, "curl/8.5.0", "other"),
        (
            MESSAGES,
            messages,
            "Anthropic/Python 0.69.0",
            "anthropic-sdk",
        ),
        (
            MESSAGES,
            messages,
            "ai/5.0.60 ai-sdk/anthropic/2.0.23 runtime/node.js/22",
            "vercel-ai-sdk",
        ),
        (
            "/v1beta/models/sonnet:generateContent",
            generate,
            "google-genai-sdk/1.40.0 gl-python/3.12.3",
            "google-genai",
        ),
        (
            "/model/sonnet/converse",
            converse,
            "Boto3/1.40.43 md/Botocore#1.40.43 ua/2.1 lang/python#3.12",
            "aws-sdk",
        ),
    ] {
        let double = Double::new([Answer::json(200, MESSAGES_REPLY)]);
        let (response, known) = asked(
            &service(&double),
            request(path, &[("user-agent", agent)], body),
        )
        .await;
        assert_eq!(
            (response.status().as_u16(), known),
            (200, Some(client)),
            "{agent}"
        );
        // Who calls is nothing a provider is told.
        let told = values(&double.seen()[0].headers, "user-agent");
        assert!(told[0].starts_with("gateway/"), "{told:?}");
    }
}
