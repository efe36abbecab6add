//! The list of jwt_tool, RFC 8725, and what libraries were caught with. None may pass.

use serde_json::{Value, json};

use super::{
    issuer::{Double, KEYS_URL, jwk},
    keys,
    support::{Caller, code, sign, signature, unsigned},
};
use crate::jwt::{Algorithm, Issuer, JwtLayer, VerifyingKey, base64url};

pub(super) fn layer() -> JwtLayer {
    let rsa = VerifyingKey::from_pem(keys::RSA1_PUBLIC)
        .unwrap()
        .with_id("rsa");
    let ec = VerifyingKey::from_pem(keys::EC1_PUBLIC)
        .unwrap()
        .with_id("ec");
    let issuer = Issuer::keys("https://id.example.com", [rsa, ec]).audience("api");
    JwtLayer::builder(issuer).build().unwrap()
}

pub(super) async fn accepted(layer: &JwtLayer, token: &str) -> bool {
    let response = Caller::new(layer).bearer(token).call().await;
    assert!(
        [200, 401].contains(&response.status().as_u16()),
        "{:?}",
        code(&response)
    );
    response.status() == 200
}

pub(super) async fn refuses(layer: &JwtLayer, tokens: impl IntoIterator<Item = String>) {
    // What is honest passes, so that what follows is refused for its own sake.
    assert!(accepted(layer, &honest()).await);
    for token in tokens {
        assert!(!accepted(layer, &token).await, "{token}");
        // Nor from memory.
        assert!(!accepted(layer, &token).await, "{token}");
    }
}

pub(super) fn honest() -> String {
    sign(Algorithm::RS256, keys::RSA1, &json!({}), &json!({}))
}

pub(super) fn with(signed: &str, signature: impl AsRef<[u8]>) -> String {
    format!("{signed}.{}", base64url::encode(signature))
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let public = [
        keys::RSA1_PUBLIC,
        keys::RSA1_PUBLIC.trim(),
        keys::EC1_PUBLIC,
        keys::EC1_PUBLIC.trim(),
    ];
    let tokens = public.into_iter().flat_map(|pem| {
        ["HS256", "HS384", "HS512"].map(|name| {
            let algorithm: Algorithm = name.parse().unwrap();
            let signed = unsigned(name, &json!({"kid": "rsa"}), &json!({}));
            with(&signed, signature(algorithm, pem, signed.as_bytes()))
        })
    });
    refuses(&layer(), tokens).await;
}

#[tokio::test]
async fn keys_that_the_token_brings() {
    let key = jwk("mine", keys::EC2_PUBLIC);
    let headers = [
        json!({"jwk": key}),
        json!({"jwk": key, "kid": "mine"}),
        json!({"jwk": key, "kid": "ec"}),
        json!({"jku": "https://evil.example.com/keys", "kid": "mine"}),
        json!({"jku": "https://id.example.com@evil.example.com/keys"}),
        json!({"x5u": "https://evil.example.com/cert.pem"}),
        json!({"x5c": [base64url::encode(b"certificate")]}),
    ];
    let forge = |header: &Value| sign(Algorithm::ES256, keys::EC2, header, &json!({}));
    refuses(&layer(), headers.iter().map(forge)).await;
    // And nobody is asked for them.
    let double = Double::with_key("ec", keys::EC1_PUBLIC);
    let remote = double.layer(|builder| builder);
    for header in &headers {
        assert!(!accepted(&remote, &forge(header)).await);
    }
    let asked = double.script.lock().unwrap().asked.clone();
    assert!(asked.iter().all(|uri| uri == KEYS_URL), "{asked:?}");
}

#[tokio::test]
async fn key_ids_are_names_and_nothing_else() {
    let long = "k".repeat(4_096);
    let ids = [
        "../../../../dev/null",
        "/dev/null",
        "' UNION SELECT 'secret",
        "| sleep 5",
        "rsa\0",
        "RSA",
        "",
        "file:///etc/passwd",
        &long,
    ];
    let forged = ids.map(|id| {
        sign(
            Algorithm::RS256,
            keys::RSA1,
            &json!({"kid": id}),
            &json!({}),
        )
    });
    refuses(&layer(), forged).await;
    let empty = ids.map(|id| {
        let signed = unsigned("HS256", &json!({"kid": id}), &json!({}));
        let sig = signature(Algorithm::HS256, "", signed.as_bytes());
        with(&signed, sig)
    });
    refuses(&layer(), empty).await;
}

