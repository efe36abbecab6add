use gateway_core::{Body, Identity, Key, context::IdentityKind};
use http::Request;
use tower_layer::Layer as _;

use super::{Origin, fetch, get, layer, minute, response, with};

fn as_user(mut request: Request<Body>, subject: &str) -> Request<Body> {
    let identity = Identity::new(IdentityKind::Jwt, "https://id.example", subject);
    request.extensions_mut().insert(identity);
    request
}

/// Answers with the caller's name, as an origin behind authentication does.
fn personal(control: &'static str) -> Origin {
    Origin::new(move |_, request| {
        let alice = request
            .extensions()
            .get::<Identity>()
            .is_some_and(|identity| identity.subject() == "alice");
        let name = if alice { "alice" } else { "other" };
        std::future::ready(response(&[("cache-control", control)], name))
    })
}

#[tokio::test(start_paused = true)]
async fn without_a_partition_answers_to_identities_are_not_shared() {
    let origin = personal("max-age=60");
    let layer = layer();
    let handle = layer.handle();
    let cache = layer.layer(origin.service());
    for _ in 0..2 {
        assert_eq!(fetch(&cache, as_user(get("/me"), "alice")).await.1, "alice");
        assert_eq!(fetch(&cache, as_user(get("/me"), "bob")).await.1, "other");
    }
    assert_eq!(origin.calls(), 4);
    assert_eq!(handle.stats().credentials, 4);
    // Nor does an anonymous answer serve a known caller, or the other way round.
    assert_eq!(fetch(&cache, get("/me")).await.1, "other");
    assert_eq!(fetch(&cache, as_user(get("/me"), "alice")).await.1, "alice");
}

#[tokio::test(start_paused = true)]
async fn a_partition_keeps_one_copy_for_each_identity() {
    let origin = personal("max-age=60");
    let cache = layer().partition(Key::Subject).layer(origin.service());
    for _ in 0..3 {
        assert_eq!(fetch(&cache, as_user(get("/me"), "alice")).await.1, "alice");
        assert_eq!(fetch(&cache, as_user(get("/me"), "bob")).await.1, "other");
    }
    assert_eq!(origin.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn concurrent_identities_do_not_ride_together() {
    let origin = Origin::new(|_, request| {
        let name = request
            .extensions()
            .get::<Identity>()
            .map(|i| i.subject().to_owned());
        async move {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            minute("").map(|_| Body::from(name.unwrap_or_default()))
        }
    });
    let cache = layer().partition(Key::Subject).layer(origin.service());
    let calls = (0..40).map(|n| {
        let user = format!("user-{}", n % 4);
        let cache = &cache;
        async move { (fetch(cache, as_user(get("/me"), &user)).await.1, user) }
    });
    for (body, user) in futures_util::future::join_all(calls).await {
        assert_eq!(body, user);
    }
    assert_eq!(origin.calls(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_the_origin_calls_public_is_for_everybody() {
    let origin = personal("max-age=60, public");
    let cache = layer().layer(origin.service());
    fetch(&cache, as_user(get("/news"), "alice")).await;
    fetch(&cache, as_user(get("/news"), "bob")).await;
    fetch(&cache, with("/news", &[("authorization", "Bearer x")])).await;
    assert_eq!(origin.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_change_by_one_caller_is_seen_by_all() {
    let origin = personal("max-age=60");
    let cache = layer().partition(Key::Subject).layer(origin.service());
    fetch(&cache, as_user(get("/list"), "alice")).await;
    fetch(&cache, as_user(get("/list"), "bob")).await;
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    let mut put = as_user(get("/list"), "alice");
    *put.method_mut() = http::Method::PUT;
    fetch(&cache, put).await;
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    fetch(&cache, as_user(get("/list"), "bob")).await;
    assert_eq!(origin.calls(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_page_for_a_cookie_is_not_kept_by_guess() {
    let origin = Origin::fixed(|| response(&[], "account"));
    let ttl = std::time::Duration::from_secs(30);
    let cache = layer().ttl(ttl).layer(origin.service());
    for _ in 0..2 {
        fetch(&cache, with("/account/x.css", &[("cookie", "session=1")])).await;
    }
    assert_eq!(origin.calls(), 2);
    for _ in 0..2 {
        fetch(&cache, get("/style.css")).await;
    }
    assert_eq!(origin.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_key_in_any_header_is_a_credential() {
    let origin = Origin::fixed(|| minute("mine"));
    let cache = layer().layer(origin.service());
    for name in ["authorization", "x-api-key", "api-key", "x-goog-api-key"] {
        for value in ["one", "two"] {
            fetch(&cache, with("/me", &[(name, value)])).await;
        }
    }
    assert_eq!(origin.calls(), 8);
}
