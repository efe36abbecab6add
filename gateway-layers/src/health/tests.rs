use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use gateway_core::{Body, ErrorKind, GatewayError, Request, Responder, Response};
use http_body_util::BodyExt as _;
use tokio::time::sleep;
use tower::service_fn;

use super::*;
use crate::balance::{Balance, Blocked, Endpoint, Fault};

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
    assert_eq!(state.fault(), Some(Fault::Timeout));
    well.store(true, Ordering::Relaxed);
    sleep(Duration::from_secs(14)).await;
    assert!(state.is_available());
    assert_eq!((state.active(), state.fault()), (0, None));

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
    let state = Arc::clone(Endpoint::new("a", ()).state());
    let ask = async |probe: Probe| probe.ask(answer, &state).await.expect("it can be asked");
    assert_eq!(ask(get()).await, Ok(()));
    assert_eq!(ask(get().expect_body("in")).await, Ok(()));
    assert_eq!(ask(get().expect_body("not")).await, Err(Fault::Content));
    assert_eq!(ask(get().expect_status(202..=202)).await, Ok(()));
    let other = get().expect_status(200..=201);
    assert_eq!(ask(other).await, Err(Fault::Status));
    let fails = service_fn(|_: Request| async { Err::<Response, _>("no") });
    let answer = get().ask(fails, &state).await;
    assert_eq!(answer, Some(Err(Fault::Unreachable)));
    let refuses = service_fn(|_: Request| async {
        let error = GatewayError::new(ErrorKind::UpstreamConnect);
        Ok::<Response, Infallible>(Responder::default().refuse(error))
    });
    let answer = get().expect_status(500..=599).ask(refuses, &state).await;
    assert_eq!(answer, Some(Err(Fault::Unreachable)), "that was us");
    assert!(Probe::get("healthz").is_err());
}

#[tokio::test]
async fn a_connection_is_enough_where_it_is_all_that_is_asked_for() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let never = service_fn(|_: Request| async { Err::<Response, _>("nobody calls it") });
    let state = |endpoint: Endpoint<()>| Arc::clone(endpoint.state());
    let open = state(Endpoint::new("a", ()).address(address.as_str()));
    assert_eq!(Probe::tcp().ask(never, &open).await, Some(Ok(())));
    drop(listener);
    let answer = Probe::tcp().ask(never, &open).await;
    assert_eq!(answer, Some(Err(Fault::Unreachable)));
    let unknown = state(Endpoint::new("a", ()));
    assert_eq!(Probe::tcp().ask(never, &unknown).await, None);
}

/// A server of the health service that knows `shop.Cart` only, and says of it what it is told to.
async fn grpc_answer(request: Request, says: u8) -> Result<Response, Infallible> {
    assert_eq!(request.uri(), "/grpc.health.v1.Health/Check");
    assert_eq!(request.headers()["content-type"], "application/grpc");
    assert_eq!(request.headers()["te"], "trailers");
    let asked = gateway_core::body::collect(request.into_body(), 64)
        .await
        .unwrap();
    let known = asked.bytes().ends_with(b"\x0a\x09shop.Cart");
    let mut trailers = http::HeaderMap::new();
    let status = http::HeaderValue::from_static(if known { "0" } else { "5" });
    trailers.insert("grpc-status", status);
    let frames = known.then(|| Bytes::from(vec![0, 0, 0, 0, 2, 8, says]));
    let body = http_body_util::Full::new(frames.unwrap_or_default());
    let body = body.with_trailers(async { Some(Ok(trailers)) });
    Ok(Response::new(Body::new(body)))
}

#[tokio::test]
async fn a_grpc_service_serves_or_does_not() {
    let state = Arc::clone(Endpoint::new("a", ()).state());
    let ask = async |service: &str, says: u8| {
        let answer = service_fn(move |request| grpc_answer(request, says));
        let probe = Probe::grpc(service);
        probe.ask(answer, &state).await.expect("it can be asked")
    };
    assert_eq!(ask("shop.Cart", 1).await, Ok(()));
    assert_eq!(ask("shop.Cart", 2).await, Err(Fault::NotServing));
    assert_eq!(ask("shop.Other", 1).await, Err(Fault::NotServing));
}
