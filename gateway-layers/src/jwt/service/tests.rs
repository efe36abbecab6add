mod attacks;
mod issuer;
mod keys;
mod memory;
mod remote;
mod signatures;
mod support;

use gateway_core::{Identity, Key, Outcome, testing::Contract};
use http::{HeaderName, HeaderValue, header};
use serde_json::json;

use self::support::{Caller, code, now, sign};
use crate::jwt::{Algorithm, Issuer, JwtBuilder, JwtLayer, TokenSource, VerifyingKey};

gateway_core::contract!(
    with_a_token,
    layer(),
    clones = 0,
    request = || {
        let mut request = Contract::default_request();
        let token = HeaderValue::try_from(format!("Bearer {}", good())).unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, token);
        request
    }
);
gateway_core::contract!(
    without_a_token,
    builder().optional(true).build().unwrap(),
    clones = 0
);
gateway_core::contract!(
    waiting_for_keys,
    issuer::Double::with_key("k1", keys::EC1_PUBLIC).layer(|builder| builder.remember(0)),
    clones = 1,
    request = || {
        let mut request = Contract::default_request();
        let token = sign(
            Algorithm::ES256,
            keys::EC1,
            &json!({"kid": "k1"}),
            &json!({}),
        );
        let token = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, token);
        request
    }
);

fn builder() -> JwtBuilder {
    let key = VerifyingKey::from_pem(keys::RSA1_PUBLIC).unwrap();
    JwtLayer::builder(Issuer::keys("https://id.example.com", [key]).audience("api"))
}

fn layer() -> JwtLayer {
    builder().build().unwrap()
}

fn good() -> String {
    sign(Algorithm::RS256, keys::RSA1, &json!({}), &json!({}))
}

#[tokio::test]
async fn a_valid_token_is_an_identity() {
    let token = sign(
        Algorithm::RS256,
        keys::RSA1,
        &json!({}),
        &json!({"scope": "read write", "org": {"id": "blue"}, "roles": ["admin"]}),
    );
    let layer = builder().tenant_claim("org.id").build().unwrap();
    for _ in 0..2 {
        let response = Caller::new(&layer).bearer(&token).call().await;
        assert_eq!(code(&response), (200, ""));
        let identity = response.extensions().get::<Identity>().unwrap();
        assert_eq!(identity.issuer(), "https://id.example.com");
        assert_eq!(
            (identity.subject(), identity.tenant()),
            ("alice", Some("blue"))
        );
        assert!(identity.has_scope("write"));
        let key = Key::Subject.eval_parts(None, response.headers(), response.extensions());
        assert!(key.unwrap().as_str().ends_with("alice"));
    }
}

#[tokio::test]
async fn every_kind_of_key_verifies() {
    for (algorithm, private, public) in [
        (Algorithm::RS256, keys::RSA1, keys::RSA1_PUBLIC),
        (Algorithm::RS512, keys::RSA1, keys::RSA1_PUBLIC),
        (Algorithm::PS256, keys::RSA1, keys::RSA1_PUBLIC),
        (Algorithm::ES256, keys::EC1, keys::EC1_PUBLIC),
        (Algorithm::ES256, keys::EC1, keys::EC1_CERTIFICATE),
        (Algorithm::ES384, keys::EC384, keys::EC384_PUBLIC),
        (Algorithm::EdDSA, keys::ED, keys::ED_PUBLIC),
    ] {
        let key = VerifyingKey::from_pem(public).unwrap();
        let layer = JwtLayer::builder(Issuer::unnamed([key]).audience("api"))
            .build()
            .unwrap();
        let token = sign(algorithm, private, &json!({}), &json!({}));
        let response = Caller::new(&layer).bearer(&token).call().await;
        assert_eq!(code(&response), (200, ""), "{algorithm}");
    }
    let secret = VerifyingKey::from_secret(keys::SECRET.as_bytes(), Algorithm::HS256).unwrap();
    let layer = JwtLayer::builder(Issuer::unnamed([secret]).audience("api"))
        .build()
        .unwrap();
    let token = sign(Algorithm::HS256, keys::SECRET, &json!({}), &json!({}));
    assert_eq!(
        code(&Caller::new(&layer).bearer(&token).call().await),
        (200, "")
    );
}

#[tokio::test]
async fn refusals_have_a_code_and_a_challenge() {
    let layer = layer();
    let signed = |claims| sign(Algorithm::RS256, keys::RSA1, &json!({}), &claims);
    for (token, expected) in [
        (signed(json!({"exp": now() - 100})), "jwt_expired"),
        (signed(json!({"nbf": now() + 100})), "jwt_not_yet_valid"),
        (signed(json!({"aud": "other"})), "jwt_invalid"),
        (
            signed(json!({"iss": "https://evil.example.com"})),
            "jwt_invalid",
        ),
        (signed(json!({"sub": null})), "jwt_invalid"),
        ("garbage".to_owned(), "jwt_invalid"),
        (String::new(), "jwt_invalid"),
    ] {
        let response = Caller::new(&layer).bearer(&token).call().await;
        assert_eq!(code(&response), (401, expected));
        let challenge = response.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.starts_with("Bearer realm=\"gateway\", error=\"invalid_token\""));
        assert_eq!(challenge.matches('"').count(), 6, "{challenge}");
        assert!(response.extensions().get::<Identity>().is_none());
    }
    let nothing = Caller::new(&layer).call().await;
    assert_eq!(code(&nothing), (401, "auth_required"));
    assert_eq!(
        nothing.headers()["www-authenticate"],
        "Bearer realm=\"gateway\""
    );
    let twice = Caller::new(&layer)
        .bearer(&good())
        .bearer(&good())
        .call()
        .await;
    assert_eq!(code(&twice), (401, "jwt_invalid"));
}

