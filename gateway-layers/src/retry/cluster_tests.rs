//! Retry over a balancer over sockets.

use gateway_core::{Body, Response, Upstream};
use tower::{Layer as _, ServiceExt as _};

use super::RetryLayer;
use crate::{
    balance::{Balance, Policy},
    proxy::tests::support::{raw, read_head, request, text, upstream},
};

/// Takes every request and answers none.
async fn resets() -> String {
    let address = raw(|mut io| async move {
        assert!(!read_head(&mut io).await.is_empty());
    })
    .await;
    format!("http://{address}")
}

#[tokio::test]
async fn the_next_attempt_goes_elsewhere() {
    let alive = upstream(false, |_| async { Response::new(Body::from("alive")) }).await;
    let urls = [resets().await, resets().await, format!("http://{alive}")];
    for policy in [Policy::P2cEwma, Policy::RoundRobin, Policy::LeastRequest] {
        let balance = Balance::proxies("shop", urls.iter().map(String::as_str))
            .unwrap()
            .policy(policy);
        // Three attempts reach three endpoints only if none is tried twice.
        let service = RetryLayer::new().attempts(3).layer(balance.clone());
        for _ in 0..10 {
            let response = service
                .clone()
                .oneshot(request("GET", "/", ""))
                .await
                .unwrap();
            let upstream = response.extensions().get::<Upstream>().unwrap().clone();
            assert_eq!(text(response).await, "alive", "{policy:?}");
            assert!((1..=3).contains(&upstream.attempts()));
        }
        assert!(balance.endpoints().iter().all(|state| state.active() == 0));
    }
}

#[tokio::test]
async fn when_everything_was_tried_anything_is_better_than_nothing() {
    let only = resets().await;
    let balance = Balance::proxies("shop", [only.as_str()]).unwrap();
    let service = RetryLayer::new().attempts(2).layer(balance);
    let response = service.oneshot(request("GET", "/", "")).await.unwrap();
    assert_eq!(response.status(), 502);
    assert_eq!(
        response.extensions().get::<Upstream>().unwrap().attempts(),
        2
    );
}
