//! Tokens that were verified before.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::{
    builder, good, keys, layer,
    remote::{call, ok},
    support::{Caller, code, sign},
};
use crate::jwt::{Algorithm, Issuer, JwtLayer};

#[tokio::test]
async fn a_remembered_token_costs_no_signature_until_it_expires() {
    let key = crate::jwt::VerifyingKey::from_pem(keys::RSA1_PUBLIC).unwrap();
    let issuer = Issuer::unnamed([key])
        .audience("api")
        .leeway(Duration::ZERO);
    let layer = JwtLayer::builder(issuer).build().unwrap();
    let soon = super::support::now() + 2;
    let token = sign(
        Algorithm::RS256,
        keys::RSA1,
        &json!({}),
        &json!({"exp": soon}),
    );
    assert_eq!(call(&layer, &token).await, ok());
    assert_eq!(layer.shared.verifier.verified.len(), 1);
    sleep(Duration::from_millis(2_100)).await;
    assert_eq!(call(&layer, &token).await, (401, "jwt_expired".to_owned()));
}

#[tokio::test]
async fn the_memory_is_bounded() {
    let secret = crate::jwt::VerifyingKey::from_secret(keys::SECRET.as_bytes(), Algorithm::HS256);
    let issuer = Issuer::unnamed([secret.unwrap()]).audience("api");
    let layer = JwtLayer::builder(issuer)
        .remember(64 * 1_024)
        .build()
        .unwrap();
    for n in 0..500 {
        let token = sign(Algorithm::HS256, keys::SECRET, &json!({}), &json!({"n": n}));
        assert_eq!(call(&layer, &token).await, ok());
    }
    let verified = &layer.shared.verifier.verified;
    assert!(
        verified.weight() <= 64 * 1_024 && verified.len() < 60,
        "{}",
        verified.len()
    );
    assert!(!verified.is_empty());
}

#[tokio::test]
async fn tokens_are_remembered_but_never_shown() {
    let (layer, token) = (layer(), good());
    Caller::new(&layer).bearer(&token).call().await;
    assert_eq!(layer.shared.verifier.verified.len(), 1);
    let shown = format!("{layer:?}");
    assert!(
        !shown.contains(&token) && !shown.contains("alice"),
        "{shown}"
    );
    let forgetful = builder().remember(0).build().unwrap();
    for _ in 0..2 {
        let response = Caller::new(&forgetful).bearer(&token).call().await;
        assert_eq!(code(&response), (200, ""));
    }
    assert_eq!(forgetful.shared.verifier.verified.len(), 0);
}
