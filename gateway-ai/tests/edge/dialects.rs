//! All four combinations of client and provider, whole and streamed, with tools.

use gateway_ai::dialect::Dialect;
use gateway_core::Response;
use serde_json::{Value, json};

use crate::{
    calls::{
        CHAT_CALLS, CHAT_TOOLS, MESSAGES_CALLS, MESSAGES_TOOLS, chat_calls, messages_calls, request,
    },
    support::{
        Answer, CHAT, CHAT_REPLY, CHAT_STREAM, Double, MESSAGES, MESSAGES_REPLY, MESSAGES_STREAM,
        ask, chat_request, gateway, header, json, messages_request, post, text,
    },
};

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
