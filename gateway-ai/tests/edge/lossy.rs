//! What translated answers lose, where it is told, and who is refused for it.

use gateway_ai::edge::StreamCost;
use gateway_core::{Outcome, context::OutcomeRecord};

use crate::support::{
    Answer, CHAT, CHAT_REPLY, CHAT_STREAM, Double, MESSAGES, MESSAGES_REPLY, MESSAGES_STREAM, ask,
    chat_request, gateway, header, json, messages_request, models, post, text,
};

/// A stream in which each event has a field nobody has heard of.
fn planted(frames: &[&str]) -> Vec<String> {
    let planted = frames
        .iter()
        .map(|frame| frame.replacen("data: {", "data: {\"weather\":[\"rain\"],", 1));
    planted.collect()
}

async fn streamed(
    frames: &[String],
    (path, body): (&str, String),
    costs: StreamCost,
) -> (String, OutcomeRecord) {
    let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
    let double = Double::new([Answer::frames(&frames)]);
    let outcome = Outcome::new();
    let mut request = post(path, body);
    request.extensions_mut().insert(outcome.clone());
    let response = ask(gateway(&double).stream_cost(costs), request).await;
    assert!(!header(&response, "x-gateway-lossy").contains("weather"));
    (text(response).await, outcome.take())
}

#[tokio::test]
async fn an_unknown_field_of_an_event_is_told_before_the_end_and_in_the_outcome() {
    let to_messages = (MESSAGES, messages_request("gpt", true));
    let (body, told) = streamed(&planted(&CHAT_STREAM), to_messages, StreamCost::Translated).await;
    let comment = body.find(": gateway {\"lossy\":\"unknown.weather\"}\n\n");
    let end = body.find("event: message_stop").expect("an end");
    assert!(comment.is_some_and(|at| at < end), "{body}");
    let lossy = told.lossy.expect("losses");
    assert_eq!((&*lossy.names, lossy.unknown), ("unknown.weather", 1));

    let to_chat = (CHAT, chat_request("claude", true));
    let (body, told) = streamed(
        &planted(&MESSAGES_STREAM),
        to_chat.clone(),
        StreamCost::Translated,
    )
    .await;
    let comment = body.find(": gateway {\"lossy\":\"unknown.weather\"}\n\n");
    assert!(comment.is_some_and(|at| at < body.find("[DONE]").expect("an end")));
    assert_eq!(told.lossy.expect("losses").unknown, 1);

    // Who wants no comments is told nothing, the operator is.
    let (body, told) = streamed(&planted(&MESSAGES_STREAM), to_chat, StreamCost::Never).await;
    assert!(!body.contains(": gateway"), "{body}");
    assert_eq!(told.lossy.expect("losses").unknown, 1);
}

#[tokio::test]
async fn what_is_passed_as_it_is_or_lost_nothing_has_nothing_to_tell() {
    let frames = planted(&CHAT_STREAM);
    let request = (CHAT, chat_request("gpt", true));
    let (body, told) = streamed(&frames, request, StreamCost::Translated).await;
    assert!(body.contains("weather") && !body.contains(": gateway"));
    assert!(told.lossy.is_none());
    let plain: Vec<String> = CHAT_STREAM.iter().map(ToString::to_string).collect();
    let request = (MESSAGES, messages_request("gpt", true));
    let (body, told) = streamed(&plain, request, StreamCost::Translated).await;
    assert!(!body.contains("lossy"), "{body}");
    assert!(told.lossy.is_none(), "{:?}", told.lossy);
}

#[tokio::test]
async fn a_stream_that_breaks_off_has_told_what_it_lost_until_then() {
    let frames = planted(&MESSAGES_STREAM[..4]);
    let request = (CHAT, chat_request("claude", true));
    let (_, told) = streamed(&frames, request, StreamCost::Translated).await;
    assert_eq!(told.lossy.expect("losses").names, "unknown.weather");
}

#[tokio::test]
async fn a_client_that_leaves_leaves_what_was_lost_behind() {
    let frames = planted(&MESSAGES_STREAM);
    let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
    let double = Double::new([Answer::frames(&frames)]);
    let outcome = Outcome::new();
    let mut request = post(CHAT, chat_request("claude", true));
    request.extensions_mut().insert(outcome.clone());
    let mut response = ask(gateway(&double), request).await;
    let body = std::pin::Pin::new(response.body_mut());
    http_body_util::BodyExt::frame(body.get_mut()).await;
    drop(response);
    assert_eq!(
        outcome.take().lossy.expect("losses").names,
        "unknown.weather"
    );
}

/// A provider that answers in one piece, or in pieces, where the client wants the other: the head is
/// not gone then, and says it.
#[tokio::test]
async fn a_head_that_is_not_gone_tells() {
    let whole = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1},"weather":[1]}"#;
    let double = Double::new([Answer::json(200, whole)]);
    let outcome = Outcome::new();
    let mut request = post(CHAT, chat_request("claude", true));
    request.extensions_mut().insert(outcome.clone());
    let response = ask(gateway(&double), request).await;
    let lossy = header(&response, "x-gateway-lossy").to_owned();
    assert!(lossy.contains("weather"), "{lossy}");
    assert_eq!(outcome.take().lossy.expect("losses").names, lossy);

    let frames = planted(&MESSAGES_STREAM);
    let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
    let double = Double::new([Answer::frames(&frames)]);
    let response = ask(gateway(&double), post(CHAT, chat_request("claude", false))).await;
    assert_eq!(response.status(), 200);
    assert!(header(&response, "x-gateway-lossy").contains("unknown.weather"));
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
