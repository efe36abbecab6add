//! All four combinations of client and provider, whole and streamed, with tools.

use gateway_ai::dialect::Dialect;
use gateway_core::Response;
use serde_json::{Value, json};

use crate::support::{
    Answer, CHAT, CHAT_REPLY, CHAT_STREAM, Double, MESSAGES, MESSAGES_REPLY, MESSAGES_STREAM, ask,
    chat_request, gateway, header, json, messages_request, models, post, text,
};

const CHAT_TOOLS: &str = r#"{"model":"MODEL","stream":STREAM,"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"weather?"}],"tools":[{"type":"function","function":{"name":"weather","description":"w","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}],"tool_choice":"required"}"#;
const MESSAGES_TOOLS: &str = r#"{"model":"MODEL","max_tokens":50,"stream":STREAM,"system":"be brief","messages":[{"role":"user","content":"weather?"}],"tools":[{"name":"weather","description":"w","input_schema":{"type":"object","properties":{"city":{"type":"string"}}}}],"tool_choice":{"type":"any"}}"#;

const CHAT_CALLS: &str = r#"{"id":"chatcmpl-2","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Bonn\"}"}},{"id":"call_2","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":20,"completion_tokens":8,"total_tokens":28}}"#;
const MESSAGES_CALLS: &str = r#"{"id":"msg_2","type":"message","role":"assistant","model":"claude-haiku-4-5","content":[{"type":"tool_use","id":"call_1","name":"weather","input":{"city":"Bonn"}},{"type":"tool_use","id":"call_2","name":"weather","input":{"city":"Rome"}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":20,"output_tokens":8}}"#;

fn request(body: &str, model: &str, stream: bool) -> String {
    body.replace("MODEL", model)
        .replace("STREAM", if stream { "true" } else { "false" })
}

/// A call by a client of one dialect to a provider of one, with tools or without.
async fn exchange(
    client: Dialect,
    provider: Dialect,
    tools: bool,
    stream: bool,
) -> (Response, Value) {
    let messages = provider == Dialect::Messages;
    let answer = match (messages, tools, stream) {
        (false, false, false) => Answer::json(200, CHAT_REPLY),
        (true, false, false) => Answer::json(200, MESSAGES_REPLY),
        (false, true, false) => Answer::json(200, CHAT_CALLS),
        (true, true, false) => Answer::json(200, MESSAGES_CALLS),
        (false, false, true) => Answer::frames(&CHAT_STREAM),
        (true, false, true) => Answer::frames(&MESSAGES_STREAM),
        (false, true, true) => Answer::Stream(chat_calls()),
        (true, true, true) => Answer::Stream(messages_calls()),
    };
    let double = Double::new([answer]);
    let model = if messages { "claude" } else { "gpt" };
    let (path, body) = match (client, tools) {
        (Dialect::Messages, false) => (MESSAGES, messages_request(model, stream)),
        (Dialect::Messages, true) => (MESSAGES, request(MESSAGES_TOOLS, model, stream)),
        (_, false) => (CHAT, chat_request(model, stream)),
        (_, true) => (CHAT, request(CHAT_TOOLS, model, stream)),
    };
    let response = ask(gateway(&double), post(path, body)).await;
    assert_eq!(response.status(), 200, "{client} over {provider}");
    let sent = double.seen()[0].json();
    assert_eq!(
        sent["model"],
        if messages {
            "claude-haiku-4-5"
        } else {
            "gpt-4o-mini"
        }
    );
    assert_eq!(sent["stream"].as_bool().unwrap_or(false), stream);
    (response, sent)
}

use crate::support::Step;

