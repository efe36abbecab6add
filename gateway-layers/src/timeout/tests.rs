use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use gateway_core::{
    Body, Deadline, ErrorKind, GatewayError, Outcome, Request, Response, body::collect,
    error::cause_ref,
};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::time::{Instant, sleep};
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::*;

gateway_core::contract!(off, TimeoutLayer::new(), clones = 0);
gateway_core::contract!(
    all,
    TimeoutLayer::new()
        .first_byte(secs(10))
        .idle(secs(10))
        .upload_idle(secs(10))
        .total(secs(60))
        .header(true),
    clones = 0
);

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Frames that come `pause` apart.
fn paced(count: usize, pause: Duration) -> Body {
    let frames = futures_util::stream::unfold(0, move |sent| async move {
        if sent == count {
            return None;
        }
        sleep(pause).await;
        let frame = Frame::data(Bytes::from_static(b"x"));
        Some((Ok::<_, Infallible>(frame), sent + 1))
    });
    Body::new(StreamBody::new(frames))
}

/// Reads the request's body, waits, answers with `body`.
async fn call(
    layer: TimeoutLayer,
    request: Request,
    think: Duration,
    body: Body,
) -> (Response, Duration) {
    let start = Instant::now();
    let body = Arc::new(std::sync::Mutex::new(Some(body)));
    let service = service_fn(move |request: Request| {
        let body = Arc::clone(&body);
        async move {
            if let Err(error) = collect(request.into_body(), 1 << 20).await {
                let kind = cause_ref::<GatewayError>(&error).unwrap().kind();
                let mut response = Response::new(Body::empty());
                *response.status_mut() = kind.status();
                return Ok::<_, Infallible>(response);
            }
            sleep(think).await;
            Ok(Response::new(body.lock().unwrap().take().unwrap()))
        }
    });
    let response = layer.layer(service).oneshot(request).await.unwrap();
    (response, start.elapsed())
}

fn empty() -> Request {
    Request::new(Body::empty())
}

fn kind(response: &Response) -> ErrorKind {
    response.extensions().get::<GatewayError>().unwrap().kind()
}

async fn body_kind(response: Response) -> Option<ErrorKind> {
    let error = collect(response.into_body(), 1 << 20).await.err()?;
    Some(cause_ref::<GatewayError>(&error).unwrap().kind())
}

