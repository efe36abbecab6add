use axum::body::Body;
use http::Request;
use jsonwebtoken::Algorithm;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::Validation;
use jsonwebtoken::jwk::JwkSet;
use serde_json::Value;
use serde_json::json;
use tower::ServiceExt;

use super::*;

fn idp() -> IdpServer {
    IdpServer::new("http://idp.test")
}

/// Verifies a token as a relying party would, with nothing but the published keys.
fn verify(keys: &JwkSet, token: &str) -> Option<Value> {
    let header = jsonwebtoken::decode_header(token).unwrap();
    let key = DecodingKey::from_jwk(keys.find(&header.kid?)?).unwrap();
    let mut rules = Validation::new(header.alg);
    rules.set_issuer(&["http://idp.test"]);
    rules.validate_aud = false;
    jsonwebtoken::decode::<Value>(token, &key, &rules)
        .ok()
        .map(|data| data.claims)
}

async fn send(idp: &IdpServer, request: Request<Body>) -> (u16, String) {
    let response = idp.router().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn get(idp: &IdpServer, path: &str) -> (u16, String) {
    send(idp, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn token(idp: &IdpServer, form: &str) -> (u16, String) {
    send(
        idp,
        Request::post("/token")
            .body(Body::from(form.to_owned()))
            .unwrap(),
    )
    .await
}

#[test]
fn tokens_of_both_algorithms_verify_and_forgeries_do_not() {
    let idp = idp();
    let claims = json!({ "sub": "alice", "scope": "a b" });
    for algorithm in [Algorithm::RS256, Algorithm::ES256] {
        let token = idp.mint_with(algorithm, &claims);
        assert_eq!(jsonwebtoken::decode_header(&token).unwrap().alg, algorithm);
        assert_eq!(verify(&idp.jwks(), &token).unwrap()["sub"], "alice");
    }
    assert_eq!(verify(&idp.jwks(), &idp.forge(&claims)), None);
    assert_eq!(verify(&idp.jwks(), &idp.mint(&json!({ "exp": 1 }))), None);
}

#[test]
fn former_keys_stay_published_until_they_are_retired() {
    let idp = idp();
    let old = idp.mint(&json!({}));
    idp.rotate();
    let new = idp.mint(&json!({}));
    assert_eq!(idp.jwks().keys.len(), 4);
    assert!(verify(&idp.jwks(), &old).is_some() && verify(&idp.jwks(), &new).is_some());
    idp.retire();
    assert_eq!(idp.jwks().keys.len(), 2);
    assert!(verify(&idp.jwks(), &old).is_none() && verify(&idp.jwks(), &new).is_some());
}

#[tokio::test]
async fn a_form_is_all_it_takes() {
    let idp = idp();
    let (status, bare) = token(&idp, "sub=alice&scope=orders%3Aread+x&aud=a&aud=b&team=red").await;
    assert_eq!(status, 200);
    let claims = verify(&idp.jwks(), &bare).unwrap();
    assert_eq!(
        (&claims["sub"], &claims["scope"]),
        (&json!("alice"), &json!("orders:read x"))
    );
    assert_eq!(
        (&claims["aud"], &claims["team"]),
        (&json!(["a", "b"]), &json!("red"))
    );
    let (_, expired) = token(&idp, "sub=alice&ttl=-600").await;
    assert_eq!(verify(&idp.jwks(), &expired), None);
    let (_, standard) = token(&idp, "grant_type=client_credentials&alg=ES256").await;
    let standard: Value = serde_json::from_str(&standard).unwrap();
    assert!(verify(&idp.jwks(), standard["access_token"].as_str().unwrap()).is_some());
    assert_eq!(token(&idp, "alg=none").await.0, 400);
    assert_eq!(token(&idp, "ttl=soon").await.0, 400);
}

#[tokio::test]
async fn discovery_leads_to_the_keys_and_faults_get_in_the_way() {
    let idp = idp();
    let (_, text) = get(&idp, "/.well-known/openid-configuration").await;
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["jwks_uri"], "http://idp.test/jwks");
    let (_, keys) = get(&idp, "/jwks").await;
    let keys: JwkSet = serde_json::from_str(&keys).unwrap();
    assert_eq!(keys, idp.jwks());
    idp.faults().set("html,path=/jwks".parse().unwrap());
    assert!(get(&idp, "/jwks").await.1.starts_with("<!doctype html>"));
    assert_eq!(get(&idp, "/.well-known/openid-configuration").await.0, 200);
    assert_eq!(idp.stats().snapshot().paths["/jwks"], 2);
}
