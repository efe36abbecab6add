//! Proofs of reasoning: back to whoever made them, and to nobody else.

use std::time::Duration;

use gateway_ai::{
    dialect::Dialect,
    edge::AiService,
    keeper::Keeper,
    models::target,
    providers::{Provider, ProviderBuilder, table},
};
use gateway_core::{Identity, Request, context::IdentityKind};
use serde_json::{Value, json};

use crate::support::{
    Answer, CHAT, Double, MESSAGES, MESSAGES_REPLY, ask, header, json, models, post, text,
};

const RESPONSES: &str = "/v1/responses";

const REASONED: &str = r#"{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"o3","output":[{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"Hm"}],"encrypted_content":"gAAAAx"},{"id":"fc_1","type":"function_call","status":"completed","call_id":"call_1","name":"look","arguments":"{}"}],"usage":{"input_tokens":9,"output_tokens":2,"total_tokens":11}}"#;

fn responses() -> ProviderBuilder {
    Provider::builder("openai-responses", table::find("openai").unwrap())
        .key("sk-1")
        .dialects(Dialect::Responses, None)
}

/// Claude Code's second turn: what it was told, as it was told.
fn second(model: &str, content: &Value) -> String {
    json!({
        "model": model, "max_tokens": 2000, "thinking": { "type": "enabled", "budget_tokens": 1024 },
        "tools": [{ "name": "look", "input_schema": { "type": "object" } }],
        "messages": [
            { "role": "user", "content": "hi" },
            { "role": "assistant", "content": content },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": content[1]["id"], "content": "x" }] },
        ],
    })
    .to_string()
}

#[tokio::test]
async fn a_messages_client_carries_encrypted_reasoning_back() {
    let double = Double::new([
        Answer::json(200, REASONED),
        Answer::json(200, REASONED),
        Answer::json(200, MESSAGES_REPLY),
    ]);
    let ai = models(&double)
        .alias("o3", [target("openai-responses/o3")])
        .provider("openai-responses", responses())
        .service()
        .unwrap();
    let first = r#"{"model":"o3","max_tokens":2000,"messages":[{"role":"user","content":"hi"}]}"#;
    let reply = json(ask(ai.clone(), post(MESSAGES, first)).await).await;
    let content = &reply["content"];
    assert_eq!(content[0]["signature"], "openai-responses-v1:gAAAAx");

    let response = ask(ai.clone(), post(MESSAGES, second("o3", content))).await;
    assert_eq!(response.status(), 200);
    let sent = double.seen()[1].json();
    let kinds: Vec<&str> = (sent["input"].as_array().unwrap().iter())
        .map(|item| item["type"].as_str().unwrap_or("message"))
        .collect();
    assert_eq!(
        kinds,
        [
            "message",
            "reasoning",
            "function_call",
            "function_call_output"
        ]
    );
    assert_eq!(sent["input"][1]["encrypted_content"], "gAAAAx");
    assert!(sent["input"][1].get("id").is_none());

    // Another provider of the client's own dialect cannot read it, and does not get it.
    let response = ask(ai, post(MESSAGES, second("claude", content))).await;
    assert!(header(&response, "x-gateway-lossy").contains("thinking"));
    assert_eq!(text(response).await, MESSAGES_REPLY);
    let sent = double.seen()[2].json();
    assert_eq!(sent["messages"][1]["content"][0]["type"], "tool_use");
}

#[tokio::test]
async fn a_responses_client_does_not_carry_a_signature_to_another() {
    let double = Double::new([Answer::json(200, REASONED)]);
    let ai = models(&double)
        .provider("openai-responses", responses())
        .service()
        .unwrap();
    let body = r#"{"model":"openai-responses/o3","input":[{"role":"user","content":"hi"},{"type":"reasoning","summary":[{"type":"summary_text","text":"Hm"}],"encrypted_content":"anthropic-claude-v1:Eq"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"x"}]}"#;
    let response = ask(ai, post(RESPONSES, body)).await;
    assert_eq!(header(&response, "x-gateway-lossy"), "thinking");
    let sent = &double.seen()[0];
    assert!(
        !std::str::from_utf8(&sent.body)
            .unwrap()
            .contains("anthropic-claude")
    );
    assert_eq!(sent.json()["input"].as_array().unwrap().len(), 3);
}

const SIGNED: &str = r#"{"responseId":"abcdefgh","modelVersion":"gemini-3-pro","candidates":[{"index":0,"finishReason":"STOP","content":{"role":"model","parts":[{"functionCall":{"name":"look","args":{"a":1}},"thoughtSignature":"c2ln"}]}}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":2,"totalTokenCount":11}}"#;

const THOUGHT: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-haiku-4-5","content":[{"type":"thinking","thinking":"Hm","signature":"Eq=="},{"type":"text","text":"Let me look"},{"type":"tool_use","id":"toolu_1","name":"look","input":{}}],"stop_reason":"tool_use","usage":{"input_tokens":9,"output_tokens":2}}"#;

