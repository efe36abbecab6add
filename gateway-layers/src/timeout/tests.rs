use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use gateway_core::{
    Body, BoxError, Deadline, GatewayError, Request, Response,
    body::{CollectError, collect},
};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::time::{Instant, sleep};
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use super::{TimeoutError, TimeoutLayer};

gateway_core::contract!(nothing_set, TimeoutLayer::new(), clones = 0);
gateway_core::contract!(
    everything_set,
    TimeoutLayer::new()
        .first_byte(secs(3))
        .idle(secs(3))
        .upload_idle(secs(3))
        .total(secs(9)),
    clones = 0
);

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A body of one byte every `pause`.
fn paced(pause: Duration, frames: usize) -> Body {
    Body::new(StreamBody::new(futures_util::stream::unfold(
        frames,
        move |left| async move {
            sleep(pause).await;
            let frame = Ok::<_, BoxError>(Frame::data(Bytes::from_static(b"x")));
            (left > 0).then(|| (frame, left - 1))
        },
    )))
}

/// Answers after `head` with a body of one byte every `pause`.
async fn through(layer: &TimeoutLayer, head: Duration, pause: Duration, frames: usize) -> Response {
    let service = layer.layer(service_fn(move |_: Request| async move {
        sleep(head).await;
        Ok::<_, Infallible>(Response::new(paced(pause, frames)))
    }));
    service.oneshot(Request::<Body>::default()).await.unwrap()
}

fn code(response: &Response) -> &'static str {
    response.extensions().get::<GatewayError>().unwrap().code()
}

async fn cut(response: Response) -> TimeoutError {
    match collect(response.into_body(), 1 << 20).await.unwrap_err() {
        CollectError::Body(error) => *error.downcast::<TimeoutError>().unwrap(),
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_head_is_a_504() {
    let layer = TimeoutLayer::new().first_byte(secs(3));
    let late = through(&layer, secs(4), secs(0), 1).await;
    assert_eq!(
        (late.status().as_u16(), code(&late)),
        (504, "upstream_timeout")
    );
    let slow_body = through(&layer, secs(2), secs(60), 3).await;
    assert_eq!(
        collect(slow_body.into_body(), 10).await.unwrap().bytes(),
        "xxx"
    );
}

#[tokio::test(start_paused = true)]
async fn the_total_counts_head_and_body() {
    let layer = TimeoutLayer::new().first_byte(secs(30)).total(secs(10));
    let late = through(&layer, secs(11), secs(0), 1).await;
    assert_eq!(
        (late.status().as_u16(), code(&late)),
        (504, "deadline_exceeded")
    );
    let began = Instant::now();
    let endless = through(&layer, secs(4), secs(1), 1_000).await;
    assert_eq!(cut(endless).await, TimeoutError::Total);
    assert_eq!(began.elapsed(), secs(10));
}

#[tokio::test(start_paused = true)]
async fn idle_is_the_longest_pause_not_the_sum() {
    let layer = TimeoutLayer::new().idle(secs(5));
    let steady = through(&layer, secs(60), secs(4), 10).await;
    assert_eq!(
        collect(steady.into_body(), 100)
            .await
            .unwrap()
            .bytes()
            .len(),
        10
    );
    let stalled = through(&layer, secs(0), secs(6), 10).await;
    assert_eq!(cut(stalled).await, TimeoutError::Idle);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_not_idle() {
    let layer = TimeoutLayer::new().idle(secs(5));
    let response = through(&layer, secs(0), secs(1), 3).await;
    let mut body = response.into_body();
    let mut read = 0;
    while let Some(frame) = {
        sleep(secs(60)).await;
        std::future::poll_fn(|cx| http_body::Body::poll_frame(std::pin::Pin::new(&mut body), cx))
            .await
    } {
        read += frame.unwrap().data_ref().unwrap().len();
    }
    assert_eq!(read, 3);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_stalls_fails_the_request_body() {
    let layer = TimeoutLayer::new().upload_idle(secs(5));
    let service = layer.layer(service_fn(|request: Request| async move {
        let error = collect(request.into_body(), 100).await.unwrap_err();
        let CollectError::Body(error) = error else {
            panic!("{error}")
        };
        assert_eq!(error.downcast_ref(), Some(&TimeoutError::Idle));
        Ok::<_, Infallible>(Response::new(Body::empty()))
    }));
    service
        .oneshot(Request::new(paced(secs(6), 3)))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn deadlines_are_shortened_never_extended() {
    async fn left(
        layer: &TimeoutLayer,
        set: Option<u64>,
        header: Option<&'static str>,
    ) -> Duration {
        let service = layer.layer(service_fn(|request: Request| async move {
            assert!(!request.headers().contains_key("x-gateway-timeout"));
            let mut response = Response::new(Body::empty());
            response
                .extensions_mut()
                .insert(*request.extensions().get::<Deadline>().unwrap());
            Ok::<_, Infallible>(response)
        }));
        let mut request = Request::<Body>::default();
        if let Some(header) = header {
            request
                .headers_mut()
                .insert("x-gateway-timeout", header.parse().unwrap());
        }
        if let Some(set) = set {
            request
                .extensions_mut()
                .insert(Deadline::new(Instant::now() + secs(set)));
        }
        let response = service.oneshot(request).await.unwrap();
        response
            .extensions()
            .get::<Deadline>()
            .unwrap()
            .remaining(Instant::now())
    }
    let layer = TimeoutLayer::new().total(secs(10));
    assert_eq!(left(&layer, None, None).await, secs(10));
    assert_eq!(left(&layer, Some(3), None).await, secs(3));
    assert_eq!(left(&layer, Some(30), None).await, secs(10));
    assert_eq!(
        left(&layer, None, Some("1s")).await,
        secs(10),
        "clients are not asked"
    );
    let asking = layer.client_header(true);
    assert_eq!(left(&asking, None, Some("1s")).await, secs(1));
    assert_eq!(left(&asking, None, Some("60s")).await, secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_header_is_a_400_that_names_it() {
    let layer = TimeoutLayer::new().client_header(true);
    let service = layer.layer(service_fn(|_: Request| async {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    }));
    let request = http::Request::get("/").header("x-gateway-timeout", "soon");
    let response = service
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(
        (response.status().as_u16(), code(&response)),
        (400, "invalid_parameter")
    );
}

#[tokio::test(start_paused = true)]
async fn a_late_head_cancels_the_inner_call_at_once() {
    let alive = std::sync::Arc::new(());
    let held = std::sync::Arc::clone(&alive);
    let layer = TimeoutLayer::new().first_byte(secs(1));
    let service = layer.layer(service_fn(move |_: Request| {
        let held = std::sync::Arc::clone(&held);
        async move {
            std::future::pending::<()>().await;
            drop(held);
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }
    }));
    let mut call = Box::pin(service.oneshot(Request::<Body>::default()));
    assert_eq!(call.as_mut().await.unwrap().status(), 504);
    // `call` is still there: what it waited for went with the answer.
    assert_eq!(std::sync::Arc::strong_count(&alive), 1);
    drop(call);
}
