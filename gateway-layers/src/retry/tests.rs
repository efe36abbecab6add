use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use gateway_core::{
    Attempt, Body, Deadline, ErrorKind, GatewayError, Outcome, Request, Response, Upstream,
    body::collect,
    context::Tried,
    service::Unsent,
    testing::{frames, trailers},
};
use http::StatusCode;
use tokio::time::Instant;
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::*;

gateway_core::contract!(default, RetryLayer::new());
gateway_core::contract!(
    repeatable,
    RetryLayer::new().per_try(Duration::from_secs(5)),
    request = || {
        let mut request = gateway_core::testing::Contract::default_request();
        let key = http::HeaderValue::from_static("1");
        request.headers_mut().insert("idempotency-key", key);
        request
    }
);

/// What one attempt brought: its number, its body, and how the service answers it.
type Script = Arc<dyn Fn(usize, Request) -> Response + Send + Sync>;

/// Answers attempt after attempt by `script`, which sees the request with its body read.
async fn run(
    layer: RetryLayer,
    request: Request,
    script: impl Fn(usize, Request) -> Response + Send + Sync + 'static,
) -> (Response, Vec<String>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let script: Script = Arc::new(script);
    let log = Arc::clone(&bodies);
    let service = service_fn(move |request: Request| {
        let (calls, log, script) = (Arc::clone(&calls), Arc::clone(&log), Arc::clone(&script));
        async move {
            let number = calls.fetch_add(1, Ordering::Relaxed) + 1;
            let seen = request.extensions().get::<Attempt>();
            if let Some(attempt) = seen {
                assert_eq!(attempt.number() as usize, number);
            }
            let (parts, body) = request.into_parts();
            let read = collect(body, 1 << 22).await.unwrap();
            let text = String::from_utf8(read.bytes().to_vec()).unwrap();
            log.lock().unwrap().push(text);
            let request = Request::from_parts(parts, read.into_body());
            Ok::<_, Infallible>(script(number, request))
        }
    });
    let response = layer.layer(service).oneshot(request).await.unwrap();
    let bodies = bodies.lock().unwrap().clone();
    (response, bodies)
}

