use std::{
    convert::Infallible,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use gateway_core::{
    Body, Deadline, ErrorKind, GatewayError, Key, Outcome, Request, Response, body::collect,
    testing::frames,
};
use tokio::time::{Instant, advance};
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::*;

fn fixed(limit: u32) -> ConcurrencyLayer {
    ConcurrencyLayer::new(NonZeroU32::new(limit).unwrap())
}

gateway_core::contract!(fixed_limit, fixed(2), clones = 0);
gateway_core::contract!(
    queued_by_key,
    fixed(2)
        .key(Key::header("host"))
        .queue(Duration::from_secs(1), 4)
        .priority(Priority::new(Key::header("x-priority")).level("batch", 0.5)),
    clones = 1
);
gateway_core::contract!(gradient, ConcurrencyLayer::new(Gradient::new()), clones = 0);

/// Sends a request whose answer takes `time` to its head, and says what became of it and when.
async fn ask(layer: &ConcurrencyLayer, time: u64, request: Request) -> (u16, Duration) {
    let began = Instant::now();
    let inner = service_fn(move |_: Request| async move {
        tokio::time::sleep(Duration::from_millis(time)).await;
        Ok::<_, Infallible>(Response::new(Body::from("x")))
    });
    let response = layer.layer(inner).oneshot(request).await.unwrap();
    (response.status().as_u16(), began.elapsed())
}

fn with(name: &'static str, value: &str) -> Request {
    let request = http::Request::builder().header(name, value);
    request.body(Body::empty()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_is_refused_at_once() {
    let layer = fixed(2);
    let one = || ask(&layer, 100, Request::default());
    let (a, b, c) = tokio::join!(one(), one(), one());
    assert_eq!((a.0, b.0), (200, 200));
    assert_eq!(c, (503, Duration::ZERO));
    assert_eq!(layer.occupancy().in_flight, 0);
    assert_eq!(one().await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn waiters_go_in_order_like_on_a_staircase() {
    let layer = fixed(1).queue(Duration::from_secs(10), 10);
    let one = || ask(&layer, 100, Request::default());
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    let took = [a, b, c, d].map(|(status, took)| (status, took.as_millis()));
    assert_eq!(took, [(200, 100), (200, 200), (200, 300), (200, 400)]);
}

#[tokio::test(start_paused = true)]
async fn the_queue_has_a_bound_and_a_time_limit() {
    let layer = fixed(1).queue(Duration::from_millis(150), 2);
    let one = || ask(&layer, 100, Request::default());
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    assert_eq!((a.0, b.0), (200, 200));
    assert_eq!((c.0, c.1.as_millis()), (429, 150), "queue_timeout");
    assert_eq!(d, (503, Duration::ZERO), "overloaded");
    let occupancy = layer.occupancy();
    assert_eq!((occupancy.in_flight, occupancy.queued), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_beyond_a_deadline() {
    let layer = fixed(1).queue(Duration::from_secs(10), 2);
    let mut hasty = Request::default();
    let soon = Instant::now() + Duration::from_millis(30);
    hasty.extensions_mut().insert(Deadline::new(soon));
    let (_, hasty) = tokio::join!(
        ask(&layer, 100, Request::default()),
        ask(&layer, 100, hasty)
    );
    assert_eq!((hasty.0, hasty.1.as_millis()), (429, 30));
}

#[tokio::test(start_paused = true)]
async fn keys_have_places_of_their_own_and_leave_nothing_behind() {
    let layer = fixed(1).key(Key::header("x-tenant"));
    let one = |tenant| ask(&layer, 100, with("x-tenant", tenant));
    let none = || ask(&layer, 100, Request::default());
    let (a, b, c, d, e) = tokio::join!(one("a"), one("b"), one("a"), none(), none());
    assert_eq!((a.0, b.0, c.0), (200, 200, 429));
    assert_eq!((d.0, e.0), (200, 429), "without a key they count together");
    assert!(
        format!("{layer:?}").contains("pools: Mutex { data: {}"),
        "{layer:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_unimportant_is_turned_away_first() {
    let priority = Priority::new(Key::header("x-priority")).level("batch", 0.5);
    let layer = fixed(4).priority(priority);
    let batch = || ask(&layer, 100, with("x-priority", "batch"));
    let other = || ask(&layer, 100, Request::default());
    let (a, b, c, d, e, f) = tokio::join!(batch(), batch(), batch(), other(), other(), other());
    assert_eq!((a.0, b.0, c.0), (200, 200, 503));
    assert_eq!((d.0, e.0, f.0), (200, 200, 503));
}

#[tokio::test(start_paused = true)]
async fn the_important_overtakes_in_the_queue() {
    let priority = Priority::new(Key::header("x-priority")).level("batch", 0.5);
    let layer = fixed(1)
        .queue(Duration::from_secs(10), 10)
        .priority(priority);
    let batch = || ask(&layer, 100, with("x-priority", "batch"));
    let other = || ask(&layer, 100, Request::default());
    let (_, b, c) = tokio::join!(batch(), batch(), other());
    assert_eq!((b.1.as_millis(), c.1.as_millis()), (300, 200));
}

#[tokio::test(start_paused = true)]
async fn a_place_is_taken_until_the_body_has_ended() {
    let layer = fixed(1);
    let inner = service_fn(|_: Request| async {
        Ok::<_, Infallible>(Response::new(frames(&["a", "b"], None)))
    });
    let service = layer.layer(inner);
    let first = service.clone().oneshot(Request::default()).await.unwrap();
    assert_eq!(layer.occupancy().in_flight, 1);
    let second = service.clone().oneshot(Request::default()).await.unwrap();
    assert_eq!(second.status(), 503);
    collect(first.into_body(), 64).await.unwrap();
    let third = service.oneshot(Request::default()).await.unwrap();
    assert_eq!(third.status(), 200);
    drop(third);
    assert_eq!(layer.occupancy().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_the_queue_leaves_no_gap() {
    let layer = fixed(1).queue(Duration::from_secs(10), 2);
    let mut first = Box::pin(ask(&layer, 100, Request::default()));
    let mut second = Box::pin(ask(&layer, 100, Request::default()));
    let third = ask(&layer, 100, Request::default());
    assert!(futures_util::poll!(&mut first).is_pending());
    assert!(futures_util::poll!(&mut second).is_pending());
    let mut third = Box::pin(third);
    assert!(futures_util::poll!(&mut third).is_pending());
    assert_eq!(layer.occupancy().queued, 2);
    drop(second);
    assert_eq!(layer.occupancy().queued, 1);
    advance(Duration::from_millis(100)).await;
    assert_eq!(first.await.0, 200);
    assert_eq!(third.await.1.as_millis(), 200);
    assert_eq!(layer.occupancy().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_came_too_late_goes_on_to_the_next() {
    let layer = fixed(1).queue(Duration::from_secs(10), 2);
    let inner =
        service_fn(|_: Request| async { Ok::<_, Infallible>(Response::new(frames(&["a"], None))) });
    let holder = layer
        .layer(inner)
        .oneshot(Request::default())
        .await
        .unwrap();
    let mut second = Box::pin(ask(&layer, 100, Request::default()));
    let mut third = Box::pin(ask(&layer, 100, Request::default()));
    assert!(futures_util::poll!(&mut second).is_pending());
    assert!(futures_util::poll!(&mut third).is_pending());
    drop(holder);
    // It was given the place and never looked.
    drop(second);
    assert_eq!(third.await.0, 200);
    assert_eq!(layer.occupancy().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn refusals_are_typed_and_told_to_the_observer() {
    let layer = fixed(1).key(Key::Global);
    let inner =
        service_fn(|_: Request| async { Ok::<_, Infallible>(Response::new(frames(&["a"], None))) });
    let service = layer.layer(inner);
    let _held = service.clone().oneshot(Request::default()).await.unwrap();
    let outcome = Outcome::new();
    let mut request = Request::default();
    request.extensions_mut().insert(outcome.clone());
    let refused = service.oneshot(request).await.unwrap();
    assert_eq!(refused.headers()["retry-after"], "1");
    let error = refused.extensions().get::<GatewayError>().unwrap();
    assert_eq!(error.kind(), ErrorKind::TooManyConcurrent);
    assert_eq!(
        outcome.take().error.unwrap().layer_name(),
        Some("concurrency")
    );
}

#[tokio::test(start_paused = true)]
async fn an_adaptive_limit_gives_way_to_a_slow_service() {
    let layer = ConcurrencyLayer::new(Aimd::new(Duration::from_millis(50)).initial(10));
    let most = Arc::new(AtomicU32::new(0));
    for _ in 0..30 {
        most.store(layer.occupancy().limit, Ordering::Relaxed);
        let each = (0..10).map(|_| ask(&layer, 100, Request::default()));
        futures_util::future::join_all(each).await;
    }
    assert!(most.load(Ordering::Relaxed) <= 2, "{:?}", layer.occupancy());
    for _ in 0..30 {
        let each = (0..10).map(|_| ask(&layer, 10, Request::default()));
        futures_util::future::join_all(each).await;
    }
    assert!(layer.occupancy().limit >= 5, "{:?}", layer.occupancy());
}
