//! Answers over a WebSocket.

use serde_json::json;

use super::{Scene, client::Client};

#[tokio::test]
async fn turns_of_any_model_come_over_one_connection_and_are_counted() {
    let scene = Scene::start().await;
    let mut client = Client::open(scene.gateway.address, "/v1/responses", "k-all").await;
    for model in ["chat", "claude"] {
        let create =
            json!({ "type": "response.create", "model": model, "store": false, "input": "Hello" });
        client.say(&create).await;
        let events = client.until("response.completed").await;
        let last = events.last().expect("events");
        assert_eq!(last["response"]["status"], "completed", "{model}: {last}");
        assert!(events.len() > 3, "{model}: {events:?}");
    }
    let unknown = json!({ "type": "response.create", "model": "none", "input": "Hello" });
    client.say(&unknown).await;
    let error = client.event().await;
    assert_eq!(error["status"], 404, "{error}");
    assert_eq!(error["error"]["code"], "model_not_found", "{error}");
    client.leave().await;
    // Each to the account of the target that answered.
    for call in scene.model.stats().snapshot().calls {
        let provider = match &*call.path {
            "/v1/messages" => "anthropic",
            _ => "openai",
        };
        let tokens = call.completion_tokens;
        let line = format!(
            "gateway_tokens_total{{model=\"{provider}/mock-small\",kind=\"output\"}} {tokens}"
        );
        scene.counted(&line).await;
    }
}