/// A turn of a Chat client, which sends of an assistant's message what the dialect has and no more.
fn chat(model: &str, calls: Option<&Value>, stream: bool, tenant: &str) -> Request {
    let mut messages = vec![json!({ "role": "user", "content": "hi" })];
    if let Some(calls) = calls {
        let result = json!({ "role": "tool", "tool_call_id": calls[0]["id"], "content": "x" });
        messages
            .push(json!({ "role": "assistant", "content": "Let me look", "tool_calls": calls }));
        messages.push(result);
    }
    let body = json!({
        "model": model, "messages": messages, "stream": stream,
        "tools": [{ "type": "function", "function": { "name": "look", "parameters": { "type": "object" } } }],
    });
    let mut request = post(CHAT, body.to_string());
    let identity = Identity::new(IdentityKind::ApiKey, "keys", tenant).with_tenant(tenant);
    request.extensions_mut().insert(identity);
    request
}

fn both(double: &Double) -> AiService {
    models(double)
        .alias("gemini", [target("gemini/gemini-3-pro")])
        .provider(
            "gemini",
            Provider::builder("gemini", table::find("gemini").unwrap()).key("k"),
        )
        .service()
        .unwrap()
}

/// The part of Gemini's history that is a call.
fn call_part(sent: &Value) -> Value {
    let parts = sent["contents"][1]["parts"].as_array().unwrap();
    let call = parts.iter().find(|part| part.get("functionCall").is_some());
    call.unwrap().clone()
}

#[tokio::test]
async fn a_call_finds_its_signature_again_for_its_tenant_alone() {
    for stream in [false, true] {
        let first = if stream {
            Answer::frames(&[&format!("data: {SIGNED}\n\n")])
        } else {
            Answer::json(200, SIGNED)
        };
        let double = Double::new([first, Answer::json(200, SIGNED), Answer::json(200, SIGNED)]);
        let ai = both(&double);
        let response = ask(ai.clone(), chat("gemini", None, stream, "one")).await;
        assert_eq!(header(&response, "x-gateway-lossy"), "");
        let calls = if stream {
            let events = text(response).await;
            let calls = events
                .lines()
                .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
                .map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].clone())
                .find(|calls| calls[0]["id"].is_string());
            let id = calls.unwrap()[0]["id"].clone();
            json!([{ "id": id, "type": "function", "function": { "name": "look", "arguments": "{\"a\":1}" } }])
        } else {
            json(response).await["choices"][0]["message"]["tool_calls"].clone()
        };

        let response = ask(ai.clone(), chat("gemini", Some(&calls), false, "one")).await;
        assert_eq!(header(&response, "x-gateway-lossy"), "", "stream: {stream}");
        assert_eq!(
            call_part(&double.seen()[1].json())["thoughtSignature"],
            "c2ln"
        );

        let response = ask(ai, chat("gemini", Some(&calls), false, "two")).await;
        assert!(header(&response, "x-gateway-lossy").contains("tool_call.signature"));
        let part = call_part(&double.seen()[2].json());
        assert_eq!(part["thoughtSignature"], "skip_thought_signature_validator");
    }
}

#[tokio::test]
async fn thoughts_come_back_before_their_turn_and_to_their_provider_alone() {
    let double = Double::new([
        Answer::json(200, THOUGHT),
        Answer::json(200, THOUGHT),
        Answer::json(200, SIGNED),
    ]);
    let ai = both(&double);
    let reply = json(ask(ai.clone(), chat("claude", None, false, "one")).await).await;
    let calls = reply["choices"][0]["message"]["tool_calls"].clone();
    assert_eq!(calls[0]["id"], "toolu_1");

    ask(ai.clone(), chat("claude", Some(&calls), false, "one")).await;
    let turn = double.seen()[1].json()["messages"][1]["content"].clone();
    assert_eq!(
        turn[0],
        json!({ "type": "thinking", "thinking": "Hm", "signature": "Eq==" })
    );
    assert_eq!(
        (&turn[1]["type"], &turn[2]["type"]),
        (&json!("text"), &json!("tool_use"))
    );

    ask(ai, chat("gemini", Some(&calls), false, "one")).await;
    assert!(!String::from_utf8_lossy(&double.seen()[2].body).contains("Eq=="));
}

#[tokio::test]
async fn what_was_learnt_outlives_the_service_that_learnt_it() {
    let double = Double::new([Answer::json(200, SIGNED), Answer::json(200, SIGNED)]);
    let first = both(&double);
    let reply = json(ask(first.clone(), chat("gemini", None, false, "one")).await).await;
    let calls = reply["choices"][0]["message"]["tool_calls"].clone();
    let second = both(&double).inherit(&first.state());
    drop(first);
    ask(second, chat("gemini", Some(&calls), false, "one")).await;
    assert_eq!(
        call_part(&double.seen()[1].json())["thoughtSignature"],
        "c2ln"
    );
}