fn chat_calls() -> Vec<Step> {
    let chunk = |delta: Value, finish: Value| {
        let chunk = json!({
            "id": "chatcmpl-2", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini",
            "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
        });
        Step::Data(format!("data: {chunk}\n\n"))
    };
    let part = |index: u32, more: Value| {
        let mut call = json!({ "index": index });
        call.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        chunk(json!({ "tool_calls": [call] }), Value::Null)
    };
    let head = |id: &str| json!({ "id": id, "type": "function", "function": { "name": "weather", "arguments": "" } });
    let more = |text: &str| json!({ "function": { "arguments": text } });
    vec![
        chunk(json!({ "role": "assistant", "content": null }), Value::Null),
        part(0, head("call_1")),
        part(0, more("{\"city\":")),
        part(0, more("\"Bonn\"}")),
        part(1, head("call_2")),
        part(1, more("{\"city\":\"Rome\"}")),
        chunk(json!({}), json!("tool_calls")),
        Step::Data(CHAT_STREAM[4].to_owned()),
        Step::Data(CHAT_STREAM[5].to_owned()),
    ]
}

fn messages_calls() -> Vec<Step> {
    let event = |kind: &str, body: Value| {
        let mut full = json!({ "type": kind });
        full.as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        Step::Data(format!("event: {kind}\ndata: {full}\n\n"))
    };
    let mut steps = vec![Step::Data(MESSAGES_STREAM[0].to_owned())];
    for (index, id, parts) in [
        (0, "call_1", &["", "{\"city\":", "\"Bonn\"}"][..]),
        (1, "call_2", &["{\"city\":\"Rome\"}"][..]),
    ] {
        let block = json!({ "type": "tool_use", "id": id, "name": "weather", "input": {} });
        steps.push(event(
            "content_block_start",
            json!({ "index": index, "content_block": block }),
        ));
        for part in parts {
            let delta = json!({ "type": "input_json_delta", "partial_json": part });
            steps.push(event(
                "content_block_delta",
                json!({ "index": index, "delta": delta }),
            ));
        }
        steps.push(event("content_block_stop", json!({ "index": index })));
    }
    let delta = json!({ "stop_reason": "tool_use", "stop_sequence": null });
    steps.push(event(
        "message_delta",
        json!({ "delta": delta, "usage": { "output_tokens": 2 } }),
    ));
    steps.push(event("message_stop", json!({})));
    steps
}

/// What a Chat stream says: text, calls as `id name arguments`, finish reason.
fn read_chat(stream: &str) -> (String, Vec<(String, String, String)>, String) {
    let (mut text, mut calls, mut finish) = (String::new(), Vec::new(), String::new());
    for data in stream
        .split("\n\n")
        .filter_map(|frame| frame.strip_prefix("data: "))
    {
        if data == "[DONE]" {
            continue;
        }
        let chunk: Value = serde_json::from_str(data).unwrap();
        let Some(choice) = chunk["choices"].get(0) else {
            continue;
        };
        text += choice["delta"]["content"].as_str().unwrap_or_default();
        finish += choice["finish_reason"].as_str().unwrap_or_default();
        for call in choice["delta"]["tool_calls"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            if calls.len() <= index {
                calls.resize(index + 1, Default::default());
            }
            let (id, name, arguments): &mut (String, String, String) = &mut calls[index];
            *id += call["id"].as_str().unwrap_or_default();
            *name += call["function"]["name"].as_str().unwrap_or_default();
            *arguments += call["function"]["arguments"].as_str().unwrap_or_default();
        }
    }
    (text, calls, finish)
}

/// The same of a Messages stream.
fn read_messages(stream: &str) -> (String, Vec<(String, String, String)>, String) {
    let (mut text, mut calls, mut finish) = (String::new(), Vec::new(), String::new());
    let events = stream.split("\n\n");
    for frame in events.filter(|frame| !frame.is_empty() && !frame.starts_with(':')) {
        let (name, data) = frame.split_once('\n').unwrap();
        let event: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(name, format!("event: {}", event["type"].as_str().unwrap()));
        match event["type"].as_str().unwrap() {
            "content_block_start" if event["content_block"]["type"] == "tool_use" => {
                let block = &event["content_block"];
                let text = |name: &str| block[name].as_str().unwrap().to_owned();
                calls.push((text("id"), text("name"), String::new()));
            }
            "content_block_delta" => {
                text += event["delta"]["text"].as_str().unwrap_or_default();
                if let Some(json) = event["delta"]["partial_json"].as_str() {
                    calls.last_mut().unwrap().2 += json;
                }
            }
            "message_delta" => finish += event["delta"]["stop_reason"].as_str().unwrap(),
            _ => {}
        }
    }
    (text, calls, finish)
}

