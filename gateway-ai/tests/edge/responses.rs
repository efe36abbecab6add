//! Clients of OpenAI's Responses: over their own provider, and over another's.

use gateway_core::{Outcome, Usage};
use serde_json::{Value, json};

use crate::support::{
    Answer, CHAT, CHAT_REPLY, Double, MESSAGES, MESSAGES_REPLY, MESSAGES_STREAM, Step, ask,
    chat_request, gateway, header, json, messages_request, post, text,
};

pub(crate) const RESPONSES: &str = "/v1/responses";

pub(crate) const REPLY: &str = r#"{"id":"resp_1","object":"response","created_at":1700000000,"status":"completed","error":null,"incomplete_details":null,"model":"gpt-4o-mini-2024","output":[{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"text":"Hello there"}]}],"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":11},"vendor":{"x":1.0}}"#;

pub(crate) fn request(model: &str, more: &str) -> String {
    format!(r#"{{"model":"{model}", "input":"hi"{more}}}"#)
}

/// The data of each event.
fn events(stream: &str) -> Vec<Value> {
    stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

pub(crate) fn stream() -> Vec<String> {
    let head = json!({ "id": "resp_1", "object": "response", "created_at": 1, "status": "in_progress", "model": "gpt-4o-mini", "output": [] });
    let done: Value = serde_json::from_str(REPLY).unwrap();
    [
        json!({ "type": "response.created", "sequence_number": 0, "response": head }),
        json!({ "type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": { "id": "msg_1", "type": "message", "status": "in_progress", "role": "assistant", "content": [] } }),
        json!({ "type": "response.content_part.added", "sequence_number": 2, "item_id": "msg_1", "output_index": 0, "content_index": 0, "part": { "type": "output_text", "text": "", "annotations": [] } }),
        json!({ "type": "response.output_text.delta", "sequence_number": 3, "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": "Hello there" }),
        json!({ "type": "response.completed", "sequence_number": 4, "response": done }),
    ]
    .iter()
    .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()))
    .collect()
}

