use super::*;

#[tokio::test]
async fn faults_are_committed_in_dialect() {
    let server = server();
    server
        .faults()
        .set("status=429,retry_after=2,times=1".parse().unwrap());
    let (status, headers, _) = send(&server, post("/v1/messages", &message("x"))).await;
    assert_eq!(
        (status, headers["retry-after"].to_str().unwrap()),
        (429, "2")
    );
    assert_eq!(ask(&server, "/v1/messages", &message("x")).await.0, 200);

    server
        .faults()
        .set("error_event_after_chunks=1".parse().unwrap());
    let events = events(&server, "/v1/messages", &streamed(message("x"))).await;
    assert_eq!(events.last().unwrap()["type"], "error");
    assert_eq!(ask(&server, "/v1/messages", &message("x")).await.0, 500);

    server.faults().set("cut_after_tokens=3".parse().unwrap());
    let (_, _, bytes) = send(&server, post("/v1/chat/completions", &streamed(chat("x")))).await;
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.ends_with("<broken>") && !text.contains("[DONE]"),
        "{text}"
    );
    assert_eq!(text.matches("data: ").count(), 4);
    let calls = server.stats().snapshot().calls;
    assert_eq!(
        (
            calls.last().unwrap().outcome,
            calls.last().unwrap().completion_tokens
        ),
        ("faulted", 3)
    );
}

#[tokio::test]
async fn a_header_makes_one_request_fail() {
    let server = server();
    let mut request = post("/v1/messages", &message("x"));
    request
        .headers_mut()
        .insert("x-mock-fault", "html".parse().unwrap());
    let (status, headers, _) = send(&server, request).await;
    assert_eq!(
        (status, headers["content-type"].to_str().unwrap()),
        (200, "text/html; charset=utf-8")
    );
    let mut request = post("/v1/messages", &message("x"));
    request
        .headers_mut()
        .insert("x-mock-fault", "htlm".parse().unwrap());
    assert_eq!(send(&server, request).await.0, 400);
    assert_eq!(ask(&server, "/v1/messages", &message("x")).await.0, 200);
}

#[tokio::test]
async fn faults_are_switched_over_http() {
    let server = server();
    let fault = |body: &'static str| Request::post("/__fault").body(Body::from(body)).unwrap();
    assert_eq!(send(&server, fault("status=500")).await.0, 200);
    assert_eq!(ask(&server, "/v1/messages", &message("x")).await.0, 500);
    let (status, _, text) = send(&server, fault("status=5000")).await;
    assert_eq!(status, 400);
    assert!(
        String::from_utf8(text)
            .unwrap()
            .contains("between 400 and 599")
    );
    let clear = Request::delete("/__fault").body(Body::empty()).unwrap();
    assert_eq!(send(&server, clear).await.0, 200);
    assert_eq!(ask(&server, "/v1/messages", &message("x")).await.0, 200);
}