fn cities() -> Vec<(String, String, String)> {
    [("call_1", "Bonn"), ("call_2", "Rome")]
        .map(|(id, city)| {
            (
                id.into(),
                "weather".into(),
                format!("{{\"city\":\"{city}\"}}"),
            )
        })
        .into()
}

const BOTH: [Dialect; 2] = [Dialect::Chat, Dialect::Messages];

#[tokio::test]
async fn whole_answers() {
    for provider in BOTH {
        let (response, _) = exchange(Dialect::Chat, provider, false, false).await;
        let body = json(response).await;
        assert_eq!(body["choices"][0]["message"]["content"], "Hello there");
        assert_eq!(body["choices"][0]["finish_reason"], "stop");
        assert_eq!(body["usage"]["total_tokens"], 11);

        let (response, _) = exchange(Dialect::Messages, provider, false, false).await;
        let body = json(response).await;
        assert_eq!(body["content"][0]["text"], "Hello there");
        assert_eq!(body["stop_reason"], "end_turn");
        assert_eq!(
            (
                &body["usage"]["input_tokens"],
                &body["usage"]["output_tokens"]
            ),
            (&json!(9), &json!(2))
        );
    }
}

#[tokio::test]
async fn whole_answers_with_tools() {
    for provider in BOTH {
        let (response, sent) = exchange(Dialect::Chat, provider, true, false).await;
        assert_eq!(sent["tools"].as_array().unwrap().len(), 1);
        let body = json(response).await;
        let calls = body["choices"][0]["message"]["tool_calls"]
            .as_array()
            .unwrap()
            .clone();
        assert_eq!(calls.len(), 2);
        assert_eq!(calls[1]["function"]["arguments"], "{\"city\":\"Rome\"}");
        assert_eq!(body["choices"][0]["finish_reason"], "tool_calls");

        let (response, sent) = exchange(Dialect::Messages, provider, true, false).await;
        if provider == Dialect::Chat {
            assert_eq!(sent["tool_choice"], "required");
        }
        let body = json(response).await;
        assert_eq!(body["content"][1]["input"], json!({ "city": "Rome" }));
        assert_eq!(body["stop_reason"], "tool_use");
    }
}

