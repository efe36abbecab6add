use std::{convert::Infallible, sync::Mutex, time::Duration};

use gateway_core::{
    Body, ErrorKind, GatewayError, Outcome, Request, Response,
    body::collect,
    testing::{failing, frames},
};
use http::{HeaderValue, StatusCode, header};
use tower::{Layer as _, Service as _, ServiceExt as _, service_fn};

use super::{machine::Verdict, *};

gateway_core::contract!(default, CircuitBreakerLayer::default(), clones = 0);
gateway_core::contract!(
    cancelled_requests_open_nothing,
    CircuitBreakerLayer::new(Breaker::new().consecutive(1).min_requests(1)),
    clones = 0
);

fn layer() -> CircuitBreakerLayer {
    let rules = Breaker::new().error_ratio(None).consecutive(3);
    CircuitBreakerLayer::new(rules.open(Duration::from_secs(5)))
}

#[tokio::test(start_paused = true)]
async fn a_fallback_is_answered_while_it_is_open() {
    let plain = HeaderValue::from_static("text/plain");
    let fallback = Fallback::new(StatusCode::OK, "later").header(header::CONTENT_TYPE, plain);
    let layer = layer().fallback(fallback);
    for _ in 0..3 {
        assert_eq!(ask(&layer, 500).await.status(), 500);
    }
    let instead = ask(&layer, 200).await;
    assert_eq!(instead.status(), 200);
    assert_eq!(instead.headers()["content-type"], "text/plain");
    let error = instead.extensions().get::<GatewayError>().unwrap();
    assert_eq!(error.kind(), ErrorKind::CircuitOpen);
    let body = collect(instead.into_body(), 100).await.unwrap();
    assert_eq!(&body.bytes()[..], b"later");
    tokio::time::advance(Duration::from_secs(5)).await;
    let response = ask(&layer, 200).await;
    assert!(response.extensions().get::<GatewayError>().is_none());
}

/// Answers with `status` as long as it says so.
async fn ask(layer: &CircuitBreakerLayer, status: u16) -> Response {
    let inner = service_fn(move |_: Request| async move {
        let mut response = Response::new(Body::from("x"));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        Ok::<_, Infallible>(response)
    });
    layer
        .layer(inner)
        .oneshot(Request::default())
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn it_opens_refuses_and_closes() {
    let layer = layer();
    for _ in 0..3 {
        assert_eq!(ask(&layer, 500).await.status(), 500);
    }
    tokio::time::advance(Duration::from_secs(2)).await;
    let refused = ask(&layer, 200).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "3");
    let error = refused.extensions().get::<GatewayError>().unwrap();
    assert_eq!(error.kind(), ErrorKind::CircuitOpen);
    tokio::time::advance(Duration::from_secs(3)).await;
    assert_eq!(ask(&layer, 200).await.status(), 200);
    assert_eq!(layer.circuit().state(), CircuitState::HalfOpen);
    assert_eq!(ask(&layer, 200).await.status(), 200);
    assert_eq!(layer.circuit().state(), CircuitState::Closed);
    for state in CircuitState::ALL {
        assert_eq!(layer.circuit().transitions(state), 1, "{state:?}");
    }
}

#[tokio::test]
async fn a_refusal_tells_the_observer() {
    let layer = layer();
    for _ in 0..3 {
        ask(&layer, 500).await;
    }
    let outcome = Outcome::new();
    let mut request = Request::default();
    request.extensions_mut().insert(outcome.clone());
    let inner = service_fn(|_: Request| async { Ok::<Response, Infallible>(Response::default()) });
    let refused = layer.layer(inner).oneshot(request).await.unwrap();
    assert_eq!(refused.status(), 503);
    let error = outcome.take().error.unwrap();
    assert_eq!(error.layer_name(), Some("circuit_breaker"));
}

#[tokio::test]
async fn bodies_that_break_count_and_readers_that_leave_do_not() {
    for (break_them, expected) in [(true, CircuitState::Open), (false, CircuitState::Closed)] {
        let layer = layer();
        for _ in 0..3 {
            let inner = service_fn(move |_: Request| async move {
                let body = if break_them {
                    failing(&["a", "b"])
                } else {
                    frames(&["a", "b"], None)
                };
                Ok::<_, Infallible>(Response::new(body))
            });
            let answered = layer
                .layer(inner)
                .oneshot(Request::default())
                .await
                .unwrap();
            if break_them {
                assert!(collect(answered.into_body(), 64).await.is_err());
            } else {
                drop(answered);
            }
        }
        assert_eq!(layer.circuit().state(), expected);
    }
}

#[tokio::test]
async fn an_error_of_the_service_is_a_failure_and_is_passed_on() {
    let layer = layer();
    for _ in 0..3 {
        let inner = service_fn(|_: Request| async { Err::<Response, _>("broken") });
        let error = layer.layer(inner).oneshot(Request::default()).await;
        assert_eq!(error.unwrap_err(), "broken");
    }
    assert_eq!(layer.circuit().state(), CircuitState::Open);
}

#[tokio::test]
async fn a_cancelled_request_counts_only_if_its_time_was_over() {
    for (kind, expected) in [
        (Some(ErrorKind::UpstreamTimeout), CircuitState::Open),
        (Some(ErrorKind::DeadlineExceeded), CircuitState::Closed),
        (None, CircuitState::Closed),
    ] {
        let circuit = std::sync::Arc::new(Circuit::new(Breaker::new().consecutive(1)));
        let outcome = Outcome::new();
        let permit = circuit.admit().unwrap();
        let permit = permit.with_outcome(Some(outcome.clone()));
        outcome.update(|record| record.error = kind.map(GatewayError::new));
        drop(permit);
        assert_eq!(circuit.state(), expected, "{kind:?}");
    }
}

/// Threads that ask at once: no more than two are let through while it is half open, and it ends
/// up closed.
#[test]
fn many_at_once() {
    let rules = Breaker::new().consecutive(1).open(Duration::from_millis(1));
    let circuit = std::sync::Arc::new(Circuit::new(rules));
    circuit.admit().unwrap().settle_as(Verdict::Failure);
    std::thread::sleep(Duration::from_millis(2));
    let admitted = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..100 {
                    if let Ok(permit) = circuit.admit() {
                        admitted.lock().unwrap().push(permit);
                    }
                }
            });
        }
    });
    let permits = admitted.into_inner().unwrap();
    assert_eq!(permits.len(), 2);
    std::thread::scope(|scope| {
        for permit in permits {
            scope.spawn(|| permit.settle_as(Verdict::Success));
        }
    });
    assert_eq!(circuit.state(), CircuitState::Closed);
    assert_eq!(circuit.transitions(CircuitState::Open), 1);
}

#[tokio::test]
async fn readiness_is_that_of_the_service_inside_even_while_open() {
    let layer = layer();
    for _ in 0..3 {
        ask(&layer, 500).await;
    }
    let inner = service_fn(|_: Request| async { Ok::<Response, Infallible>(Response::default()) });
    let mut service = layer.layer(inner);
    let ready: Result<_, Infallible> = service.ready().await;
    assert_eq!(
        ready
            .unwrap()
            .call(Request::default())
            .await
            .unwrap()
            .status(),
        503
    );
}
