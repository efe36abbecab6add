use super::*;

#[tokio::test]
async fn tokens_are_counted_and_vectors_have_length_one() {
    let server = server();
    let (_, count) = ask(
        &server,
        "/v1/messages/count_tokens",
        &message("one two, three"),
    )
    .await;
    assert_eq!(count, json!({ "input_tokens": 4 }));
    let said = json!({ "contents": [{ "parts": [{ "text": "one two, three" }] }] });
    for request in [said.clone(), json!({ "generateContentRequest": said })] {
        let (_, count) = ask(&server, "/v1beta/models/m:countTokens", &request).await;
        assert_eq!(count, json!({ "totalTokens": 4 }));
    }
    let request = json!({ "model": "e", "input": ["a", "b c"], "dimensions": 8 });
    let (_, list) = ask(&server, "/v1/embeddings", &request).await;
    let vector = list["data"][1]["embedding"].as_array().unwrap();
    let norm: f64 = vector.iter().map(|x| x.as_f64().unwrap().powi(2)).sum();
    assert!(vector.len() == 8 && (norm - 1.0).abs() < 1e-5);
    assert_eq!(list["usage"]["prompt_tokens"], 3);
}

#[tokio::test]
async fn requests_are_kept_for_the_test_to_look_at() {
    let server = server();
    ask(&server, "/v1/messages", &message("look at me")).await;
    let last = server.stats().last().unwrap();
    assert_eq!(last.method, http::Method::POST);
    assert_eq!(last.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(last.json()["messages"][0]["content"], "look at me");
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let (_, _, stats) = send(&server, get("/__stats")).await;
    let stats: Value = serde_json::from_slice(&stats).unwrap();
    assert_eq!(stats["paths"], json!({ "/v1/messages": 1 }));
}

#[tokio::test]
async fn cached_input_is_counted_as_each_dialect_does() {
    let server = server();
    let marked = |text: &str, ttl: &str| {
        let mark = json!({ "type": "ephemeral", "ttl": ttl });
        json!({ "type": "text", "text": text, "cache_control": mark })
    };
    let request = json!({ "model": "m", "max_tokens": 100, "system": [marked("one two three", "1h")],
        "messages": [{ "role": "user", "content": [marked("four five", "5m"),
            { "type": "text", "text": "six" }] }] });
    let (_, a) = ask(&server, "/v1/messages", &request).await;
    let usage = &a["usage"];
    assert_eq!(
        (&usage["input_tokens"], &usage["cache_read_input_tokens"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(usage["cache_creation"]["ephemeral_1h_input_tokens"], 3);
    let events = events(&server, "/v1/messages", &streamed(request)).await;
    let last = &events[events.len() - 2]["usage"];
    assert_eq!(
        (&last["input_tokens"], &last["cache_creation_input_tokens"]),
        (&json!(1), &json!(3))
    );
    let mut request = chat("one two three four");
    request["prompt_cache_key"] = json!("k");
    let (_, c) = ask(&server, "/v1/chat/completions", &request).await;
    assert_eq!(c["usage"]["prompt_tokens"], 4);
    assert_eq!(c["usage"]["prompt_tokens_details"]["cached_tokens"], 2);
    let content =
        json!([{ "text": "one two" }, { "cachePoint": { "type": "default" } }, { "text": "x" }]);
    let request = json!({ "messages": [{ "role": "user", "content": content }] });
    let (_, b) = ask(&server, "/model/m/converse", &request).await;
    assert_eq!(
        (
            &b["usage"]["inputTokens"],
            &b["usage"]["cacheReadInputTokens"]
        ),
        (&json!(1), &json!(2))
    );
    assert_eq!(server.stats().snapshot().prompt_tokens, 6 + 6 + 4 + 3);
}
