use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use gateway_core::{Body, Request, Response};
use tokio::time::sleep;
use tower::service_fn;

use super::*;
use crate::balance::{Balance, Blocked, Endpoint};

/// A service that is well while `well` is set, and counts how often it was asked.
fn endpoint(
    well: &Arc<AtomicBool>,
    asked: &Arc<AtomicUsize>,
) -> impl tower::Service<Request, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static
+ use<> {
    let (well, asked) = (Arc::clone(well), Arc::clone(asked));
    service_fn(move |request: Request| {
        asked.fetch_add(1, Ordering::Relaxed);
        let well = well.load(Ordering::Relaxed);
        async move {
            assert_eq!(request.uri(), "/healthz?deep");
            assert_eq!(request.headers()["user-agent"], "gateway-probe");
            if !well {
                sleep(Duration::from_secs(60)).await;
            }
            Ok(Response::new(Body::from("all is well")))
        }
    })
}

fn probe() -> Probe {
    Probe::get("/healthz?deep")
        .unwrap()
        .every(Duration::from_secs(5))
        .timeout(Duration::from_secs(1))
        .expect_body("is well")
}

#[tokio::test(start_paused = true)]
async fn endpoints_go_down_and_come_back() {
    let (well, asked) = (Arc::new(AtomicBool::new(true)), Arc::default());
    let balance = Balance::new("x", [Endpoint::new("a", endpoint(&well, &asked))]);
    let state = Arc::clone(&balance.endpoints()[0]);
    let prober = probe().watch(&balance);
    sleep(Duration::from_secs(20)).await;
    assert!(state.is_available());
    well.store(false, Ordering::Relaxed);
    sleep(Duration::from_secs(9)).await;
    assert!(state.is_available(), "two bad probes are not three");
    sleep(Duration::from_secs(14)).await;
    assert!(state.is_blocked_by(Blocked::Unhealthy));
    well.store(true, Ordering::Relaxed);
    sleep(Duration::from_secs(14)).await;
    assert!(state.is_available());
    assert_eq!(state.active(), 0);

    drop(prober);
    sleep(Duration::from_secs(1)).await;
    let before = asked.load(Ordering::Relaxed);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(asked.load(Ordering::Relaxed), before);
}

#[tokio::test(start_paused = true)]
async fn endpoints_that_come_later_are_probed_too() {
    let (well, asked) = (Arc::new(AtomicBool::new(false)), Arc::default());
    let balance = Balance::new("x", []);
    let _prober = probe().down_after(1).watch(&balance);
    sleep(Duration::from_secs(7)).await;
    balance.replace([Endpoint::new("late", endpoint(&well, &asked))]);
    sleep(Duration::from_secs(7)).await;
    assert!(balance.endpoints()[0].is_blocked_by(Blocked::Unhealthy));
}

#[tokio::test(start_paused = true)]
async fn status_and_body_are_looked_at() {
    let answer = service_fn(|_: Request| async {
        let mut response = Response::new(Body::from("fine"));
        *response.status_mut() = http::StatusCode::ACCEPTED;
        Ok::<_, Infallible>(response)
    });
    let get = || Probe::get("/").unwrap();
    assert!(get().ask(answer).await);
    assert!(get().expect_body("in").ask(answer).await);
    assert!(!get().expect_body("not").ask(answer).await);
    assert!(get().expect_status(202..=202).ask(answer).await);
    assert!(!get().expect_status(200..=201).ask(answer).await);
    let fails = service_fn(|_: Request| async { Err::<Response, _>("no") });
    assert!(!get().ask(fails).await);
    assert!(Probe::get("healthz").is_err());
}