#[tokio::test(start_paused = true)]
async fn a_proof_is_forgotten_in_time() {
    let double = Double::new([Answer::json(200, SIGNED), Answer::json(200, SIGNED)]);
    let ai = both(&double).keeper(Keeper::new(1 << 20).ttl(Duration::from_secs(60)));
    let reply = json(ask(ai.clone(), chat("gemini", None, false, "one")).await).await;
    let calls = reply["choices"][0]["message"]["tool_calls"].clone();
    tokio::time::advance(Duration::from_secs(61)).await;
    let response = ask(ai, chat("gemini", Some(&calls), false, "one")).await;
    assert!(header(&response, "x-gateway-lossy").contains("tool_call.signature"));
}

const GENERATE: &str = "/v1beta/models/claude:generateContent";

/// What a client of Gemini's is told by Anthropic comes back to Anthropic, and never to Google.
#[tokio::test]
async fn a_gemini_client_carries_anothers_proof_in_its_own_field() {
    let double = Double::new([
        Answer::json(200, THOUGHT),
        Answer::json(200, THOUGHT),
        Answer::json(200, SIGNED),
    ]);
    let ai = both(&double);
    let first = json!({ "contents": [{ "role": "user", "parts": [{ "text": "hi" }] }] });
    let reply = json(ask(ai.clone(), post(GENERATE, first.to_string())).await).await;
    let turn = reply["candidates"][0]["content"].clone();
    let thought = &turn["parts"][0];
    assert_eq!(thought["thought"], true);
    assert_ne!(thought["thoughtSignature"], "Eq==");

    let second = json!({ "contents": [
        first["contents"][0],
        turn,
        { "role": "user", "parts": [{ "functionResponse": { "id": "toolu_1", "name": "look", "response": { "result": "x" } } }] },
    ] })
    .to_string();
    let response = ask(ai.clone(), post(GENERATE, second.clone())).await;
    assert_eq!(response.status(), 200);
    let sent = double.seen()[1].json();
    assert_eq!(
        sent["messages"][1]["content"][0],
        json!({ "type": "thinking", "thinking": "Hm", "signature": "Eq==" })
    );

    let google = "/v1beta/models/gemini:generateContent";
    let response = ask(ai, post(google, second)).await;
    assert_eq!(header(&response, "x-gateway-lossy"), "thinking");
    let sent = double.seen()[2].json();
    assert!(call_part(&sent)["functionCall"].is_object());
    assert_eq!(
        sent["contents"][1]["parts"][0].get("thought"),
        None,
        "{sent}"
    );
}

/// The same of Bedrock's dialect, streamed or whole.
#[tokio::test]
async fn a_converse_client_carries_encrypted_reasoning_back() {
    let double = Double::new([Answer::json(200, REASONED), Answer::json(200, REASONED)]);
    let ai = models(&double)
        .alias("o3", [target("openai-responses/o3")])
        .provider("openai-responses", responses())
        .service()
        .unwrap();
    let user = json!({ "role": "user", "content": [{ "text": "hi" }] });
    let first = json!({ "messages": [user] }).to_string();
    let reply = json(ask(ai.clone(), post("/model/o3/converse", first)).await).await;
    let turn = reply["output"]["message"].clone();
    let reasoning = &turn["content"][0]["reasoningContent"]["reasoningText"];
    assert_eq!(reasoning["signature"], "openai-responses-v1:gAAAAx");
    let result = json!({ "toolResult": { "toolUseId": "call_1", "content": [{ "text": "x" }] } });
    let second = json!({ "messages": [user, turn, { "role": "user", "content": [result] }] });
    ask(ai, post("/model/o3/converse", second.to_string())).await;
    let sent = double.seen()[1].json();
    assert_eq!(sent["input"][1]["encrypted_content"], "gAAAAx");
}

/// A client that is known to lose nothing fills no store.
#[tokio::test]
async fn what_a_client_carries_itself_is_not_kept() {
    for (agent, kept) in [("claude-cli/2.0 (external, cli)", 0), ("acme/1", 1)] {
        let double = Double::new([Answer::json(200, REASONED)]);
        let keeper = Keeper::default();
        let ai = models(&double)
            .alias("o3", [target("openai-responses/o3")])
            .provider("openai-responses", responses())
            .service()
            .unwrap()
            .keeper(keeper.clone());
        let body =
            r#"{"model":"o3","max_tokens":2000,"messages":[{"role":"user","content":"hi"}]}"#;
        let mut request = post(MESSAGES, body);
        let outcome = gateway_core::Outcome::new();
        request.extensions_mut().insert(outcome.clone());
        let agent = http::HeaderValue::from_static(agent);
        request.headers_mut().insert("user-agent", agent);
        let reply = json(ask(ai, request).await).await;
        assert_eq!(
            reply["content"][0]["signature"],
            "openai-responses-v1:gAAAAx"
        );
        assert_eq!(keeper.len(), kept);
        assert_eq!(outcome.take().proofs.kept as usize, kept);
    }
}
