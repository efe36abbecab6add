//! Sessions of the Realtime API.

use gateway_ai::websocket::Message;
use serde_json::{Value, json};

use super::{Duration, Scene, client::Client};

async fn open(scene: &Scene, model: &str) -> Client {
    let path = format!("/v1/realtime?model={model}");
    let mut client = Client::open(scene.gateway.address, &path, "k-all").await;
    let created = client.event().await;
    assert_eq!(created["type"], "session.created", "{created}");
    assert_eq!(created["session"]["model"], "mock-realtime", "{created}");
    client
}

fn item(text: &str) -> Value {
    let content = json!([{ "type": "input_text", "text": text }]);
    json!({
        "type": "conversation.item.create",
        "item": { "type": "message", "role": "user", "content": content },
    })
}

fn joined(events: &[Value], kind: &str) -> String {
    let deltas = events.iter().filter(|event| event["type"] == kind);
    deltas.filter_map(|event| event["delta"].as_str()).collect()
}

#[tokio::test]
async fn a_session_passes_and_its_answers_are_counted() {
    let scene = Scene::start().await;
    let mut client = open(&scene, "voice").await;
    let update = json!({ "type": "session.update", "session": {
        "type": "realtime", "model": "voice", "output_modalities": ["text"], "instructions": "Be kind",
    } });
    client.say(&update).await;
    let updated = client.event().await;
    assert_eq!(updated["type"], "session.updated", "{updated}");
    client.say(&item("say: good day")).await;
    client.until("conversation.item.done").await;
    client.say(&json!({ "type": "response.create" })).await;
    let events = client.until("response.done").await;
    assert_eq!(joined(&events, "response.output_text.delta"), "good day");

    let sound = "A".repeat(64_000);
    let append = json!({ "type": "input_audio_buffer.append", "audio": sound });
    client.say(&append).await;
    client
        .say(&json!({ "type": "input_audio_buffer.commit" }))
        .await;
    client.until("input_audio_buffer.committed").await;
    let aloud =
        json!({ "type": "response.create", "response": { "output_modalities": ["audio"] } });
    client.say(&aloud).await;
    let events = client.until("response.done").await;
    assert!(!joined(&events, "response.output_audio.delta").is_empty());
    let usage = &events[events.len() - 1]["response"]["usage"];
    assert_eq!(usage["input_token_details"]["audio_tokens"], 10, "{usage}");

    client.send(&Message::Ping("there?".into())).await;
    assert_eq!(client.next().await, Some(Message::Pong("there?".into())));
    client.leave().await;

    let used = scene.model.stats().snapshot();
    assert_eq!((used.calls.len(), used.cancelled), (2, 0));
    for (kind, tokens) in [
        ("input", used.prompt_tokens),
        ("output", used.completion_tokens),
    ] {
        let line = format!(
            "gateway_tokens_total{{model=\"openai/mock-realtime\",kind=\"{kind}\"}} {tokens}"
        );
        scene.counted(&line).await;
    }
    let tokens = format!("\"tokens_out\":{}", used.completion_tokens);
    let model = "\"model\":\"openai/mock-realtime\"";
    scene
        .logged(&["\"status\":101", "\"subject\":\"all\"", model, &tokens])
        .await;
}

#[tokio::test]
async fn who_has_no_right_gets_no_session() {
    let scene = Scene::start().await;
    for (path, key, status, code) in [
        ("/v1/realtime?model=voice", "wrong", 401, "invalid_api_key"),
        ("/v1/realtime?model=spare", "k-some", 404, "model_not_found"),
        ("/v1/realtime?model=none", "k-all", 404, "model_not_found"),
    ] {
        let client = Client::ask(scene.gateway.address, path, key).await;
        let (refused, body) = client.refusal().await;
        assert_eq!(refused, status, "{path}: {body}");
        assert_eq!(body["error"]["code"], code, "{path}: {body}");
    }
    assert_eq!(scene.model.stats().snapshot().requests, 0);
    let path = "/v1/realtime?model=voice";
    Client::open(scene.gateway.address, path, "k-some").await;
}

#[tokio::test]
async fn what_a_provider_refuses_is_refused_in_its_words() {
    let scene = Scene::start().await;
    for (model, status, kind) in [
        ("gone", 404, "invalid_request_error"),
        // The operator's key is at fault, of which a client can do nothing.
        ("dead", 502, "server_error"),
    ] {
        let path = format!("/v1/realtime?model={model}");
        let client = Client::ask(scene.gateway.address, &path, "k-all").await;
        let (refused, body) = client.refusal().await;
        assert_eq!(refused, status, "{model}: {body}");
        assert_eq!(body["error"]["type"], kind, "{model}: {body}");
    }
    scene
        .model
        .faults()
        .set("status=429".parse().expect("a fault"));
    let path = "/v1/realtime?model=voice";
    let client = Client::ask(scene.gateway.address, path, "k-all").await;
    let (refused, body) = client.refusal().await;
    assert_eq!(refused, 429, "{body}");
    scene
        .logged(&["\"status\":429", "\"subject\":\"all\""])
        .await;
}

#[tokio::test]
async fn a_target_that_is_away_is_passed_over() {
    let scene = Scene::start().await;
    let mut client = open(&scene, "spare").await;
    client.leave().await;
}

#[tokio::test]
async fn a_provider_that_breaks_off_is_an_error() {
    for (fault, code) in [
        ("cut_after_tokens=2", "upstream_truncated"),
        ("malformed_sse", "upstream_malformed"),
    ] {
        let scene = Scene::start().await;
        scene.model.faults().set(fault.parse().expect("a fault"));
        let mut client = open(&scene, "voice").await;
        client.say(&item("100 words")).await;
        client.until("conversation.item.done").await;
        client.say(&json!({ "type": "response.create" })).await;
        let events = client.until("response.done").await;
        let error = events.last().expect("events");
        assert_eq!(error["type"], "error", "{fault}: {error}");
        assert_eq!(error["error"]["code"], code, "{fault}: {error}");
        assert_eq!(client.closed().await.code, 1011, "{fault}");
    }
}

#[tokio::test]
async fn who_leaves_is_gone_upstream() {
    let scene = Scene::start().await;
    let client = open(&scene, "voice").await;
    let stats = scene.model.stats();
    assert_eq!(stats.snapshot().in_flight, 1);
    drop(client);
    for _ in 0..500 {
        if stats.snapshot().in_flight == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(stats.snapshot().in_flight, 0);
}
