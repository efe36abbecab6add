use std::{convert::Infallible, time::Duration};

use gateway_core::{Body, Identity, Key, testing::Contract};
use http::HeaderName;
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use super::*;
use crate::api_key::ApiKeyLayer;

gateway_core::contract!(
    with_a_key,
    layer(),
    clones = 0,
    request = || {
        let mut request = Contract::default_request();
        let key = HeaderValue::from_static("Bearer alice-key");
        request.headers_mut().insert(header::AUTHORIZATION, key);
        request
    }
);
gateway_core::contract!(without_a_key, layer().optional(true), clones = 0);

fn layer() -> ApiKeyLayer {
    ApiKeyLayer::new([
        ApiKey::new("alice", "alice-key")
            .tenant("blue")
            .scopes(["read"])
            .models(["fast"]),
        ApiKey::new("bob", "bob-key").expires(SystemTime::UNIX_EPOCH + Duration::from_secs(1)),
    ])
}

/// Answers with what the inner service saw.
async fn call(layer: &ApiKeyLayer, lines: &[(&'static str, &str)]) -> Response<Body> {
    let service = layer.layer(service_fn(|request: Request<Body>| async move {
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = request.headers().clone();
        *response.extensions_mut() = request.extensions().clone();
        Ok::<_, Infallible>(response)
    }));
    let mut request = Request::new(Body::empty());
    for (name, value) in lines {
        let name = HeaderName::from_static(name);
        request.headers_mut().append(name, value.parse().unwrap());
    }
    let Ok(response) = service.oneshot(request).await;
    response
}

fn code(response: &Response<Body>) -> (u16, &str) {
    let error = response.extensions().get::<GatewayError>();
    (
        response.status().as_u16(),
        error.map_or("", GatewayError::code),
    )
}

#[tokio::test]
async fn a_known_key_is_an_identity_and_goes_no_further() {
    let response = call(&layer(), &[("x-api-key", "alice-key"), ("accept", "*/*")]).await;
    assert_eq!(code(&response), (200, ""));
    let identity = response.extensions().get::<Identity>().unwrap();
    assert_eq!(
        (identity.issuer(), identity.subject()),
        ("api_key", "alice")
    );
    assert_eq!(identity.tenant(), Some("blue"));
    assert!(identity.has_scope("read"));
    assert_eq!(identity.claim("models"), Some(&serde_json::json!(["fast"])));
    assert_eq!(response.headers().len(), 1, "the key is stripped");
    let kept = call(&layer().strip(false), &[("x-api-key", "alice-key")]).await;
    assert_eq!(kept.headers()["x-api-key"], "alice-key");
}

#[tokio::test]
async fn refusals_have_a_code_and_a_challenge() {
    for (lines, expected, challenge) in [
        (&[][..], (401, "auth_required"), "Bearer realm=\"gateway\""),
        (
            &[("x-api-key", "mallory")],
            (401, "key_invalid"),
            "Bearer realm=\"gateway\", error=\"invalid_token\"",
        ),
        (
            &[("x-api-key", "bob-key")],
            (401, "key_expired"),
            "Bearer realm=\"gateway\", error=\"invalid_token\"",
        ),
        (
            &[("authorization", "Bearer ")],
            (401, "key_invalid"),
            "Bearer realm=\"gateway\", error=\"invalid_token\"",
        ),
        (
            &[("x-api-key", "alice-key"), ("api-key", "bob-key")],
            (401, "key_invalid"),
            "Bearer realm=\"gateway\", error=\"invalid_token\"",
        ),
    ] {
        let response = call(&layer(), lines).await;
        assert_eq!(code(&response), expected, "{lines:?}");
        assert_eq!(response.headers()["www-authenticate"], challenge);
        assert!(response.extensions().get::<Identity>().is_none());
        let body = String::from_utf8_lossy(response.body().as_bytes().unwrap()).into_owned();
        assert!(!body.contains("mallory") && !body.contains("bob"), "{body}");
    }
    let single = layer()
        .sources([KeySource::header(HeaderName::from_static("x-key"))])
        .realm("a\"b");
    let response = call(&single, &[]).await;
    assert_eq!(
        response.headers()["www-authenticate"],
        "ApiKey realm=\"ab\", header=\"x-key\""
    );
}

#[tokio::test]
async fn optional_lets_strangers_pass_but_not_liars() {
    let layer = layer().optional(true);
    let stranger = call(&layer, &[]).await;
    assert_eq!(code(&stranger), (200, ""));
    assert!(stranger.extensions().get::<Identity>().is_none());
    assert_eq!(
        code(&call(&layer, &[("api-key", "wrong")]).await),
        (401, "key_invalid")
    );
}

#[tokio::test]
async fn upstream_is_told_who_calls_by_us_alone() {
    let layer = layer()
        .optional(true)
        .claim_to_header("sub", HeaderName::from_static("x-consumer-id"));
    let forged = [
        ("x-consumer-id", "root"),
        ("x_consumer_id", "root"),
        ("connection", "x-consumer-id"),
    ];
    let known = call(&layer, &[&forged[..], &[("api-key", "alice-key")]].concat()).await;
    let told: Vec<_> = known.headers().get_all("x-consumer-id").iter().collect();
    assert_eq!(told, ["alice"]);
    assert_eq!(known.headers().len(), 1);
    assert!(call(&layer, &forged).await.headers().is_empty());
}

#[tokio::test]
async fn other_layers_key_on_the_id() {
    let response = call(&layer(), &[("api-key", "alice-key")]).await;
    let key = Key::ApiKey.eval_parts(None, response.headers(), response.extensions());
    assert!(key.unwrap().as_str().ends_with("alice"));
}

#[tokio::test]
async fn the_outcome_learns_of_it() {
    let outcome = Outcome::new();
    let service = layer().layer(service_fn(|_: Request<Body>| async {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    }));
    let request = Request::builder()
        .header("api-key", "alice-key")
        .extension(outcome.clone())
        .body(Body::empty())
        .unwrap();
    let Ok(_) = service.oneshot(request).await;
    assert_eq!(outcome.take().identity.unwrap().subject(), "alice");
}
