use std::time::Duration;

use bytes::Bytes;
use gateway_core::{
    Body,
    body::collect,
    testing::{failing, frames, trailers},
};
use http::Response;
use http_body::Body as _;
use tower_layer::Layer as _;

use super::{Origin, fetch, get, layer, response, send, status, with};

fn streamed(headers: &[(&str, &str)], body: Body) -> Response<Body> {
    response(headers, "").map(|_| body)
}

const MINUTE: (&str, &str) = ("cache-control", "max-age=60");

#[tokio::test(start_paused = true)]
async fn frames_are_joined_and_served_as_one() {
    let origin = Origin::fixed(|| streamed(&[MINUTE], frames(&["he", "llo"], None)));
    let cache = layer().layer(origin.service());
    assert_eq!(fetch(&cache, get("/a")).await.1, "hello");
    let hit = send(&cache, get("/a")).await;
    assert_eq!(hit.body().as_bytes(), Some(&Bytes::from_static(b"hello")));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_whole_is_not_stored() {
    let broken: [fn() -> Response<Body>; 4] = [
        || streamed(&[MINUTE], failing(&["he"])),
        || streamed(&[MINUTE, ("content-length", "9")], frames(&["hello"], None)),
        || streamed(&[MINUTE, ("content-length", "3")], frames(&["hello"], None)),
        || streamed(&[MINUTE], frames(&["hello"], Some(trailers()))),
    ];
    for make in broken {
        let origin = Origin::fixed(make);
        let layer = layer();
        let handle = layer.handle();
        let cache = layer.layer(origin.service());
        for _ in 0..2 {
            _ = collect(send(&cache, get("/a")).await.into_body(), 1000).await;
        }
        assert_eq!((origin.calls(), handle.usage().keys), (2, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_stores_nothing() {
    let origin = Origin::fixed(|| streamed(&[MINUTE], frames(&["he", "llo"], None)));
    let layer = layer();
    let handle = layer.handle();
    let cache = layer.layer(origin.service());
    let mut body = send(&cache, get("/a")).await.into_body();
    let first = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await;
    assert!(first.is_some());
    drop(body);
    assert_eq!(handle.usage().keys, 0);
    assert_eq!(handle.stats().incomplete, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_streamed_and_not_stored() {
    let announced = || response(&[MINUTE, ("content-length", "5")], "hello");
    let unknown = || streamed(&[MINUTE], frames(&["he", "llo"], None));
    for (make, told) in [(announced as fn() -> _, false), (unknown, true)] {
        let origin = Origin::fixed(make);
        let layer = layer().max_entry(4);
        let handle = layer.handle();
        let cache = layer.layer(origin.service());
        let (answer, body) = fetch(&cache, get("/a")).await;
        assert_eq!(body, "hello");
        assert_eq!(status(&answer).ends_with("; stored"), told);
        assert_eq!(handle.usage().keys, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_store_stays_within_its_bytes() {
    let origin = Origin::fixed(|| {
        let content = Bytes::from(vec![0_u8; 10_000]);
        response(&[MINUTE], "").map(|_| Body::from(content))
    });
    let layer = crate::cache::CacheLayer::memory(100_000);
    let handle = layer.handle();
    let cache = layer.layer(origin.service());
    for n in 0..200 {
        fetch(&cache, get(&format!("/{n}"))).await;
    }
    let usage = handle.usage();
    assert!(usage.keys >= 5 && usage.bytes <= 100_000, "{usage:?}");
}

#[tokio::test(start_paused = true)]
async fn variants_do_not_push_out_their_key() {
    let origin = Origin::fixed(|| {
        let content = Bytes::from(vec![0_u8; 10_000]);
        response(&[MINUTE, ("vary", "x-n")], "").map(|_| Body::from(content))
    });
    let layer = crate::cache::CacheLayer::memory(50_000);
    let handle = layer.handle();
    let cache = layer.layer(origin.service());
    for n in 0..10 {
        fetch(&cache, with("/", &[("x-n", &n.to_string())])).await;
    }
    assert_eq!(handle.usage().keys, 1);
    assert!(handle.usage().bytes <= 50_000);
    let (hit, _) = fetch(&cache, with("/", &[("x-n", "9")])).await;
    assert!(status(&hit).contains("; hit"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_under_way_does_not_outlive_a_purge_or_a_change() {
    let origin = Origin::new(|_, request| {
        let post = request.method() == http::Method::POST;
        async move {
            if !post {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            response(&[MINUTE], "old")
        }
    });
    let layer = layer();
    let handle = layer.handle();
    let cache = layer.layer(origin.service());
    let change = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let mut post = get("/a");
        *post.method_mut() = http::Method::POST;
        fetch(&cache, post).await;
    };
    tokio::join!(fetch(&cache, get("/a")), change);
    assert_eq!(handle.usage().keys, 0);
    let purge = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(handle.purge_all(), 0);
    };
    tokio::join!(fetch(&cache, get("/b")), purge);
    assert_eq!(handle.usage().keys, 0);
}
