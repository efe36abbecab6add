use super::*;

#[tokio::test]
async fn what_a_provider_refuses_is_refused() {
    let server = server();
    let refused = async |path: &str, body: Value| -> String {
        let (status, answer) = ask(&server, path, &body).await;
        assert_eq!(status, 400, "{path} {body} {answer}");
        answer["error"]["message"].as_str().unwrap().to_owned()
    };
    let call = json!({ "id": "a", "type": "function",
        "function": { "name": "f", "arguments": "{}" } });
    let open = json!({ "model": "m", "messages": [{ "role": "user", "content": "x" },
        { "role": "assistant", "content": null, "tool_calls": [call] }] });
    assert!(
        refused("/v1/chat/completions", open)
            .await
            .contains("must be followed")
    );
    let orphan = json!({ "model": "m", "messages": [
        { "role": "tool", "tool_call_id": "a", "content": "x" }] });
    assert!(
        refused("/v1/chat/completions", orphan)
            .await
            .contains("role 'tool'")
    );
    let both = json!({ "model": "m", "max_tokens": 1, "max_completion_tokens": 1,
        "messages": [{ "role": "user", "content": "x" }] });
    assert!(
        refused("/v1/chat/completions", both)
            .await
            .contains("not supported")
    );
    assert!(
        refused("/v1/messages", chat("x"))
            .await
            .contains("max_tokens")
    );
    assert!(
        refused("/v1/messages", message(" "))
            .await
            .contains("non-whitespace")
    );
    let mut foreign = message("x");
    let forged = json!([{ "type": "thinking", "thinking": "t", "signature": "forged" }]);
    let turn = json!({ "role": "assistant", "content": forged });
    foreign["messages"].as_array_mut().unwrap().push(turn);
    assert!(refused("/v1/messages", foreign).await.contains("signature"));
    let mut forced = message("x");
    forced["thinking"] = json!({ "type": "enabled", "budget_tokens": 1024 });
    forced["tools"] = json!([{ "name": "f", "input_schema": { "type": "object" } }]);
    forced["tool_choice"] = json!({ "type": "any" });
    assert!(
        refused("/v1/messages", forced)
            .await
            .contains("forces tool use")
    );
}

#[tokio::test]
async fn keys_and_models_are_checked_in_dialect() {
    let server = server().key("sk-1");
    let (status, answer) = ask(&server, "/v1/chat/completions", &chat("x")).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (401, &json!("invalid_api_key"))
    );
    let (status, answer) = ask(&server, "/v1/messages", &message("x")).await;
    assert_eq!(
        (status, &answer["error"]["type"]),
        (401, &json!("authentication_error"))
    );
    let mut with_key = post("/v1/messages", &message("x"));
    with_key
        .headers_mut()
        .insert("x-api-key", "sk-1".parse().unwrap());
    assert_eq!(send(&server, with_key).await.0, 200);
    let open = super::server();
    let mut missing = chat("x");
    missing["model"] = json!("missing-1");
    let (status, answer) = ask(&open, "/v1/chat/completions", &missing).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (404, &json!("model_not_found"))
    );
    let (status, _) = ask(
        &open,
        "/v1beta/models/missing-x:generateContent",
        &json!({}),
    )
    .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn an_unknown_path_is_refused_in_dialect() {
    let server = server();
    let (status, answer) = ask(&server, "/v1/messages/batches", &json!({})).await;
    assert_eq!(
        (status, &answer["error"]["type"]),
        (404, &json!("not_found_error"))
    );
    let (status, answer) = ask(&server, "/v1/audio/speech", &json!({})).await;
    assert_eq!(
        (status, &answer["error"]["type"]),
        (404, &json!("invalid_request_error"))
    );
    assert_eq!(server.stats().snapshot().requests, 2);
}

#[tokio::test]
async fn system_messages_among_the_others_are_for_those_who_ask_for_them() {
    let server = server();
    let mut body = message("x");
    let told = json!({ "role": "system", "content": "Be brief." });
    body["messages"].as_array_mut().unwrap().push(told);
    let (status, answer) = ask(&server, "/v1/messages", &body).await;
    assert_eq!(status, 400, "{answer}");
    let mut request = post("/v1/messages", &body);
    let betas = "claude-code-20250219,mid-conversation-system-2026-04-07";
    let betas = http::HeaderValue::from_static(betas);
    request.headers_mut().insert("anthropic-beta", betas);
    assert_eq!(send(&server, request).await.0, 200);
}
