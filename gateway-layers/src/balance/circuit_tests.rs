use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
    time::Duration,
};

use gateway_core::{Body, ErrorKind, GatewayError, Outcome, Request, Response};
use http::StatusCode;
use tower::{ServiceExt as _, service_fn};

use super::{Balance, Blocked, Endpoint, Policy};
use crate::circuit_breaker::{Breaker, CircuitState};

/// What an endpoint answers, and how often it was asked. Status 0 is no answer at all.
#[derive(Clone, Default)]
struct Backend {
    status: Arc<AtomicU16>,
    asked: Arc<AtomicUsize>,
}

impl Backend {
    fn new(status: u16) -> Self {
        let backend = Self::default();
        backend.set(status);
        backend
    }

    fn set(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    async fn answer(self) -> Result<Response, std::convert::Infallible> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let status = self.status.load(Ordering::Relaxed);
        if status == 0 {
            std::future::pending::<()>().await;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Ok(response)
    }
}

macro_rules! balance {
    ($($backend:expr),*) => {
        Balance::new("shop", [$({
            let backend = $backend.clone();
            let name = format!("{:p}", Arc::as_ptr(&backend.status));
            Endpoint::new(name, tower::util::BoxCloneSyncService::new(service_fn(move |_: Request| backend.clone().answer())))
        }),*])
        .policy(Policy::RoundRobin)
        .breaker(Breaker::new().error_ratio(None).consecutive(3).open(Duration::from_secs(5)))
    };
}

async fn ask<S>(balance: &Balance<S>) -> Response
where
    S: tower::Service<Request, Response = Response, Error = std::convert::Infallible> + Clone,
{
    balance.clone().oneshot(<Request>::default()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_open_endpoint_is_not_chosen_and_comes_back_after_two_probes() {
    let (good, bad) = (Backend::new(200), Backend::new(500));
    let balance = balance!(good, bad);
    for _ in 0..20 {
        ask(&balance).await;
    }
    assert_eq!((good.asked(), bad.asked()), (17, 3));
    let state = &balance.endpoints()[1];
    assert!(state.is_blocked_by(Blocked::CircuitOpen));
    bad.set(200);
    tokio::time::advance(Duration::from_secs(5)).await;
    for _ in 0..4 {
        assert_eq!(ask(&balance).await.status(), 200);
    }
    assert_eq!(bad.asked(), 5);
    assert_eq!(state.circuit().unwrap().state(), CircuitState::Closed);
    assert!(state.is_available());
}

#[tokio::test(start_paused = true)]
async fn when_all_are_open_nobody_is_asked() {
    let bad = Backend::new(500);
    let balance = balance!(bad);
    for _ in 0..3 {
        assert_eq!(ask(&balance).await.status(), 500);
    }
    tokio::time::advance(Duration::from_secs(2)).await;
    let refused = ask(&balance).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "3");
    let error = refused.extensions().get::<GatewayError>().unwrap();
    assert_eq!(error.kind(), ErrorKind::CircuitOpen);
    assert_eq!(bad.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn of_many_at_once_two_are_let_through_to_see() {
    let bad = Backend::new(500);
    let balance = balance!(bad);
    for _ in 0..3 {
        ask(&balance).await;
    }
    tokio::time::advance(Duration::from_secs(5)).await;
    bad.set(0);
    let mut under_way: Vec<_> = (0..10).map(|_| Box::pin(ask(&balance))).collect();
    let mut refused = 0;
    for future in &mut under_way {
        if let std::task::Poll::Ready(response) = futures_util::poll!(future) {
            assert_eq!(response.status(), 503);
            refused += 1;
        }
    }
    assert_eq!((bad.asked(), refused), (5, 8));
    // Cancelled, they count neither way and free their places.
    drop(under_way);
    bad.set(200);
    assert_eq!(ask(&balance).await.status(), 200);
    assert_eq!(ask(&balance).await.status(), 200);
    assert!(balance.endpoints()[0].is_available());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_a_timeout_outside_gave_up_is_a_failure() {
    let slow = Backend::new(0);
    let balance = balance!(slow);
    for _ in 0..3 {
        let outcome = Outcome::new();
        let mut request = <Request>::default();
        request.extensions_mut().insert(outcome.clone());
        let mut future = Box::pin(balance.clone().oneshot(request));
        assert!(futures_util::poll!(&mut future).is_pending());
        let error = GatewayError::new(ErrorKind::UpstreamTimeout);
        outcome.update(|record| record.error = Some(error));
        drop(future);
    }
    assert_eq!(ask(&balance).await.status(), 503);
    assert_eq!(slow.asked(), 3);
}
