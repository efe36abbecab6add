use super::*;

fn build(json: &str) -> Result<JwtLayer, ConfigError> {
    JwtLayer::from_config(&serde_json::from_str(json).unwrap())
}

#[test]
fn the_short_form_is_discovery() {
    for name in ["issuer", "oidc"] {
        let json = format!(r#"{{"{name}": "https://id.example.com", "audience": "orders-api"}}"#);
        is_discovery_with_defaults(&build(&json).unwrap());
    }
}

fn is_discovery_with_defaults(layer: &JwtLayer) {
    let text = format!("{layer:?}");
    for part in [
        "Discovery",
        "orders-api",
        "leeway: 30s",
        "refresh: 3600s",
        "cooldown: 10s",
        "stale: 86400s",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("HS256"));
}

#[test]
fn reads_every_setting() {
    let config: JwtConfig = serde_json::from_str(
            r#"{"issuer": "https://id.example.com", "audience": ["a", "b"], "algorithms": ["RS256", "ES256"],
                "leeway": "5s", "max_age": "1h", "required_claims": ["email"], "typ": "at+jwt",
                "jwks": {"url": "http://id.example.com/keys", "refresh": "2h", "unknown_kid_cooldown": "20s", "stale_if_error": "1h", "timeout": "2s", "allow_http": true},
                "more_issuers": [{"issuer": "second", "any_audience": true, "keys": [{"secret": "0123456789abcdef0123456789abcdef", "kid": "s"}]}],
                "sources": ["bearer", "header:x-jwt", "cookie:session", "query:token"],
                "scopes": ["read"], "roles": ["admin"], "scopes_claim": "permissions", "roles_claim": "realm_access.roles",
                "tenant_claim": "org", "to_upstream": {"x-user": "sub"}, "optional": true, "strip_token": true, "realm": "shop"}"#,
        )
        .unwrap();
    let text = format!("{:?}", JwtLayer::from_config(&config).unwrap());
    for part in [
        "\"a\"",
        "\"b\"",
        "[RS256, ES256]",
        "leeway: 5s",
        "3600s",
        "email",
        "at+jwt",
        "/keys",
        "refresh: 7200s",
        "cooldown: 20s",
        "timeout: 2s",
        "second",
        "[HS256]",
        "x-jwt",
        "session",
        "token",
        "read",
        "admin",
        "permissions",
        "realm_access.roles",
        "org",
        "x-user",
        "optional: true",
        "strip: true",
        "shop",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("0123456789"));
}

#[test]
fn mistakes_have_a_path() {
    let audience = r#""any_audience": true"#;
    for (rest, path) in [
        (r#""audience": "x""#.to_owned(), "issuer"),
        (
            r#""audience": "x", "oidc": "https://i", "issuer": "https://i""#.to_owned(),
            "oidc",
        ),
        (
            r#""audience": "x", "oidc": "https://i", "jwks": {"url": "https://i"}"#.to_owned(),
            "oidc",
        ),
        (r#""issuer": "https://i""#.to_owned(), ""),
        (
            format!(r#""issuer": "http://id.example.com", {audience}"#),
            "",
        ),
        (
            format!(r#""issuer": "https://i", {audience}, "algorithms": ["none"]"#),
            "algorithms[0]",
        ),
        (
            format!(r#""issuer": "https://i", {audience}, "algorithms": ["HS256"]"#),
            "",
        ),
        (
            format!(r#""issuer": "https://i", {audience}, "keys": [{{"secret": "short"}}]"#),
            "keys[0]",
        ),
        (
            format!(r#""issuer": "https://i", {audience}, "keys": [{{}}]"#),
            "keys[0]",
        ),
        (
            format!(r#""issuer": "https://i", {audience}, "file": "/nowhere/keys.json""#),
            "file",
        ),
        (
            format!(r#""issuer": "https://i", {audience}, "sources": ["body"]"#),
            "sources[0]",
        ),
        (
            format!(r#""issuer": "https://i", {audience}, "to_upstream": {{"a b": "sub"}}"#),
            "to_upstream",
        ),
        (
            format!(
                r#""issuer": "https://i", {audience}, "file": "x", "jwks": {{"url": "https://i"}}"#
            ),
            "",
        ),
    ] {
        let error = build(&format!("{{{rest}}}")).unwrap_err();
        assert_eq!(error.path(), path, "{rest}: {error}");
    }
    assert!(serde_json::from_str::<JwtConfig>(r#"{"audiance": "x"}"#).is_err());
}
