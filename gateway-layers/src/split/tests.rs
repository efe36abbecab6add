use std::{collections::HashMap, convert::Infallible};

use gateway_core::{Body, Identity, Key, Outcome, Request, Response, context::IdentityKind};
use http::{HeaderName, HeaderValue};
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

use super::Split;

type Target = BoxCloneSyncService<Request, Response, Infallible>;

/// Answers with its name, and with whether the header has reached it.
fn target(name: &'static str) -> Target {
    BoxCloneSyncService::new(service_fn(move |request: Request| {
        let mut response = Response::new(Body::from(name));
        if let Some(value) = request.headers().get("x-canary") {
            response.headers_mut().insert("x-saw", value.clone());
        }
        std::future::ready(Ok(response))
    }))
}

fn split(v1: u32, v2: u32) -> Split<Target> {
    Split::new([("v1", v1, target("v1")), ("v2", v2, target("v2"))])
        .unwrap()
        .sticky(Key::Subject)
        .force_header(HeaderName::from_static("x-canary"))
        .force_cookie("canary")
}

async fn ask(split: &Split<Target>, request: Request) -> (String, bool) {
    let response = split.clone().oneshot(request).await.unwrap();
    let saw = response.headers().contains_key("x-saw");
    let body = response.into_body();
    (
        String::from_utf8(body.as_bytes().unwrap().to_vec()).unwrap(),
        saw,
    )
}

fn user(name: &str) -> Request {
    let mut request = Request::default();
    let identity = Identity::new(IdentityKind::Jwt, "issuer", name);
    request.extensions_mut().insert(identity);
    request
}

fn with(name: &'static str, value: &'static str) -> Request {
    let mut request = Request::default();
    request
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
    request
}

#[tokio::test]
async fn ten_thousand_requests_pass_a_chi_squared_test_at_each_setting() {
    let split = split(95, 5);
    for (v1, v2) in [(95_u32, 5_u32), (50, 50)] {
        split.weights().set([("v1", v1), ("v2", v2)]).unwrap();
        let mut counts: HashMap<String, f64> = HashMap::new();
        for _ in 0..10_000 {
            let (name, _) = ask(&split, Request::default()).await;
            *counts.entry(name).or_default() += 1.0;
        }
        let chi: f64 = [("v1", v1), ("v2", v2)]
            .iter()
            .map(|(name, weight)| {
                let expected = f64::from(*weight) * 100.0;
                (counts[*name] - expected).powi(2) / expected
            })
            .sum();
        // One degree of freedom: above 15.1 once in ten thousand.
        assert!(chi < 15.1, "{chi} at {v1}/{v2}: {counts:?}");
    }
    split.weights().set([("v1", 100), ("v2", 0)]).unwrap();
    for _ in 0..1_000 {
        assert_eq!(ask(&split, Request::default()).await.0, "v1");
    }
}

#[tokio::test]
async fn a_user_stays() {
    let split = split(50, 50);
    let mut seen = HashMap::new();
    for round in 0..3 {
        for user_number in 0..100 {
            let (name, _) = ask(&split, user(&format!("u{user_number}"))).await;
            let first = seen.entry(user_number).or_insert_with(|| name.clone());
            assert_eq!(*first, name, "user {user_number} in round {round}");
        }
    }
    let names: Vec<_> = seen.values().collect();
    assert!(names.iter().any(|name| *name == "v1") && names.iter().any(|name| *name == "v2"));
}

#[tokio::test]
async fn a_request_may_name_its_target() {
    let split = split(100, 0);
    let v2 = ("v2".to_owned(), false);
    let v1 = ("v1".to_owned(), false);
    assert_eq!(ask(&split, with("x-canary", "v2")).await, v2);
    assert_eq!(ask(&split, with("cookie", "a=b; canary=v2")).await, v2);
    assert_eq!(ask(&split, with("x-canary", "v3")).await, v1);
    assert_eq!(ask(&split, with("cookie", "canary=v3")).await, v1);
    assert_eq!(ask(&split, with("cookie", "xcanary=v2")).await, v1);
}

#[tokio::test]
async fn the_target_is_told() {
    let split = split(0, 1);
    let outcome = Outcome::new();
    let mut request = user("alice");
    request.extensions_mut().insert(outcome.clone());
    assert_eq!(split.target_of(&request), Some("v2"));
    ask(&split, request).await;
    assert_eq!(outcome.take().target.as_deref(), Some("v2"));
    assert_eq!(split.target_of(&Request::new(Body::empty())), None);
}
