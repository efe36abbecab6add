use std::hash::{BuildHasher as _, RandomState};

use super::*;

fn request(uri: &str, headers: &[(&str, &str)]) -> Request<()> {
    let mut builder = Request::builder().uri(uri);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap()
}

#[test]
fn borrowed_and_owned_keys_are_the_same_key() {
    let rules = KeyRules {
        partition: Some(Key::header("x-tenant")),
        headers: vec![HeaderName::from_static("x-lang")],
    };
    let request = request(
        "http://Example.com/a?b",
        &[("x-tenant", "t"), ("x-lang", "de"), ("host", "example.com")],
    );
    let borrowed = rules.key(&request).unwrap();
    let owned = borrowed.to_owned();
    assert!(borrowed.equivalent(&owned));
    assert!(owned.borrowed().equivalent(&owned));
    let hasher = RandomState::new();
    assert_eq!(hasher.hash_one(&borrowed), hasher.hash_one(&owned));
    assert_eq!(owned.uri(), "http://example.com/a?b");
}

#[test]
fn every_part_tells_requests_apart() {
    let rules = KeyRules {
        partition: Some(Key::header("x-tenant")),
        headers: Vec::new(),
    };
    let requests = [
        request("/a", &[("host", "a")]),
        request("/a", &[("host", "b")]),
        request("/a?", &[("host", "a")]),
        request("/A", &[("host", "a")]),
        request("/%61", &[("host", "a")]),
        request("/a;.css", &[("host", "a")]),
        request("http://a/a", &[]),
        request("https://a/a", &[]),
        request("/a", &[("host", "a"), ("x-tenant", "1")]),
        request("/a", &[("host", "a"), ("x-tenant", "2")]),
        request("/a", &[("host", "a"), ("x-forwarded-proto", "https")]),
        request("/a", &[("host", "a"), ("x-forwarded-host", "evil")]),
        request("/a", &[("host", "a"), ("forwarded", "for=1;Host=evil")]),
    ];
    let keys: std::collections::HashSet<_> = requests
        .iter()
        .map(|request| rules.key(request).unwrap().to_owned())
        .collect();
    assert_eq!(keys.len(), requests.len());
}

#[test]
fn who_forwarded_does_not_matter() {
    let rules = KeyRules::default();
    let one = request("/a", &[("host", "a"), ("forwarded", "for=1;proto=https")]);
    let two = request(
        "/a",
        &[("host", "a"), ("forwarded", "for=2, by=3;proto=https")],
    );
    assert_eq!(rules.key(&one), rules.key(&two));
}

#[test]
fn an_ambiguous_target_has_no_key() {
    let rules = KeyRules::default();
    for (uri, headers) in [
        ("/", vec![("host", "a"), ("host", "b")]),
        ("http://a/", vec![("host", "b")]),
        (
            "/",
            vec![("host", "a"), ("x-http-method-override", "DELETE")],
        ),
        ("/", vec![("host", "a"), ("x-original-url", "/admin")]),
    ] {
        assert!(
            rules.key(&request(uri, &headers)).is_none(),
            "{uri} {headers:?}"
        );
    }
}

#[test]
fn only_what_names_the_caller_separates() {
    let with = |key: Key, kind| {
        let mut request = request("/", &[("x-a", "1")]);
        request
            .extensions_mut()
            .insert(Identity::new(kind, "i", "s"));
        let rules = KeyRules {
            partition: Some(key),
            headers: Vec::new(),
        };
        rules.separates(&request)
    };
    let jwt = IdentityKind::Jwt;
    assert!(with(Key::Subject, jwt));
    assert!(with(Key::ApiKey.or(Key::Subject), jwt));
    assert!(with(Key::tuple([Key::header("x-a"), Key::Subject]), jwt));
    assert!(!with(Key::ApiKey.or(Key::header("x-a")), jwt));
    assert!(!with(Key::header("x-a").or(Key::Subject), jwt));
    assert!(!with(Key::tuple([Key::header("x-b"), Key::Subject]), jwt));
    assert!(!with(Key::Tenant, jwt));
    let anonymous = KeyRules {
        partition: Some(Key::Subject),
        headers: Vec::new(),
    };
    assert!(!anonymous.separates(&request("/", &[])));
}