fn status(status: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

fn refused(kind: ErrorKind) -> Response {
    let mut response = status(kind.status().as_u16());
    response.extensions_mut().insert(GatewayError::new(kind));
    response
}

fn ask(method: &str, body: impl Into<Body>) -> Request {
    http::Request::builder()
        .method(method)
        .uri("/x")
        .body(body.into())
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_safe_request_is_sent_again_with_its_body() {
    let layer = RetryLayer::new().attempts(3);
    let (response, bodies) = run(layer.clone(), ask("PUT", "ping"), |number, _| {
        status(if number < 3 { 503 } else { 200 })
    })
    .await;
    assert_eq!(response.status(), 200);
    assert_eq!(bodies, ["ping", "ping", "ping"]);

    let streamed = frames(&["pi", "ng"], Some(trailers()));
    let (response, bodies) = run(layer, ask("PUT", streamed), |number, request| {
        let read = http_body::Body::size_hint(request.body()).exact();
        assert!(read.is_none_or(|size| size == 4));
        status(if number < 2 { 503 } else { 200 })
    })
    .await;
    assert_eq!(response.status(), 200);
    assert_eq!(bodies, ["ping", "ping"]);
}

#[tokio::test(start_paused = true)]
async fn an_unsafe_request_is_sent_once() {
    let (response, bodies) = run(RetryLayer::new(), ask("POST", "pay"), |_, _| status(503)).await;
    assert_eq!(response.status(), 503);
    assert_eq!(bodies, ["pay"]);
    let mut keyed = ask("POST", "pay");
    keyed
        .headers_mut()
        .insert("idempotency-key", "1".parse().unwrap());
    let (_, bodies) = run(RetryLayer::new(), keyed, |_, _| status(503)).await;
    assert_eq!(bodies, ["pay", "pay"]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_not_sent_goes_out_whatever_its_method() {
    let (response, bodies) = run(RetryLayer::new(), ask("POST", "pay"), |number, request| {
        if number == 2 {
            return status(201);
        }
        let mut response = refused(ErrorKind::UpstreamConnect);
        response.extensions_mut().insert(Unsent::new(request));
        response
    })
    .await;
    assert_eq!(response.status(), 201);
    assert_eq!(bodies, ["pay", "pay"]);

    // Not asked for, it stays where it is.
    let layer = RetryLayer::new().on([On::Reset]);
    let (mut response, bodies) = run(layer, ask("POST", "pay"), |_, request| {
        let mut response = refused(ErrorKind::UpstreamConnect);
        response.extensions_mut().insert(Unsent::new(request));
        response
    })
    .await;
    assert_eq!(bodies.len(), 1);
    assert!(Unsent::take(response.extensions_mut()).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_long_body_is_sent_once() {
    for (len, sent) in [(60 << 10, 2), (1 << 20, 1)] {
        let part: &'static str = Box::leak("x".repeat(len / 4).into_boxed_str());
        let body = frames(&[part, part, part, part], None);
        let (_, bodies) = run(RetryLayer::new(), ask("PUT", body), |_, _| status(503)).await;
        assert_eq!(bodies.len(), sent, "{len}");
        assert!(bodies.iter().all(|body| body.len() == len));
    }
}

#[tokio::test(start_paused = true)]
async fn the_gateways_own_refusals_are_final() {
    for kind in [
        ErrorKind::Overloaded,
        ErrorKind::CircuitOpen,
        ErrorKind::NoHealthyUpstream,
    ] {
        let (_, bodies) = run(RetryLayer::new(), ask("GET", ""), move |_, _| refused(kind)).await;
        assert_eq!(bodies.len(), 1, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_up_to_its_cap() {
    for (value, sent, waited) in [("1", 2, 1), ("2", 1, 0), ("soon", 1, 0)] {
        let start = Instant::now();
        let (_, bodies) = run(RetryLayer::new(), ask("GET", ""), move |_, _| {
            let mut response = status(503);
            let value = http::HeaderValue::from_static(value);
            response.headers_mut().insert("retry-after", value);
            response
        })
        .await;
        assert_eq!(bodies.len(), sent, "{value}");
        assert_eq!(start.elapsed().as_secs(), waited, "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_not_waited_for() {
    let mut request = ask("GET", "");
    let soon = Instant::now() + Duration::from_millis(500);
    request.extensions_mut().insert(Deadline::new(soon));
    let (_, bodies) = run(RetryLayer::new(), request, |_, _| {
        let mut response = status(503);
        let value = http::HeaderValue::from_static("1");
        response.headers_mut().insert("retry-after", value);
        response
    })
    .await;
    assert_eq!(bodies.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_budget_bounds_what_an_outage_gets() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let down = service_fn(move |_: Request| {
        count.fetch_add(1, Ordering::Relaxed);
        async { Ok::<_, Infallible>(status(503)) }
    });
    let service = RetryLayer::new().attempts(5).budget(200, 0).layer(down);
    for _ in 0..1000 {
        let response = service.clone().oneshot(ask("GET", "")).await.unwrap();
        assert_eq!(response.status(), 503);
    }
    let calls = calls.load(Ordering::Relaxed);
    assert!((1100..=1200).contains(&calls), "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_hangs_is_given_up() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let hangs_once = service_fn(move |request: Request| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        async move {
            let tried = request.extensions().get::<Tried>().unwrap();
            assert_eq!(tried.contains("first"), number > 0);
            tried.add("first".into());
            if number == 0 {
                std::future::pending::<()>().await;
            }
            let mut response = status(200);
            let upstream = Upstream::new("x".into(), "y".into());
            response.extensions_mut().insert(upstream);
            Ok::<_, Infallible>(response)
        }
    });
    let layer = RetryLayer::new()
        .on([On::Timeout])
        .per_try(Duration::from_secs(2));
    let outcome = Outcome::new();
    let mut request = ask("GET", "");
    request.extensions_mut().insert(outcome.clone());
    let start = Instant::now();
    let response = layer
        .layer(hangs_once.clone())
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(start.elapsed().as_secs(), 2);
    let seen = outcome.take();
    assert!(seen.error.is_none());
    assert_eq!(seen.upstream.unwrap().attempts(), 2);

    let outcome = Outcome::new();
    let hangs = service_fn(|_: Request| std::future::pending::<Result<Response, Infallible>>());
    let mut request = ask("GET", "");
    request.extensions_mut().insert(outcome.clone());
    let response = layer.layer(hangs).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 504);
    assert_eq!(
        outcome.take().error.unwrap().kind(),
        ErrorKind::UpstreamTimeout
    );
}

fn _auto_traits() {
    fn all<T: Clone + Send + Sync + 'static>() {}
    all::<RetryLayer>();
    all::<Retry<()>>();
}