#[tokio::test(start_paused = true)]
async fn the_head_must_come_in_time() {
    let layer = TimeoutLayer::new().first_byte(secs(5));
    let outcome = Outcome::new();
    let mut request = empty();
    request.extensions_mut().insert(outcome.clone());
    let (response, took) = call(layer.clone(), request, secs(6), Body::empty()).await;
    assert_eq!(response.status(), 504);
    assert_eq!(kind(&response), ErrorKind::UpstreamTimeout);
    assert_eq!(took.as_secs(), 5);
    let seen = outcome.take().error.unwrap();
    assert_eq!(seen.kind(), ErrorKind::UpstreamTimeout);

    let (response, took) = call(layer, empty(), secs(4), Body::empty()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(took.as_secs(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_long_upload_that_moves_is_not_a_silent_upstream() {
    let layer = TimeoutLayer::new().first_byte(secs(5)).upload_idle(secs(3));
    let upload = Request::new(paced(10, secs(2)));
    let (response, took) = call(layer.clone(), upload, secs(4), Body::empty()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(took.as_secs(), 24);

    let upload = Request::new(paced(10, secs(2)));
    let (response, took) = call(layer.clone(), upload, secs(6), Body::empty()).await;
    assert_eq!(kind(&response), ErrorKind::UpstreamTimeout);
    assert_eq!(took.as_secs(), 25);

    let stalled = Request::new(paced(10, secs(4)));
    let (response, took) = call(layer, stalled, secs(0), Body::empty()).await;
    assert_eq!(response.status(), 408);
    assert_eq!(took.as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_upload_nobody_reads_is_a_silent_upstream() {
    let never = service_fn(|request: Request| async move {
        let _unread = request;
        std::future::pending::<Result<Response, Infallible>>().await
    });
    let layer = TimeoutLayer::new().first_byte(secs(5)).upload_idle(secs(1));
    let upload = Request::new(paced(10, secs(2)));
    let response = layer.layer(never).oneshot(upload).await.unwrap();
    assert_eq!(kind(&response), ErrorKind::UpstreamTimeout);
}

#[tokio::test(start_paused = true)]
async fn the_body_may_be_long_but_not_pause() {
    let layer = TimeoutLayer::new().idle(secs(3));
    let start = Instant::now();
    let (response, _) = call(layer.clone(), empty(), secs(0), paced(30, secs(2))).await;
    assert_eq!(body_kind(response).await, None);
    assert_eq!(start.elapsed().as_secs(), 60);

    let start = Instant::now();
    let (response, _) = call(layer, empty(), secs(0), paced(2, secs(4))).await;
    assert_eq!(body_kind(response).await, Some(ErrorKind::UpstreamTimeout));
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_not_a_pause() {
    use http_body_util::BodyExt as _;
    let layer = TimeoutLayer::new().idle(secs(3));
    let (response, _) = call(layer, empty(), secs(0), paced(5, secs(2))).await;
    let mut body = response.into_body();
    for _ in 0..5 {
        sleep(secs(60)).await;
        body.frame().await.unwrap().unwrap();
    }
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_whole_ends_before_and_after_the_head() {
    let layer = TimeoutLayer::new().total(secs(10));
    let (response, took) = call(layer.clone(), empty(), secs(20), Body::empty()).await;
    assert_eq!(kind(&response), ErrorKind::DeadlineExceeded);
    assert_eq!(took.as_secs(), 10);

    let start = Instant::now();
    let (response, _) = call(layer.clone(), empty(), secs(4), paced(9, secs(1))).await;
    assert_eq!(body_kind(response).await, Some(ErrorKind::DeadlineExceeded));
    assert_eq!(start.elapsed().as_secs(), 10);

    // A body whose frames are always there ends at the deadline too.
    use http_body_util::BodyExt as _;
    let (response, _) = call(layer, empty(), secs(0), paced(9, secs(0))).await;
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    sleep(secs(11)).await;
    body.frame().await.unwrap().unwrap_err();
    assert!(body.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_header_shortens_and_never_extends() {
    let layer = TimeoutLayer::new().total(secs(10)).header(true);
    for (value, expected) in [("2s", 2), ("60s", 10), ("1500ms", 1)] {
        let mut request = empty();
        let value = value.parse().unwrap();
        request.headers_mut().insert("x-gateway-timeout", value);
        let (response, took) = call(layer.clone(), request, secs(99), Body::empty()).await;
        assert_eq!(kind(&response), ErrorKind::DeadlineExceeded);
        assert_eq!(took.as_secs(), expected);
    }
    let mut request = empty();
    let value = "soon".parse().unwrap();
    request.headers_mut().insert("x-gateway-timeout", value);
    let (response, _) = call(layer, request, secs(0), Body::empty()).await;
    assert_eq!(kind(&response), ErrorKind::InvalidParameter);

    // Not honoured, not even read.
    let mut request = empty();
    let value = "soon".parse().unwrap();
    request.headers_mut().insert("x-gateway-timeout", value);
    let (response, _) = call(TimeoutLayer::new(), request, secs(0), Body::empty()).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn the_header_goes_on_with_the_time_that_is_left() {
    let seen = service_fn(|request: Request| async move {
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = request.headers().clone();
        Ok::<_, Infallible>(response)
    });
    for (honoured, value, expected) in [
        (true, "2s", Some("2000ms")),
        (true, "60s", Some("10000ms")),
        (true, "", None),
        (false, "60s", Some("60s")),
    ] {
        let mut request = empty();
        if !value.is_empty() {
            let value = value.parse().unwrap();
            request.headers_mut().insert("x-gateway-timeout", value);
        }
        let layer = TimeoutLayer::new().total(secs(10)).header(honoured);
        let response = layer.layer(seen).oneshot(request).await.unwrap();
        let passed = response.headers().get("x-gateway-timeout");
        assert_eq!(passed.map(|value| value.to_str().unwrap()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_shortened_and_passed_on() {
    let start = Instant::now();
    let seen = service_fn(|request: Request| async move {
        let mut response = Response::new(Body::empty());
        let deadline = *request.extensions().get::<Deadline>().unwrap();
        response.extensions_mut().insert(deadline);
        Ok::<_, Infallible>(response)
    });
    let layer = TimeoutLayer::new().total(secs(10));
    for (carried, expected) in [(secs(3), 3), (secs(30), 10)] {
        let mut request = empty();
        request
            .extensions_mut()
            .insert(Deadline::new(start + carried));
        let response = layer.layer(seen).oneshot(request).await.unwrap();
        let deadline = response.extensions().get::<Deadline>().unwrap().at();
        assert_eq!((deadline - start).as_secs(), expected);
    }
    // One that has passed is not sent on.
    let mut request = empty();
    request.extensions_mut().insert(Deadline::new(start));
    let response = TimeoutLayer::new()
        .layer(seen)
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(kind(&response), ErrorKind::DeadlineExceeded);
}

#[tokio::test(start_paused = true)]
async fn expiry_drops_what_is_under_way() {
    let guard = Arc::new(());
    let held = Arc::clone(&guard);
    let never = service_fn(move |_: Request| {
        let held = Arc::clone(&held);
        async move {
            let _held = held;
            std::future::pending::<Result<Response, Infallible>>().await
        }
    });
    let service = TimeoutLayer::new().first_byte(secs(1)).layer(never);
    let mut future = std::pin::pin!(service.clone().oneshot(empty()));
    let response = (&mut future).await.unwrap();
    assert_eq!(response.status(), 504);
    assert_eq!(
        Arc::strong_count(&guard),
        2,
        "the service holds one, nobody else"
    );
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_is_not_timed() {
    let layer = TimeoutLayer::new().total(secs(1)).idle(secs(1));
    for (method, status) in [("GET", 101), ("CONNECT", 200)] {
        let switch = service_fn(move |_: Request| async move {
            let mut response = Response::new(paced(1, secs(5)));
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
            Ok::<_, Infallible>(response)
        });
        let mut request = empty();
        *request.method_mut() = method.parse().unwrap();
        let response = layer.layer(switch).oneshot(request).await.unwrap();
        assert_eq!(body_kind(response).await, None, "{method}");
    }
}

fn _auto_traits() {
    fn all<T: Clone + Send + Sync + 'static>() {}
    all::<TimeoutLayer>();
    all::<Timeout<()>>();
}
