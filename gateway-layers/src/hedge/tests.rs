use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use gateway_core::{Body, ErrorKind, GatewayError, Outcome, Request, Response, Upstream};
use http::StatusCode;
use tokio::time::{Instant, sleep};
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::*;
use crate::retry::RetryBudget;

gateway_core::contract!(
    unsafe_requests,
    HedgeLayer::after_quantile(0.95),
    clones = 0
);
gateway_core::contract!(
    safe_requests,
    HedgeLayer::after(Duration::from_secs(5)),
    request = || {
        let mut request = gateway_core::testing::Contract::default_request();
        *request.method_mut() = http::Method::GET;
        request
    },
    clones = 1
);

/// Counts those that begin, and those that are not cancelled.
#[derive(Clone, Default)]
struct Count {
    begun: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

impl Count {
    fn get(&self) -> (usize, usize) {
        let load = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        (load(&self.begun), load(&self.ended))
    }
}

/// The attempts take `times` to their heads, one after the other, with `statuses`.
async fn ask(
    layer: &HedgeLayer,
    request: Request,
    attempts: &'static [(u64, u16)],
) -> (Response, Duration, Count) {
    let count = Count::default();
    let counted = count.clone();
    let inner = service_fn(move |_: Request| {
        let counted = counted.clone();
        async move {
            let number = counted.begun.fetch_add(1, Ordering::Relaxed);
            let (time, status) = attempts[number];
            sleep(Duration::from_millis(time)).await;
            counted.ended.fetch_add(1, Ordering::Relaxed);
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            let upstream = Upstream::new("u".into(), number.to_string().into());
            response.extensions_mut().insert(upstream);
            Ok::<_, Infallible>(response)
        }
    });
    let began = Instant::now();
    let response = layer.layer(inner).oneshot(request).await.unwrap();
    (response, began.elapsed(), count)
}

fn after(millis: u64) -> HedgeLayer {
    HedgeLayer::after(Duration::from_millis(millis))
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_overtaken_and_cancelled() {
    let (response, took, count) =
        ask(&after(50), <Request>::default(), &[(1000, 200), (10, 200)]).await;
    assert_eq!(took.as_millis(), 60);
    assert_eq!(count.get(), (2, 1));
    let upstream = response.extensions().get::<Upstream>().unwrap();
    assert_eq!((upstream.endpoint(), upstream.attempts()), ("1", 2));
}

#[tokio::test(start_paused = true)]
async fn a_quick_answer_costs_nothing_more() {
    let (response, took, count) = ask(&after(50), <Request>::default(), &[(40, 503)]).await;
    assert_eq!(response.status(), 503, "for a retry to judge");
    assert_eq!((took.as_millis(), count.get()), (40, (1, 1)));
}

#[tokio::test(start_paused = true)]
async fn a_bad_answer_waits_for_a_good_one() {
    let attempts = &[(100, 200), (10, 503)];
    let (response, took, _) = ask(&after(50), <Request>::default(), attempts).await;
    assert_eq!((response.status().as_u16(), took.as_millis()), (200, 100));
    let attempts = &[(60, 429), (30, 200)];
    let (response, took, _) = ask(&after(50), <Request>::default(), attempts).await;
    assert_eq!((response.status().as_u16(), took.as_millis()), (200, 80));
    let attempts = &[(60, 502), (30, 503)];
    let (response, took, _) = ask(&after(50), <Request>::default(), attempts).await;
    assert_eq!((response.status().as_u16(), took.as_millis()), (502, 80));
}

#[tokio::test(start_paused = true)]
async fn what_changes_something_is_sent_once() {
    for method in ["POST", "PUT", "DELETE"] {
        let request = http::Request::builder().method(method).body(Body::empty());
        let (_, took, count) = ask(&after(50), request.unwrap(), &[(200, 200)]).await;
        assert_eq!((took.as_millis(), count.get().0), (200, 1), "{method}");
    }
    let streamed = gateway_core::testing::frames(&["a"], None);
    let (_, _, count) = ask(&after(50), Request::new(streamed), &[(200, 200)]).await;
    assert_eq!(count.get().0, 1, "its body can be read but once");
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_maximum_and_the_budget() {
    let slow = &[(500, 200), (500, 200), (500, 200), (500, 200)];
    let (_, _, count) = ask(&after(50).max(3), <Request>::default(), slow).await;
    assert_eq!(count.get().0, 4);
    let broke = after(50).budget(RetryBudget::new(0, 0));
    let (_, took, count) = ask(&broke, <Request>::default(), slow).await;
    assert_eq!((took.as_millis(), count.get().0), (500, 1));
    let own = after(50);
    let mut sent = 0;
    for _ in 0..100 {
        sent += ask(&own, <Request>::default(), slow).await.2.get().0;
    }
    // 100 requests of half a second: three a second is more than a fifth of them.
    assert!((101..=200).contains(&sent), "{sent}");
}

#[tokio::test(start_paused = true)]
async fn the_quantile_is_learnt() {
    let layer = HedgeLayer::after_quantile(0.9);
    for _ in 0..19 {
        ask(&layer, <Request>::default(), &[(10, 200)]).await;
    }
    let slow = &[(1000, 200), (10, 200)];
    let (_, _, count) = ask(&layer, <Request>::default(), slow).await;
    assert_eq!(count.get().0, 1, "too few are known");
    for _ in 0..40 {
        ask(&layer, <Request>::default(), &[(10, 200)]).await;
    }
    let (_, took, count) = ask(&layer, <Request>::default(), slow).await;
    assert_eq!(count.get().0, 2);
    assert!((20..25).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn the_observer_hears_of_the_one_that_won() {
    let outcome = Outcome::new();
    let mut request = <Request>::default();
    request.extensions_mut().insert(outcome.clone());
    let inner = {
        let calls = Arc::new(AtomicUsize::new(0));
        let outcome = outcome.clone();
        service_fn(move |_: Request| {
            let (number, outcome) = (calls.fetch_add(1, Ordering::Relaxed), outcome.clone());
            async move {
                if number == 0 {
                    sleep(Duration::from_millis(60)).await;
                    let error = GatewayError::new(ErrorKind::UpstreamReset);
                    outcome.update(|record| record.error = Some(error.clone()));
                    let mut response = Response::new(Body::empty());
                    response.extensions_mut().insert(error);
                    return Ok::<_, Infallible>(response);
                }
                sleep(Duration::from_millis(60)).await;
                Ok(Response::new(Body::from("good")))
            }
        })
    };
    let response = after(50).layer(inner).oneshot(request).await.unwrap();
    assert!(response.extensions().get::<GatewayError>().is_none());
    assert!(outcome.take().error.is_none());
}