#[tokio::test]
async fn scopes_and_roles_are_needed_together() {
    let layer = builder()
        .require_scope("read")
        .require_role("staff")
        .roles_claim("realm.roles")
        .build()
        .unwrap();
    for (claims, expected) in [
        (
            json!({"scope": "x read", "realm": {"roles": ["staff"]}}),
            (200, ""),
        ),
        (
            json!({"scp": ["read"], "realm": {"roles": "staff"}}),
            (200, ""),
        ),
        (json!({"scope": "read"}), (403, "insufficient_scope")),
        (
            json!({"scope": "reader", "realm": {"roles": ["staff"]}}),
            (403, "insufficient_scope"),
        ),
        (json!({}), (403, "insufficient_scope")),
    ] {
        let token = sign(Algorithm::RS256, keys::RSA1, &json!({}), &claims);
        // The second time from memory.
        for _ in 0..2 {
            let response = Caller::new(&layer).bearer(&token).call().await;
            assert_eq!(code(&response), expected, "{claims}");
            if expected.0 == 403 {
                let challenge =
                    "Bearer realm=\"gateway\", error=\"insufficient_scope\", scope=\"read\"";
                assert_eq!(response.headers()["www-authenticate"], challenge);
            }
        }
    }
}

#[tokio::test]
async fn optional_lets_strangers_pass_but_not_liars() {
    let layer = builder().optional(true).build().unwrap();
    let stranger = Caller::new(&layer).call().await;
    assert_eq!(code(&stranger), (200, ""));
    assert!(stranger.extensions().get::<Identity>().is_none());
    let liar = Caller::new(&layer).bearer("x.y.z").call().await;
    assert_eq!(code(&liar), (401, "jwt_invalid"));
}

#[tokio::test]
async fn upstream_is_told_who_calls_by_us_alone() {
    let layer = builder()
        .optional(true)
        .claim_to_header("sub", HeaderName::from_static("x-auth-user"))
        .build()
        .unwrap();
    let forged = [
        ("x-auth-user", "root"),
        ("x_auth_user", "root"),
        ("connection", "X-Auth-User, close"),
    ];
    let caller = forged
        .iter()
        .fold(Caller::new(&layer), |caller, (name, value)| {
            caller.header(name, value)
        });
    let stranger = caller.clone().call().await;
    assert_eq!(stranger.headers().len(), 1);
    assert_eq!(stranger.headers()["connection"], "close");
    let known = caller.bearer(&good()).call().await;
    let told: Vec<_> = known.headers().get_all("x-auth-user").iter().collect();
    assert_eq!(told, ["alice"]);
    assert!(!known.headers().contains_key("x_auth_user"));
}

#[tokio::test]
async fn tokens_may_be_elsewhere_and_may_be_stripped() {
    let layer = builder()
        .sources([
            TokenSource::bearer(),
            TokenSource::cookie("jwt"),
            TokenSource::query("t"),
        ])
        .strip_token(true)
        .build()
        .unwrap();
    let cookie = format!("a=b; jwt={}", good());
    let response = Caller::new(&layer).header("cookie", &cookie).call().await;
    assert_eq!(code(&response), (200, ""));
    assert_eq!(response.headers()["cookie"], "a=b");
    let uri = format!("/p?t={}&x=1", good());
    let response = Caller::new(&layer).uri(&uri).call().await;
    assert_eq!(code(&response), (200, ""));
    assert_eq!(response.headers()["x-saw-uri"], "/p?x=1");
    let both = Caller::new(&layer).bearer(&good()).uri(&uri).call().await;
    assert_eq!(code(&both), (401, "jwt_invalid"));
    let response = Caller::new(&layer).bearer(&good()).call().await;
    assert!(!response.headers().contains_key("authorization"));
}

#[tokio::test]
async fn the_outcome_learns_of_it() {
    let outcome = Outcome::new();
    Caller::new(&layer())
        .bearer(&good())
        .outcome(&outcome)
        .call()
        .await;
    assert_eq!(outcome.take().identity.unwrap().subject(), "alice");
}

#[test]
fn nonsense_is_not_built() {
    let key = || [VerifyingKey::from_pem(keys::EC1_PUBLIC).unwrap()];
    let named = || Issuer::keys("a", key()).audience("api");
    for (builder, why) in [
        (JwtLayer::builder(Issuer::keys("a", key())), "audience"),
        (
            JwtLayer::builder(Issuer::keys("a", []).any_audience()),
            "no keys",
        ),
        (JwtLayer::builder(named()).issuer(named()), "twice"),
        (
            JwtLayer::builder(Issuer::jwk_set("a", b"{\"keys\": []}").any_audience()),
            "no key",
        ),
        (
            JwtLayer::builder(Issuer::jwk_set("a", b"<html>").any_audience()),
            "JWK set",
        ),
        (JwtLayer::builder(named()).sources([]), "nowhere"),
        (
            JwtLayer::builder(named().algorithms([Algorithm::RS256])),
            "permits",
        ),
        (
            JwtLayer::builder(named().algorithms([Algorithm::HS256])),
            "permits",
        ),
        (JwtLayer::builder(named().algorithms([])), "permits"),
        (
            JwtLayer::builder(Issuer::oidc("http://id.example.com").audience("a")),
            "https",
        ),
        (
            JwtLayer::builder(Issuer::jwks("a", "ftp://id.example.com/x").audience("a")),
            "https",
        ),
    ] {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains(why), "{why}: {error}");
    }
}
