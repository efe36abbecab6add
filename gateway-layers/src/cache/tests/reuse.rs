use std::time::Duration;

use gateway_core::{Body, CacheOutcome, ErrorKind, GatewayError, Outcome, Responder};
use http::{Method, Request, Response, StatusCode};
use tower_layer::Layer as _;

use super::{
    super::{Answer, CacheKey, Entry, KeyRef, MemoryStore, Place, Store, StoreUsage, Variants},
    Origin, fetch, get, layer, minute, response, send, status, with,
};
use crate::cache::CacheLayer;

#[tokio::test(start_paused = true)]
async fn a_hit_has_an_age_a_status_and_an_outcome() {
    let origin = Origin::fixed(|| minute("hello"));
    let cache = layer().name("gw").layer(origin.service());
    let (miss, _) = fetch(&cache, get("/a")).await;
    assert_eq!(status(&miss), "gw; fwd=uri-miss; fwd-status=200; stored");
    assert!(!miss.headers().contains_key("age"));
    tokio::time::advance(Duration::from_secs(7)).await;

    let outcome = Outcome::new();
    let mut request = get("/a");
    request.extensions_mut().insert(outcome.clone());
    let (hit, body) = fetch(&cache, request).await;
    assert_eq!(body, "hello");
    assert_eq!(hit.headers()["age"], "7");
    assert_eq!(status(&hit), "gw; hit; ttl=53");
    assert_eq!(hit.extensions().get(), Some(&CacheOutcome::Hit));
    assert_eq!(outcome.take().cache, Some(CacheOutcome::Hit));
    assert_eq!(origin.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn path_query_and_host_are_compared_whole() {
    let origin = Origin::fixed(|| minute("x"));
    let cache = layer().layer(origin.service());
    for path in ["/a", "/a?", "/a?b", "/A", "/a/", "/%61"] {
        fetch(&cache, get(path)).await;
    }
    let mut other = get("/a");
    other
        .headers_mut()
        .insert("host", "b.example".parse().unwrap());
    fetch(&cache, other).await;
    assert_eq!(origin.calls(), 7);
    fetch(&cache, get("/a")).await;
    assert_eq!(origin.calls(), 7);
}

#[tokio::test(start_paused = true)]
async fn head_ranges_and_conditions_are_answered_from_a_stored_get() {
    let headers = [("cache-control", "max-age=60"), ("etag", "\"v1\"")];
    let origin = Origin::fixed(move || response(&headers, "0123456789"));
    let cache = layer().layer(origin.service());
    fetch(&cache, get("/a")).await;

    let mut head = get("/a");
    *head.method_mut() = Method::HEAD;
    let (answer, body) = fetch(&cache, head).await;
    assert_eq!((answer.status(), body.len()), (StatusCode::OK, 0));
    assert_eq!(answer.headers()["content-length"], "10");

    let (part, body) = fetch(&cache, with("/a", &[("range", "bytes=2-4")])).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()["content-range"], "bytes 2-4/10");
    assert_eq!(part.headers()["content-length"], "3");
    assert_eq!(body, "234");

    let (none, body) = fetch(&cache, with("/a", &[("range", "bytes=10-")])).await;
    assert_eq!(none.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(none.headers()["content-range"], "bytes */10");
    assert!(body.is_empty());

    let other = [("range", "bytes=2-4"), ("if-range", "\"v0\"")];
    assert_eq!(fetch(&cache, with("/a", &other)).await.1.len(), 10);

    let (same, body) = fetch(&cache, with("/a", &[("if-none-match", "\"v1\"")])).await;
    assert_eq!((same.status(), body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(same.headers()["etag"], "\"v1\"");
    assert!(!same.headers().contains_key("content-length"));
    assert_eq!(origin.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_if_cached_never_asks_the_origin() {
    let origin = Origin::fixed(|| minute("x"));
    let cache = layer().layer(origin.service());
    let only = [("cache-control", "only-if-cached")];
    let (answer, _) = fetch(&cache, with("/a", &only)).await;
    assert_eq!(answer.status(), StatusCode::GATEWAY_TIMEOUT);
    assert!(answer.extensions().get::<GatewayError>().is_some());
    assert_eq!(origin.calls(), 0);
    fetch(&cache, get("/a")).await;
    assert_eq!(
        fetch(&cache, with("/a", &only)).await.0.status(),
        StatusCode::OK
    );
}

#[tokio::test(start_paused = true)]
async fn variants_are_kept_side_by_side() {
    let origin = Origin::new(|_, request| {
        let german = request.headers().get("x-lang").is_some_and(|v| v == "de");
        let headers = [("cache-control", "max-age=60"), ("vary", "x-lang")];
        std::future::ready(response(&headers, if german { "hallo" } else { "hello" }))
    });
    let cache = layer().layer(origin.service());
    for _ in 0..2 {
        assert_eq!(fetch(&cache, get("/a")).await.1, "hello");
        assert_eq!(
            fetch(&cache, with("/a", &[("x-lang", "de")])).await.1,
            "hallo"
        );
    }
    assert_eq!(origin.calls(), 2);
    let (miss, _) = fetch(&cache, with("/a", &[("x-lang", "fr")])).await;
    assert!(status(&miss).contains("fwd=vary-miss"));
}

#[tokio::test(start_paused = true)]
async fn an_unsafe_method_invalidates_what_it_changed() {
    let origin = Origin::new(|_, request| {
        std::future::ready(if request.method() == Method::POST {
            response(
                &[
                    ("location", "/b"),
                    ("content-location", "http://other.example/c"),
                ],
                "",
            )
        } else {
            minute("x")
        })
    });
    let cache = layer().layer(origin.service());
    for path in ["/a", "/b", "/c"] {
        fetch(&cache, get(path)).await;
    }
    tokio::time::advance(Duration::from_secs(1)).await;
    let mut post = get("/a");
    *post.method_mut() = Method::POST;
    let (passed, _) = fetch(&cache, post).await;
    assert_eq!(status(&passed), "gateway; fwd=method; fwd-status=200");
    tokio::time::advance(Duration::from_secs(1)).await;
    let before = origin.calls();
    for path in ["/a", "/b", "/c"] {
        fetch(&cache, get(path)).await;
    }
    // `/c` is on another host: what one origin says does not touch what another owns.
    assert_eq!(origin.calls() - before, 2);
}

#[tokio::test(start_paused = true)]
async fn tunnels_and_errors_of_the_gateway_are_left_alone() {
    let origin = Origin::new(|_, request| {
        let upgrade = request.headers().contains_key("upgrade");
        let mut answer = if upgrade {
            response(&[("upgrade", "echo")], "")
        } else {
            Responder::of(request).refuse(GatewayError::new(ErrorKind::NoRoute))
        };
        if upgrade {
            *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        } else {
            answer
                .headers_mut()
                .insert("cache-control", "max-age=60".parse().unwrap());
        }
        std::future::ready(answer)
    });
    let cache = layer().layer(origin.service());
    let upgrade = with("/a", &[("connection", "upgrade"), ("upgrade", "echo")]);
    let answer = send(&cache, upgrade).await;
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert!(!answer.headers().contains_key("cache-status"));
    for _ in 0..2 {
        assert_eq!(
            fetch(&cache, get("/b")).await.0.status(),
            StatusCode::NOT_FOUND
        );
    }
    assert_eq!(origin.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_handle_purges_by_uri_prefix_and_tag() {
    let origin = Origin::new(|_, request| {
        let tag = if request.uri().path() == "/x/1" {
            "one, x"
        } else {
            "x"
        };
        let headers = [("cache-control", "max-age=60"), ("cache-tag", tag)];
        std::future::ready(response(&headers, "x"))
    });
    let layer = layer().tag("all");
    let handle = layer.handle();
    let cache = layer.layer(origin.service());
    let fill = async || {
        for path in ["/x/1", "/x/2", "/y"] {
            fetch(&cache, get(path)).await;
        }
        tokio::time::advance(Duration::from_millis(1)).await;
    };
    fill().await;
    assert_eq!(handle.purge_tag("one"), 1);
    tokio::time::advance(Duration::from_millis(1)).await;
    fill().await;
    assert_eq!(handle.purge_prefix("http://a.example/x/"), 2);
    tokio::time::advance(Duration::from_millis(1)).await;
    fill().await;
    assert_eq!(handle.purge_uri("a.example/y?"), 0);
    assert_eq!(handle.purge_uri("https://a.example/y"), 1);
    assert_eq!(handle.purge_tag("all"), 2);
    assert_eq!(handle.usage().keys, 0);
    assert_eq!(handle.purge_all(), 0);
}

/// A store that answers after a while, as one behind a network does.
#[derive(Clone, Debug)]
struct Slow(MemoryStore);

impl Store for Slow {
    fn get(&self, key: &KeyRef<'_>) -> Answer<Option<std::sync::Arc<Variants>>> {
        let (store, key) = (self.0.clone(), key.to_owned());
        Answer::Later(Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            match store.get(&key.borrowed()) {
                Answer::Now(found) => found,
                Answer::Later(_) => None,
            }
        }))
    }

    fn put(&self, key: CacheKey, entry: std::sync::Arc<Entry>, asked: tokio::time::Instant) {
        self.0.put(key, entry, asked);
    }

    fn invalidate(&self, place: &Place<'_>) {
        self.0.invalidate(place);
    }

    fn purge(&self, matches: &dyn Fn(&CacheKey, &Entry) -> bool) -> usize {
        self.0.purge(matches)
    }

    fn usage(&self) -> StoreUsage {
        self.0.usage()
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_may_answer_later() {
    let origin = Origin::fixed(|| minute("x"));
    let cache = CacheLayer::new(Slow(MemoryStore::new(1 << 20))).layer(origin.service());
    fetch(&cache, get("/a")).await;
    let (hit, body) = fetch(&cache, get("/a")).await;
    assert!(status(&hit).contains("; hit"));
    assert_eq!((body.as_ref(), origin.calls()), (&b"x"[..], 1));
}

#[tokio::test(start_paused = true)]
async fn ambiguous_requests_pass_by() {
    let origin = Origin::fixed(|| minute("x"));
    let cache = layer().layer(origin.service());
    fetch(&cache, get("/a")).await;
    let content: Request<Body> = get("/a").map(|_| Body::from("fat"));
    for request in [
        content,
        with("/a", &[("x-http-method-override", "DELETE")]),
        with("/a", &[("host", "b.example")]),
        with("/a", &[("if-match", "\"x\"")]),
    ] {
        let (answer, _) = fetch(&cache, request).await;
        assert_eq!(status(&answer), "gateway; fwd=bypass; fwd-status=200");
    }
    let forwarded = with("/a", &[("x-forwarded-host", "evil.example")]);
    let (answer, _): (Response<()>, _) = fetch(&cache, forwarded).await;
    assert!(status(&answer).contains("fwd=uri-miss"));
}
