//! The list of jwt_tool, RFC 8725, and what libraries were caught with. None may pass.

use serde_json::{Value, json};

use super::{
    issuer::{Double, KEYS_URL, jwk},
    keys,
    support::{Caller, code, sign, signature, unsigned},
};
use crate::jwt::{Algorithm, Issuer, JwtLayer, VerifyingKey, base64url};

fn layer() -> JwtLayer {
    let rsa = VerifyingKey::from_pem(keys::RSA1_PUBLIC)
        .unwrap()
        .with_id("rsa");
    let ec = VerifyingKey::from_pem(keys::EC1_PUBLIC)
        .unwrap()
        .with_id("ec");
    let issuer = Issuer::keys("https://id.example.com", [rsa, ec]).audience("api");
    JwtLayer::builder(issuer).build().unwrap()
}

async fn accepted(layer: &JwtLayer, token: &str) -> bool {
    let response = Caller::new(layer).bearer(token).call().await;
    assert!(
        [200, 401].contains(&response.status().as_u16()),
        "{:?}",
        code(&response)
    );
    response.status() == 200
}

async fn refuses(layer: &JwtLayer, tokens: impl IntoIterator<Item = String>) {
    // What is honest passes, so that what follows is refused for its own sake.
    assert!(accepted(layer, &honest()).await);
    for token in tokens {
        assert!(!accepted(layer, &token).await, "{token}");
        // Nor from memory.
        assert!(!accepted(layer, &token).await, "{token}");
    }
}

fn honest() -> String {
    sign(Algorithm::RS256, keys::RSA1, &json!({}), &json!({}))
}

fn with(signed: &str, signature: impl AsRef<[u8]>) -> String {
    format!("{signed}.{}", base64url::encode(signature))
}

#[tokio::test]
async fn algorithm_none() {
    let spellings = ["none", "None", "NONE", "nOnE", "noNe", "none ", ""];
    let tokens = spellings.into_iter().flat_map(|name| {
        let signed = unsigned(name, &json!({}), &json!({}));
        let borrowed = honest().rsplit_once('.').unwrap().1.to_owned();
        [
            format!("{signed}."),
            format!("{signed}.{borrowed}"),
            signed.clone(),
            with(&signed, [0; 256]),
        ]
    });
    refuses(&layer(), tokens).await;
}

#[tokio::test]
async fn null_and_missing_signatures() {
    let names = ["RS256", "PS256", "ES256", "EdDSA", "HS256"];
    let tokens = names.into_iter().flat_map(|name| {
        let signed = unsigned(name, &json!({}), &json!({}));
        [
            format!("{signed}."),
            with(&signed, []),
            with(&signed, [0]),
            with(&signed, [0; 64]),
            with(&signed, [0; 256]),
        ]
    });
    refuses(&layer(), tokens).await;
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
async fn the_psychic_signature() {
    let signed = unsigned("ES256", &json!({"kid": "ec"}), &json!({}));
    // The order of P-256: r = s = n is zero in another coat.
    let order = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    let order: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&order[at * 2..at * 2 + 2], 16).unwrap())
        .collect();
    let one = [&[0; 31][..], &[1]].concat();
    let der_zero = [0x30, 6, 2, 1, 0, 2, 1, 0];
    let tokens = [
        with(&signed, [0; 64]),
        with(&signed, [order.clone(), order.clone()].concat()),
        with(&signed, [vec![0; 32], one.clone()].concat()),
        with(&signed, [one.clone(), vec![0; 32]].concat()),
        with(&signed, [order, one].concat()),
        with(&signed, der_zero),
    ];
    refuses(&layer(), tokens).await;
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
async fn every_changed_byte() {
    let layer = layer();
    let token = sign(
        Algorithm::ES256,
        keys::EC1,
        &json!({"kid": "ec"}),
        &json!({}),
    );
    assert!(accepted(&layer, &token).await);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for at in 0..token.len() {
        let (head, tail) = token.split_at(at);
        let old = tail.chars().next().unwrap();
        // The neighbour in the alphabet differs in the last bit: of the last character of a part,
        // that is a bit which no byte has.
        let new = match alphabet.find(old) {
            Some(place) => alphabet.as_bytes()[place ^ 1],
            None => b'A',
        };
        let changed = format!("{head}{}{}", char::from(new), &tail[1..]);
        assert!(!accepted(&layer, &changed).await, "byte {at}");
        let shortened = format!("{head}{}", &tail[1..]);
        assert!(!accepted(&layer, &shortened).await, "without byte {at}");
    }
}

#[tokio::test]
async fn other_spellings_of_a_good_token() {
    let good = honest();
    let [header, claims, sig] = [0, 1, 2].map(|at| good.split('.').nth(at).unwrap());
    let tokens = [
        format!("{good}="),
        format!("{good}=="),
        format!("{good}."),
        format!(".{good}"),
        format!("{header}=.{claims}.{sig}"),
        format!("{header}..{sig}"),
        format!("{header}.{claims}\t.{sig}"),
        good.replace('-', "+").replace('_', "/") + "+",
        format!("{header}.{claims}.{sig}.{header}.{claims}"),
        json!({"protected": header, "payload": claims, "signature": sig}).to_string(),
        good.to_uppercase(),
        format!("{good},{good}"),
        format!("{good} {good}"),
    ];
    refuses(&layer(), tokens).await;
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
