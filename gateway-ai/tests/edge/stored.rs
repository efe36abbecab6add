//! Answers that a provider keeps: asked for again, continued, and by whom.

use gateway_ai::models::{Keys, Models, target};

use crate::{
    responses::{REPLY, RESPONSES, request, stream},
    support::{Answer, Double, ask, gateway, json, models, post, text},
};

fn get(path: &str) -> gateway_core::Request {
    http::Request::get(path)
        .body(gateway_core::Body::empty())
        .unwrap()
}

#[tokio::test]
async fn kept_answers_are_asked_for_where_they_are() {
    for (method, path, sent) in [
        (
            "GET",
            "/v1/responses/resp_1?include=x",
            "/responses/resp_1?include=x",
        ),
        ("DELETE", "/v1/responses/resp_1", "/responses/resp_1"),
        (
            "POST",
            "/responses/resp_1/cancel",
            "/responses/resp_1/cancel",
        ),
        (
            "GET",
            "/v1/responses/resp_1/input_items",
            "/responses/resp_1/input_items",
        ),
        ("POST", "/v1/conversations", "/conversations"),
        (
            "GET",
            "/v1/conversations/conv_1/items/msg_1",
            "/conversations/conv_1/items/msg_1",
        ),
    ] {
        let double = Double::new([Answer::json(200, REPLY)]);
        let mut request = get(path);
        *request.method_mut() = method.parse().unwrap();
        let key = "Bearer client".parse().unwrap();
        request.headers_mut().insert("authorization", key);
        let response = ask(gateway(&double), request).await;
        assert_eq!(text(response).await, REPLY, "{method} {path}");
        let seen = &double.seen()[0];
        assert_eq!(seen.uri, format!("https://api.openai.com/v1{sent}"));
        assert_eq!(seen.headers["authorization"], "Bearer sk-operator");
    }
}

#[tokio::test]
async fn what_the_keeper_says_of_an_answer_reaches_the_client() {
    let missing = r#"{"error":{"message":"no such response","type":"invalid_request_error","param":"id","code":null}}"#;
    let double = Double::new([
        Answer::json(404, missing),
        Answer::json(401, "{}"),
        Answer::Unreachable,
    ]);
    let gateway = gateway(&double);
    let response = ask(gateway.clone(), get("/v1/responses/resp_9")).await;
    assert_eq!(response.status(), 404);
    assert_eq!(text(response).await, missing);
    // A dead key is the operator's, and so is a dead provider.
    for _ in 0..2 {
        let response = ask(gateway.clone(), get("/v1/responses/resp_9")).await;
        assert_eq!(response.status(), 502);
    }
}

#[tokio::test]
async fn an_answer_belongs_to_the_tenant_it_was_given_to() {
    use gateway_core::{Identity, context::IdentityKind};
    let identity =
        |tenant: &str| Identity::new(IdentityKind::ApiKey, "keys", "a").with_tenant(tenant);
    let steps = stream();
    let frames: Vec<&str> = steps.iter().map(String::as_str).collect();
    for streamed in [false, true] {
        let first = if streamed {
            Answer::frames(&frames)
        } else {
            Answer::json(200, REPLY)
        };
        let double = Double::new([first, Answer::json(200, REPLY), Answer::json(200, REPLY)]);
        let gateway = gateway(&double);
        let mut asked = post(
            RESPONSES,
            request("gpt", &format!(r#","stream":{streamed}"#)),
        );
        asked.extensions_mut().insert(identity("one"));
        text(ask(gateway.clone(), asked).await).await;
        for (tenant, status, next) in [("one", 200, 200), ("two", 404, 400)] {
            let mut again = get("/v1/responses/resp_1");
            again.extensions_mut().insert(identity(tenant));
            assert_eq!(
                ask(gateway.clone(), again).await.status(),
                status,
                "{tenant}"
            );
            let body = request("gpt", r#","previous_response_id":"resp_1""#);
            let mut more = post(RESPONSES, body);
            more.extensions_mut().insert(identity(tenant));
            assert_eq!(ask(gateway.clone(), more).await.status(), next, "{tenant}");
        }
    }
}

#[tokio::test]
async fn what_continues_an_answer_goes_to_who_can_know_it() {
    // `fast` has OpenAI first; here the other one would be asked first.
    let double = Double::new([Answer::json(200, REPLY)]);
    let gateway = models(&double)
        .alias(
            "mixed",
            [
                target("anthropic/claude-haiku-4-5"),
                target("openai/gpt-4o-mini"),
            ],
        )
        .service()
        .unwrap();
    let body = request("mixed", r#","previous_response_id":"resp_0""#);
    let response = ask(gateway, post(RESPONSES, body)).await;
    assert_eq!(response.status(), 200);
    assert_eq!(double.seen()[0].uri, "https://api.openai.com/v1/responses");
}

#[tokio::test]
async fn a_gateway_without_the_api_says_so() {
    let double = Double::new([]);
    let gateway = Models::new()
        .alias("claude", [target("anthropic/claude-haiku-4-5")])
        .keys(Keys::new().key("anthropic", "sk"))
        .client(double.client())
        .service()
        .unwrap();
    let response = ask(gateway, get("/v1/responses/resp_1")).await;
    assert_eq!(response.status(), 400);
    let error = json(response).await["error"].take();
    assert!(error["message"].as_str().unwrap().contains("Responses API"));
}
