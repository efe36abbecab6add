//! Bad input: refused in the dialect of whoever sent it, before any provider is asked.

use gateway_ai::edge::AiFormatLayer;
use gateway_core::{Body, ErrorKind, GatewayError, Identity, Responder, Response};
use serde_json::Value;
use tower::{Layer, ServiceExt};

use crate::support::{
    Answer, CHAT, CHAT_REPLY, Double, MESSAGES, ask, chat_request, gateway, header, json,
    messages_request, models, post, text,
};

/// Sends a body to both dialects and expects the same status, each in its own shape.
async fn refused(body: &str, status: u16) -> [Value; 2] {
    let mut errors = [Value::Null, Value::Null];
    for (index, path) in [CHAT, MESSAGES].into_iter().enumerate() {
        let response = ask(gateway(&Double::default()), post(path, body.to_owned())).await;
        assert_eq!(response.status(), status, "{path} {body:.80}");
        assert!(response.extensions().get::<GatewayError>().is_some());
        assert_eq!(header(&response, "content-type"), "application/json");
        let length = header(&response, "content-length")
            .parse::<usize>()
            .unwrap();
        let body = text(response).await;
        assert_eq!(body.len(), length);
        errors[index] = serde_json::from_str(&body).unwrap();
    }
    let [chat, messages] = &errors;
    for member in ["message", "type", "param", "code"] {
        assert!(chat["error"].get(member).is_some(), "{member}: {chat}");
    }
    assert_eq!(messages["type"], "error");
    assert!(messages["error"]["type"].is_string() && messages["error"]["message"].is_string());
    errors
}

#[tokio::test]
async fn bodies_that_are_no_request() {
    for body in [
        "",
        "no json",
        "[]",
        "\"x\"",
        "{",
        "{}x",
        "{\"messages\":[]}",
        "{\"model\":5}",
    ] {
        let [chat, messages] = refused(body, 400).await;
        assert_eq!(chat["error"]["type"], "invalid_request_error", "{body}");
        assert_eq!(messages["error"]["type"], "invalid_request_error", "{body}");
    }
    let [chat, _] = refused("{\"messages\":[]}", 400).await;
    assert_eq!(chat["error"]["param"], "model");
}

#[tokio::test]
async fn keys_the_gateway_decides_by_cannot_be_smuggled() {
    for body in [
        r#"{"model":"gpt","model":"claude","messages":[]}"#,
        r#"{"model":"gpt","Model":"claude","messages":[]}"#,
        r#"{"model":"gpt","mod\u0065l":"claude","messages":[]}"#,
        r#"{"model":"gpt","stream":false,"STREAM":true,"messages":[]}"#,
        r#"{"model":"gpt","stream":"yes","messages":[]}"#,
    ] {
        refused(body, 400).await;
    }
}

#[tokio::test]
async fn depth_bombs() {
    let deep = format!(
        r#"{{"model":"gpt","x":{}1{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    refused(&deep, 400).await;
}

#[tokio::test]
async fn unknown_models() {
    for model in [
        "none",
        "openai/../x",
        "nobody/x",
        "openai/",
        "/",
        "openai/a b",
        "openai/a?b",
    ] {
        let body = format!(r#"{{"model":"{model}","messages":[]}}"#);
        let [chat, messages] = refused(&body, 404).await;
        assert_eq!(chat["error"]["code"], "model_not_found");
        assert_eq!(messages["error"]["type"], "not_found_error");
    }
}

#[tokio::test]
async fn bodies_over_the_limit() {
    let large = chat_request("gpt", false).replace("hi", &"x".repeat(5 << 20));
    let [_, messages] = refused(&large, 413).await;
    assert_eq!(messages["error"]["type"], "request_too_large");

    let double = Double::new([Answer::json(200, CHAT_REPLY)]);
    let ai = models(&double).service().unwrap().request_limit(6 << 20);
    assert_eq!(ask(ai, post(CHAT, large)).await.status(), 200);
}

#[tokio::test]
async fn replies_over_the_limit() {
    let huge = CHAT_REPLY.replace("Hello", &"x".repeat(33 << 20));
    let double = Double::new([Answer::json(200, huge)]);
    let response = ask(gateway(&double), post(CHAT, chat_request("gpt", false))).await;
    assert_eq!(response.status(), 502);
}

#[tokio::test]
async fn compressed_bodies() {
    let mut request = post(CHAT, chat_request("gpt", false));
    request
        .headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    let response = ask(gateway(&Double::default()), request).await;
    assert_eq!(response.status(), 415);
    assert!(json(response).await["error"]["message"].is_string());
}

#[tokio::test]
async fn unknown_paths_and_methods() {
    for (method, path, status, format) in [
        ("POST", "/v1/nothing", 404, "openai"),
        ("GET", CHAT, 405, "openai"),
        ("GET", MESSAGES, 405, "anthropic"),
        ("POST", "/v1/messages/batches", 404, "anthropic"),
        ("POST", "/elsewhere", 404, "problem"),
    ] {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty())
            .unwrap();
        let response = ask(gateway(&Double::default()), request).await;
        assert_eq!(response.status(), status, "{method} {path}");
        if status == 405 {
            assert_eq!(header(&response, "allow"), "POST");
        }
        let body = json(response).await;
        match format {
            "openai" => assert!(body["error"]["code"].is_string(), "{body}"),
            "anthropic" => assert_eq!(body["type"], "error", "{body}"),
            _ => assert_eq!(body["code"], "no_route", "{body}"),
        }
    }
}

#[tokio::test]
async fn layers_outside_refuse_in_the_dialect_too() {
    let refuse = tower::service_fn(async |request: gateway_core::Request| {
        Ok::<Response, GatewayError>(Responder::of(&request).refuse(ErrorKind::KeyInvalid))
    });
    let service = AiFormatLayer::new().layer(refuse);
    let openai = service.oneshot(post(CHAT, "")).await.unwrap();
    assert_eq!(json(openai).await["error"]["code"], "invalid_api_key");
    let anthropic = service.oneshot(post(MESSAGES, "")).await.unwrap();
    assert_eq!(
        json(anthropic).await["error"]["type"],
        "authentication_error"
    );
}

#[tokio::test]
async fn a_key_with_a_list_of_models_sees_no_other() {
    let double = Double::new([Answer::json(200, CHAT_REPLY)]);
    let ai = gateway(&double);
    let identity = || {
        let kind = gateway_core::context::IdentityKind::ApiKey;
        let claims = serde_json::Map::from_iter([("models".to_owned(), ["gpt"].into())]);
        Identity::new(kind, "keys", "a").with_claims(claims)
    };
    for (model, status) in [("gpt", 200), ("claude", 404), ("openai/gpt-4o-mini", 404)] {
        let mut request = post(CHAT, chat_request(model, false));
        request.extensions_mut().insert(identity());
        assert_eq!(ask(ai.clone(), request).await.status(), status, "{model}");
    }
    let mut request = http::Request::get("/v1/models")
        .body(Body::empty())
        .unwrap();
    request.extensions_mut().insert(identity());
    let list = json(ask(ai, request).await).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
}

#[tokio::test]
async fn a_bad_timeout_header() {
    let mut request = post(MESSAGES, messages_request("gpt", false));
    request
        .headers_mut()
        .insert("x-gateway-timeout", "soon".parse().unwrap());
    let response = ask(gateway(&Double::default()), request).await;
    assert_eq!(response.status(), 400);
    assert_eq!(
        json(response).await["error"]["type"],
        "invalid_request_error"
    );
}
