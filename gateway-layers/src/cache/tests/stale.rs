use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use tower_layer::Layer as _;

use super::{Origin, fetch, get, layer, minute, response, status, with};

/// Each call answers with its number, and 304 to the validator of the first.
fn versions(control: &'static str) -> Origin {
    Origin::new(move |call, request| {
        let same = request
            .headers()
            .get("if-none-match")
            .is_some_and(|tag| tag == "\"v1\"");
        let headers = [
            ("cache-control", control),
            ("etag", "\"v1\""),
            ("x-call", NAMES[call]),
        ];
        let mut answer = response(&headers, if same { "" } else { "body" });
        if same {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
        }
        std::future::ready(answer)
    })
}

const NAMES: [&str; 4] = ["0", "1", "2", "3"];

#[tokio::test(start_paused = true)]
async fn a_304_renews_what_is_stored() {
    let origin = versions("max-age=60");
    let cache = layer().layer(origin.service());
    fetch(&cache, get("/a")).await;
    tokio::time::advance(Duration::from_secs(61)).await;
    let (answer, body) = fetch(&cache, get("/a")).await;
    assert_eq!(
        (answer.status(), body.as_ref()),
        (StatusCode::OK, &b"body"[..])
    );
    assert_eq!(answer.headers()["x-call"], "1");
    assert_eq!(
        status(&answer),
        "gateway; fwd=stale; fwd-status=304; ttl=60; stored"
    );
    let (hit, _) = fetch(&cache, get("/a")).await;
    assert_eq!(status(&hit), "gateway; hit; ttl=60");
    // The client's own condition is answered after the validation.
    tokio::time::advance(Duration::from_secs(61)).await;
    let (same, _) = fetch(&cache, with("/a", &[("if-none-match", "\"v1\"")])).await;
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(origin.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_cookie_of_a_304_is_for_its_caller_alone() {
    let origin = Origin::new(|call, _| {
        let mut answer = if call == 0 {
            response(
                &[("cache-control", "max-age=60"), ("etag", "\"a\"")],
                "body",
            )
        } else {
            response(&[("set-cookie", "session=1")], "")
        };
        if call > 0 {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
        }
        std::future::ready(answer)
    });
    let cache = layer().layer(origin.service());
    fetch(&cache, get("/a")).await;
    tokio::time::advance(Duration::from_secs(61)).await;
    let (renewed, _) = fetch(&cache, get("/a")).await;
    assert_eq!(renewed.headers()["set-cookie"], "session=1");
    let (hit, _) = fetch(&cache, get("/a")).await;
    assert!(!hit.headers().contains_key("set-cookie"));
    assert_eq!(origin.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn stale_while_revalidate_answers_at_once_and_refreshes_once() {
    let origin = Origin::new(|call, _| async move {
        if call > 0 {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        minute(NAMES[call])
    });
    let grace = Duration::from_secs(30);
    let cache = layer()
        .stale_while_revalidate(grace)
        .layer(origin.service());
    fetch(&cache, get("/a")).await;
    tokio::time::advance(Duration::from_secs(65)).await;
    for _ in 0..5 {
        let start = tokio::time::Instant::now();
        let (answer, body) = fetch(&cache, get("/a")).await;
        assert_eq!(body, "0");
        assert_eq!(
            status(&answer),
            "gateway; hit; ttl=-5; detail=stale-while-revalidate"
        );
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(origin.calls(), 2);
    assert_eq!(fetch(&cache, get("/a")).await.1, "1");
    // Past the grace period the client waits.
    tokio::time::advance(Duration::from_secs(100)).await;
    assert_eq!(fetch(&cache, get("/a")).await.1, "2");
}

#[tokio::test(start_paused = true)]
async fn refreshes_are_bounded_and_die_with_the_layer() {
    struct Count(Arc<AtomicUsize>);
    impl Drop for Count {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let running = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&running);
    let origin = Origin::new(move |call, _| {
        let counter = Arc::clone(&counter);
        async move {
            if call >= 4 {
                counter.fetch_add(1, Ordering::SeqCst);
                let _count = Count(counter);
                std::future::pending::<()>().await;
            }
            minute("x")
        }
    });
    let layer = layer()
        .stale_while_revalidate(Duration::from_secs(30))
        .max_refreshes(2);
    let cache = layer.layer(origin.service());
    for path in ["/0", "/1", "/2", "/3"] {
        fetch(&cache, get(path)).await;
    }
    tokio::time::advance(Duration::from_secs(61)).await;
    for path in ["/0", "/1", "/2", "/3"] {
        assert_eq!(fetch(&cache, get(path)).await.1, "x");
        tokio::task::yield_now().await;
    }
    assert_eq!(running.load(Ordering::SeqCst), 2);
    drop((cache, layer));
    tokio::task::yield_now().await;
    assert_eq!(running.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failed_origin_is_covered_for_within_the_grace_period() {
    let origin = Origin::new(|call, _| {
        let mut answer = minute("good");
        if call > 0 {
            *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        std::future::ready(answer)
    });
    let grace = Duration::from_secs(30);
    let cache = layer().stale_if_error(grace).layer(origin.service());
    fetch(&cache, get("/a")).await;
    tokio::time::advance(Duration::from_secs(70)).await;
    let (answer, body) = fetch(&cache, get("/a")).await;
    assert_eq!(
        (answer.status(), body.as_ref()),
        (StatusCode::OK, &b"good"[..])
    );
    assert_eq!(
        status(&answer),
        "gateway; hit; ttl=-10; detail=stale-if-error"
    );
    tokio::time::advance(Duration::from_secs(30)).await;
    let (late, _) = fetch(&cache, get("/a")).await;
    assert_eq!(late.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(start_paused = true)]
async fn must_revalidate_is_never_covered_for() {
    let origin = Origin::new(|call, _| {
        let mut answer = response(&[("cache-control", "max-age=60, must-revalidate")], "x");
        if call > 0 {
            *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        std::future::ready(answer)
    });
    let grace = Duration::from_secs(300);
    let cache = layer()
        .stale_if_error(grace)
        .stale_while_revalidate(grace)
        .layer(origin.service());
    fetch(&cache, get("/a")).await;
    tokio::time::advance(Duration::from_secs(61)).await;
    let (answer, _) = fetch(&cache, with("/a", &[("cache-control", "max-stale")])).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}
