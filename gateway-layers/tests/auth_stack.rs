//! The layers that establish who calls, together on a plain axum router: no error handler, no
//! glue, and each optional.
#![cfg(all(
    feature = "api-key",
    feature = "client-ip",
    feature = "jwt",
    feature = "rate-limit",
    feature = "request-id"
))]
#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use axum::{Extension, Router, body::Body, routing::get};
use gateway_core::{Identity, Key};
use gateway_layers::{
    api_key::{ApiKey, ApiKeyLayer},
    client_ip::{ClientIpLayer, PeerAddr},
    jwt::{Algorithm, Issuer, JwtLayer, VerifyingKey},
    rate_limit::{Policy, RateLimitLayer, per_day},
    request_id::RequestIdLayer,
};
use http::{HeaderName, Request, Response};
use tower::{ServiceBuilder, ServiceExt};

fn app() -> Router {
    let secret = b"an example secret of 32 bytes...";
    let secret = VerifyingKey::from_secret(secret, Algorithm::HS256).unwrap();
    let jwt = JwtLayer::builder(Issuer::unnamed([secret]).any_audience())
        .optional(true)
        .build()
        .unwrap();
    let key = |name: &str| ApiKey::new(name, &format!("key-of-{name}"));
    let keys = ApiKeyLayer::new([key("alice"), key("bob")])
        .sources([gateway_layers::api_key::KeySource::header(
            HeaderName::from_static("x-api-key"),
        )])
        .optional(true);
    let limit = RateLimitLayer::new(per_day(2))
        .key(Key::Subject.or(Key::ClientIp))
        .policy(
            Policy::new("everybody", per_day(1_000))
                .unwrap()
                .key(Key::Global),
        );
    let who = |identity: Option<Extension<Identity>>| async move {
        identity.map_or_else(|| "nobody".to_owned(), |who| who.subject().to_owned())
    };
    Router::new().route("/", get(who)).layer(
        ServiceBuilder::new()
            .layer(RequestIdLayer::new())
            .layer(ClientIpLayer::direct())
            .option_layer(Some(jwt))
            .option_layer(Some(keys))
            .option_layer(None::<RateLimitLayer>)
            .layer(limit),
    )
}

async fn call(app: &Router, key: Option<&str>, peer: &str) -> (Response<()>, String) {
    let mut request = Request::get("/").extension(PeerAddr::new(peer.parse().unwrap()));
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    let request = request.body(Body::empty()).unwrap();
    let (head, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let body = axum::body::to_bytes(body, 4_096).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (Response::from_parts(head, ()), text)
}

#[tokio::test]
async fn callers_are_told_apart_by_key_and_strangers_by_address() {
    let app = app();
    let (alice, bob) = (Some("key-of-alice"), Some("key-of-bob"));
    let (home, away) = ("192.0.2.1:1", "192.0.2.2:2");
    for (key, peer, status, who) in [
        (alice, home, 200, "alice"),
        (alice, away, 200, "alice"),
        (alice, home, 429, ""),
        (bob, home, 200, "bob"),
        (None, home, 200, "nobody"),
        (None, home, 200, "nobody"),
        (None, home, 429, ""),
        (None, away, 200, "nobody"),
        (Some("guess"), home, 401, ""),
    ] {
        let (response, body) = call(&app, key, peer).await;
        assert_eq!(response.status(), status, "{key:?} {peer}: {body}");
        assert!(status != 200 || body == who);
    }
}

#[tokio::test]
async fn a_refusal_names_the_request() {
    let (response, body) = call(&app(), Some("guess"), "192.0.2.1:1").await;
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        problem["request_id"],
        response.headers()["x-request-id"].to_str().unwrap()
    );
    assert_eq!(
        (&problem["code"], &problem["layer"]),
        (&"key_invalid".into(), &"api_key".into())
    );
    assert!(response.headers().contains_key("www-authenticate"));
}