#[tokio::test]
async fn streams() {
    for provider in BOTH {
        let (response, _) = exchange(Dialect::Chat, provider, false, true).await;
        assert_eq!(
            header(&response, "content-type"),
            "text/event-stream; charset=utf-8"
        );
        let body = text(response).await;
        assert_eq!(
            read_chat(&body),
            ("Hello there".into(), vec![], "stop".into())
        );
        assert!(body.ends_with("data: [DONE]\n\n"));

        let (response, _) = exchange(Dialect::Messages, provider, false, true).await;
        let body = text(response).await;
        assert_eq!(
            read_messages(&body),
            ("Hello there".into(), vec![], "end_turn".into())
        );
        assert!(
            body.trim_end().ends_with("{\"type\":\"message_stop\"}"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn streams_with_tools() {
    for provider in BOTH {
        let (response, _) = exchange(Dialect::Chat, provider, true, true).await;
        let read = read_chat(&text(response).await);
        assert_eq!(
            read,
            (String::new(), cities(), "tool_calls".into()),
            "over {provider}"
        );

        let (response, _) = exchange(Dialect::Messages, provider, true, true).await;
        let read = read_messages(&text(response).await);
        assert_eq!(
            read,
            (String::new(), cities(), "tool_use".into()),
            "over {provider}"
        );
    }
}

#[tokio::test]
async fn what_is_lost_is_named_and_refused_when_strict() {
    let body =
        chat_request("claude", false).replace("\"stream\"", "\"logit_bias\":{\"1\":2},\"stream\"");
    let double = Double::new([Answer::json(200, MESSAGES_REPLY)]);
    let response = ask(gateway(&double), post(CHAT, body.clone())).await;
    assert_eq!(header(&response, "x-gateway-lossy"), "logit_bias");

    let strict = models(&Double::default()).strict(true).service().unwrap();
    let response = ask(strict, post(CHAT, body.clone())).await;
    assert_eq!(response.status(), 400);
    let error = json(response).await;
    assert_eq!(error["error"]["param"], "logit_bias");
    assert!(
        error["error"]["code"].as_str().unwrap().contains("lossy"),
        "{error}"
    );

    // A target that can take it is asked first; the lossy one then says less than the real failure.
    let double = Double::new([Answer::json(500, "{}")]);
    let strict = models(&double).strict(true).service().unwrap();
    let response = ask(strict, post(CHAT, body.replace("claude", "fast"))).await;
    assert_eq!(response.status(), 502);
    assert_eq!(json(response).await["error"]["code"], "upstream_error");
}

/// A provider that answers whole to a client that streams, and the reverse.
#[tokio::test]
async fn stream_and_whole_are_exchanged_where_a_provider_cannot() {
    for (path, request) in [
        (CHAT, chat_request("gpt", true)),
        (MESSAGES, messages_request("gpt", true)),
    ] {
        let double = Double::new([Answer::json(200, CHAT_REPLY)]);
        let response = ask(gateway(&double), post(path, request)).await;
        assert_eq!(
            header(&response, "content-type"),
            "text/event-stream; charset=utf-8"
        );
        let body = text(response).await;
        let said = if path == CHAT {
            read_chat(&body).0
        } else {
            read_messages(&body).0
        };
        assert_eq!(said, "Hello there", "{body}");
    }
    let double = Double::new([
        Answer::frames(&CHAT_STREAM),
        Answer::frames(&MESSAGES_STREAM),
    ]);
    for model in ["gpt", "claude"] {
        let response = ask(gateway(&double), post(CHAT, chat_request(model, false))).await;
        assert_eq!(header(&response, "content-type"), "application/json");
        let body = json(response).await;
        assert_eq!(
            body["choices"][0]["message"]["content"], "Hello there",
            "{body}"
        );
        assert_eq!(body["usage"]["prompt_tokens"], 9);
    }
}

#[tokio::test]
async fn fields_a_vendor_lacks_are_lost_by_name_or_go_by_its_own() {
    let double = Double::new([Answer::json(200, CHAT_REPLY), Answer::json(200, CHAT_REPLY)]);
    let keys = gateway_ai::models::Keys::new()
        .key("mistral", "k")
        .key("openai", "k")
        .key("anthropic", "k");
    let ai = models(&double)
        .keys(keys)
        .alias(
            "small",
            [gateway_ai::models::target("mistral/mistral-small-latest")],
        )
        .service()
        .unwrap();
    let body =
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"seed":7}}"#;
    let path = "/v1beta/models/small:generateContent";
    let response = ask(ai.clone(), post(path, body)).await;
    assert_eq!(header(&response, "x-gateway-lossy"), "");
    let seen = double.seen()[0].json();
    assert_eq!((&seen["random_seed"], seen.get("seed")), (&7.into(), None));

    let body = r#"{"model":"small","max_tokens":9,"metadata":{"user_id":"u"},"messages":[{"role":"user","content":"hi"}]}"#;
    let response = ask(ai, post(MESSAGES, body)).await;
    assert_eq!(header(&response, "x-gateway-lossy"), "user");
    assert!(double.seen()[1].json().get("user").is_none());
}