#[tokio::test]
async fn algorithms_of_another_key() {
    let mut tokens = Vec::new();
    // Signed honestly with one algorithm, declared as another.
    for (name, algorithm, key) in [
        ("PS256", Algorithm::RS256, keys::RSA1),
        ("RS256", Algorithm::PS256, keys::RSA1),
        ("RS384", Algorithm::RS256, keys::RSA1),
        ("ES384", Algorithm::ES256, keys::EC1),
        ("ES256", Algorithm::ES384, keys::EC384),
        ("EdDSA", Algorithm::ES256, keys::EC1),
        ("RS256", Algorithm::ES256, keys::EC1),
        ("ES256", Algorithm::RS256, keys::RSA1),
    ] {
        let signed = unsigned(name, &json!({}), &json!({}));
        tokens.push(with(&signed, signature(algorithm, key, signed.as_bytes())));
    }
    // The right algorithm under the name of another key.
    tokens.push(sign(
        Algorithm::RS256,
        keys::RSA1,
        &json!({"kid": "ec"}),
        &json!({}),
    ));
    tokens.push(sign(
        Algorithm::ES256,
        keys::EC1,
        &json!({"kid": "rsa"}),
        &json!({}),
    ));
    refuses(&layer(), tokens).await;
}

#[tokio::test]
async fn an_algorithm_that_is_not_wanted() {
    let rsa = VerifyingKey::from_pem(keys::RSA1_PUBLIC).unwrap();
    let issuer = Issuer::keys("https://id.example.com", [rsa])
        .audience("api")
        .algorithms([Algorithm::RS256]);
    let layer = JwtLayer::builder(issuer).build().unwrap();
    let others = [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256];
    let sign = |algorithm| sign(algorithm, keys::RSA1, &json!({}), &json!({}));
    refuses(&layer, others.map(sign)).await;
}

#[tokio::test]
async fn extensions_nobody_understands() {
    let headers = [
        json!({"crit": ["exp"]}),
        json!({"crit": []}),
        json!({"crit": ["b64"], "b64": false}),
        json!({"typ": "secevent+jwt"}),
        json!({"typ": "dpop+jwt"}),
    ];
    let tokens = headers.map(|header| sign(Algorithm::RS256, keys::RSA1, &header, &json!({})));
    refuses(&layer(), tokens).await;
}

#[tokio::test]
async fn the_key_of_another_issuer() {
    let key = |pem| [VerifyingKey::from_pem(pem).unwrap()];
    let layer = JwtLayer::builder(
        Issuer::keys("https://id.example.com", key(keys::RSA1_PUBLIC)).audience("api"),
    )
    .issuer(Issuer::keys("https://partner.example.com", key(keys::EC1_PUBLIC)).audience("api"))
    .build()
    .unwrap();
    let partner = json!({"iss": "https://partner.example.com"});
    let own = sign(Algorithm::ES256, keys::EC1, &json!({}), &partner);
    assert!(accepted(&layer, &own).await);
    let forged = [
        sign(Algorithm::ES256, keys::EC1, &json!({}), &json!({})),
        sign(Algorithm::RS256, keys::RSA1, &json!({}), &partner),
        sign(
            Algorithm::RS256,
            keys::RSA1,
            &json!({}),
            &json!({"iss": null}),
        ),
        sign(
            Algorithm::RS256,
            keys::RSA1,
            &json!({}),
            &json!({"iss": ["https://id.example.com"]}),
        ),
    ];
    refuses(&layer, forged).await;
}

#[tokio::test]
async fn keys_for_other_uses() {
    for (member, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["encrypt"])),
        ("alg", json!("ECDH-ES")),
        ("d", json!("AAAA")),
    ] {
        let mut key = jwk("k", keys::EC1_PUBLIC);
        let token = sign(
            Algorithm::ES256,
            keys::EC1,
            &json!({"kid": "k"}),
            &json!({}),
        );
        let good = Double::new(json!({"keys": [key]}).to_string());
        assert!(accepted(&good.layer(|builder| builder), &token).await);
        key[member] = value;
        let bad = Double::new(json!({"keys": [key]}).to_string());
        assert!(
            !accepted(&bad.layer(|builder| builder), &token).await,
            "{member}"
        );
    }
    // A published secret opens nothing.
    let secret = base64url::encode(keys::SECRET);
    let oct = json!({"keys": [{"kty": "oct", "k": secret, "alg": "HS256", "kid": "k"}]});
    let double = Double::new(oct.to_string());
    let token = sign(
        Algorithm::HS256,
        keys::SECRET,
        &json!({"kid": "k"}),
        &json!({}),
    );
    assert!(!accepted(&double.layer(|builder| builder), &token).await);
}