#[tokio::test]
async fn over_its_own_provider_nothing_but_the_model_changes() {
    let body = request("gpt", r#", "store":false,  "include":["x"],"seed":1.0"#);
    let double = Double::new([Answer::json(200, REPLY)]);
    let response = ask(gateway(&double), post(RESPONSES, body.clone())).await;
    assert_eq!(header(&response, "x-gateway-lossy"), "");
    let usage = response.extensions().get::<Usage>().unwrap();
    assert_eq!((usage.input, usage.output), (Some(9), Some(2)));
    assert_eq!(text(response).await, REPLY);
    let seen = &double.seen()[0];
    assert_eq!(seen.uri, "https://api.openai.com/v1/responses");
    assert_eq!(seen.headers["authorization"], "Bearer sk-operator");
    let sent = body.replace("\"gpt\"", "\"gpt-4o-mini\"");
    assert_eq!(std::str::from_utf8(&seen.body).unwrap(), sent);
}

#[tokio::test]
async fn its_own_stream_passes_byte_for_byte_and_is_counted() {
    let steps = stream();
    let frames: Vec<&str> = steps.iter().map(String::as_str).collect();
    let double = Double::new([Answer::frames(&frames)]);
    let outcome = Outcome::new();
    let mut request = post(RESPONSES, request("gpt", r#","stream":true"#));
    request.extensions_mut().insert(outcome.clone());
    let response = ask(gateway(&double), request).await;
    assert_eq!(text(response).await, frames.concat());
    let usage = outcome.take().usage.unwrap();
    assert_eq!((usage.input, usage.output), (Some(9), Some(2)));
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_in_an_error_event() {
    let steps = stream();
    for (model, cut) in [("gpt", 4), ("claude", 4)] {
        let mut script: Vec<Step> = match model {
            "gpt" => steps[..cut].iter().cloned().map(Step::Data).collect(),
            _ => (MESSAGES_STREAM[..cut].iter())
                .map(|frame| Step::Data((*frame).to_owned()))
                .collect(),
        };
        script.push(Step::Break);
        let double = Double::new([Answer::Stream(script)]);
        let body = request(model, r#","stream":true"#);
        let response = ask(gateway(&double), post(RESPONSES, body)).await;
        let printed = text(response).await;
        let last = events(&printed).pop().unwrap();
        let failed = last["type"] == "error" || last["response"]["status"] == "failed";
        assert!(failed, "{model}: {last}");
        assert!(!printed.contains("response.completed") && !printed.contains("[DONE]"));
    }
}

#[tokio::test]
async fn over_another_dialect_the_answer_is_a_response() {
    let double = Double::new([Answer::json(200, MESSAGES_REPLY)]);
    let body = request("claude", r#","instructions":"be brief","temperature":0.5"#);
    let response = ask(gateway(&double), post(RESPONSES, body)).await;
    assert_eq!(
        header(&response, "x-gateway-model"),
        "anthropic/claude-haiku-4-5"
    );
    assert_eq!(header(&response, "x-gateway-lossy"), "");
    let reply = json(response).await;
    assert_eq!(reply["object"], "response");
    assert_eq!(reply["id"], "resp_msg_1");
    assert_eq!(reply["status"], "completed");
    assert_eq!(reply["model"], "claude");
    assert_eq!(reply["instructions"], "be brief");
    assert_eq!(reply["temperature"], 0.5);
    assert_eq!(reply["tools"], json!([]));
    assert_eq!(reply["output"][0]["content"][0]["text"], "Hello there");
    assert_eq!(reply["usage"]["total_tokens"], 11);
    let sent = double.seen()[0].json();
    assert_eq!(sent["system"], "be brief");
    assert_eq!(
        sent["messages"],
        json!([{ "role": "user", "content": "hi" }])
    );
}

#[tokio::test]
async fn over_another_dialect_the_stream_is_told_in_full() {
    let double = Double::new([Answer::frames(&MESSAGES_STREAM)]);
    let body = request("claude", r#","stream":true"#);
    let response = ask(gateway(&double), post(RESPONSES, body)).await;
    let printed = text(response).await;
    let events = events(&printed);
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], number);
        if let Some(id) = event.get("item_id") {
            assert_eq!(*id, events[2]["item"]["id"]);
        }
    }
    let last = &events[9]["response"];
    assert_eq!(last["id"], events[0]["response"]["id"]);
    assert_eq!(last["output"][0], events[8]["item"]);
    assert_eq!(last["output"][0]["content"][0]["text"], "Hello there");
    assert_eq!(last["usage"]["output_tokens"], 2);
    assert!(!printed.contains("[DONE]"));
}

#[tokio::test]
async fn other_clients_reach_the_same_provider_by_its_first_dialect() {
    for (path, body) in [
        (CHAT, chat_request("gpt", false)),
        (MESSAGES, messages_request("gpt", false)),
    ] {
        let double = Double::new([Answer::json(200, CHAT_REPLY)]);
        let response = ask(gateway(&double), post(path, body)).await;
        assert_eq!(response.status(), 200);
        assert_eq!(
            double.seen()[0].uri,
            "https://api.openai.com/v1/chat/completions"
        );
    }
}

#[tokio::test]
async fn what_lives_at_one_provider_is_refused_elsewhere_by_name() {
    for (more, param) in [
        (
            r#","previous_response_id":"resp_0""#,
            "previous_response_id",
        ),
        (r#","conversation":"conv_0""#, "conversation"),
        (r#","prompt":{"id":"pmpt_1"}"#, "prompt"),
        (r#","background":true"#, "background"),
    ] {
        let double = Double::new([]);
        let response = ask(gateway(&double), post(RESPONSES, request("claude", more))).await;
        assert_eq!(response.status(), 400, "{param}");
        let error = json(response).await["error"].take();
        assert_eq!(error["param"], param);
        assert!(error["message"].as_str().unwrap().contains(param));
        let double = Double::new([Answer::json(200, REPLY)]);
        let response = ask(gateway(&double), post(RESPONSES, request("gpt", more))).await;
        assert_eq!(response.status(), 200, "{param}");
    }
    let reference = r#"{"model":"claude","input":[{"type":"item_reference","id":"msg_1"}]}"#;
    let response = ask(gateway(&Double::new([])), post(RESPONSES, reference)).await;
    assert_eq!(response.status(), 400);
}

#[tokio::test]
async fn tokens_are_counted_where_they_can_be_and_estimated_elsewhere() {
    let path = "/v1/responses/input_tokens";
    let counted = r#"{"object":"response.input_tokens","input_tokens":7}"#;
    let double = Double::new([Answer::json(200, counted)]);
    let response = ask(gateway(&double), post(path, request("gpt", ""))).await;
    assert_eq!(text(response).await, counted);
    assert_eq!(
        double.seen()[0].uri,
        "https://api.openai.com/v1/responses/input_tokens"
    );
    let response = ask(gateway(&Double::new([])), post(path, request("claude", ""))).await;
    assert_eq!(
        header(&response, "x-gateway-lossy"),
        "input_tokens.estimated"
    );
    let estimate = json(response).await;
    assert_eq!(estimate["object"], "response.input_tokens");
    assert!(estimate["input_tokens"].as_u64().unwrap() > 0);
    let path = "/v1/responses/compact";
    let response = ask(gateway(&Double::new([])), post(path, request("claude", ""))).await;
    assert_eq!(response.status(), 400, "only its own provider can");
}
