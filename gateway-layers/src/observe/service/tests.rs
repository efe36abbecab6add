use std::{
    convert::Infallible,
    sync::{Mutex, PoisonError},
};

use gateway_core::{
    Body, ErrorKind, GatewayError, PrefixLost, Request as CoreRequest, Responder,
    body::{End, collect},
    testing::{failing, frames},
};
use tower::{ServiceBuilder, ServiceExt as _, service_fn};

use super::*;
use crate::observe::{AccessLog, Format, Metrics, ObserveLayer, Record};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    status: u16,
    end: End,
    bytes_out: u64,
    reason: Option<&'static str>,
}

type Log = Arc<Mutex<Vec<Seen>>>;

fn layer(log: &Log) -> ObserveLayer<impl OnEnd + Clone + use<>> {
    let log = Arc::clone(log);
    ObserveLayer::new().on_end(move |record: &Record<'_>| {
        log.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Seen {
                status: record.status,
                end: record.end,
                bytes_out: record.bytes_out,
                reason: record.reason(),
            });
    })
}

async fn answer(log: &Log, make: fn() -> Response<Body>) -> Response<Body> {
    let service = service_fn(move |_: CoreRequest| async move { Ok::<_, Infallible>(make()) });
    let service = ServiceBuilder::new().layer(layer(log)).service(service);
    service.oneshot(CoreRequest::default()).await.unwrap()
}

fn seen(log: &Log) -> Vec<Seen> {
    log.lock().unwrap().clone()
}

#[tokio::test]
async fn the_record_is_closed_when_the_last_frame_is_read() {
    let log = Log::default();
    let response = answer(&log, || Response::new(frames(&["he", "llo"], None))).await;
    assert!(seen(&log).is_empty());
    collect(response.into_body(), 64).await.unwrap();
    let expected = Seen {
        status: 200,
        end: End::Complete,
        bytes_out: 5,
        reason: None,
    };
    assert_eq!(seen(&log), [expected]);
}

#[tokio::test]
async fn a_reader_that_goes_away_is_seen() {
    let log = Log::default();
    drop(answer(&log, || Response::new(frames(&["he", "llo"], None))).await);
    let reason = Some("client_closed");
    assert_eq!(
        seen(&log),
        [Seen {
            status: 200,
            end: End::Cancelled,
            bytes_out: 0,
            reason
        }]
    );
}

#[tokio::test]
async fn a_body_that_breaks_is_seen() {
    let log = Log::default();
    let response = answer(&log, || Response::new(failing(&["he"]))).await;
    collect(response.into_body(), 64).await.unwrap_err();
    assert_eq!(
        seen(&log),
        [Seen {
            status: 200,
            end: End::Failed,
            bytes_out: 2,
            reason: None
        }]
    );
}

#[tokio::test]
async fn a_refusal_has_its_code() {
    let log = Log::default();
    let refuse = || {
        let error = GatewayError::new(ErrorKind::RateLimited);
        Responder::default().refuse(error)
    };
    let response = answer(&log, refuse).await;
    collect(response.into_body(), 4096).await.unwrap();
    assert_eq!(
        (seen(&log)[0].status, seen(&log)[0].reason),
        (429, Some("rate_limited"))
    );
}

#[tokio::test]
async fn a_client_that_goes_away_before_the_head_is_499() {
    let log = Log::default();
    let hang =
        service_fn(|_: CoreRequest| std::future::pending::<Result<Response<Body>, Infallible>>());
    let service = ServiceBuilder::new().layer(layer(&log)).service(hang);
    drop(service.oneshot(CoreRequest::default()));
    assert!(seen(&log).is_empty(), "never polled, never began");
    let service = ServiceBuilder::new().layer(layer(&log)).service(hang);
    let mut future = service.oneshot(CoreRequest::default());
    assert!(futures_util::poll!(&mut future).is_pending());
    drop(future);
    let reason = Some("client_closed");
    assert_eq!(
        seen(&log),
        [Seen {
            status: 499,
            end: End::Cancelled,
            bytes_out: 0,
            reason
        }]
    );
}

async fn headers_inside(request: CoreRequest) -> http::HeaderMap {
    let echo = service_fn(|request: CoreRequest| async move {
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = request.headers().clone();
        Ok::<_, Infallible>(response)
    });
    let service = ServiceBuilder::new()
        .layer(ObserveLayer::new())
        .service(echo);
    service.oneshot(request).await.unwrap().headers().clone()
}

fn traced(parent: &str, state: &str) -> CoreRequest {
    Request::builder()
        .header("traceparent", parent)
        .header("tracestate", state)
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn the_callers_trace_goes_on_with_a_span_of_its_own() {
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    let headers = headers_inside(traced(parent, "a=1")).await;
    let sent = headers["traceparent"].to_str().unwrap();
    assert!(sent.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && sent.ends_with("-00"));
    assert!(!sent.contains("b7ad6b7169203331"));
    assert_eq!(headers["tracestate"], "a=1");
    let headers = headers_inside(traced(parent, "a")).await;
    assert!(!headers.contains_key("tracestate"));
}

#[tokio::test]
async fn an_invalid_parent_begins_a_new_trace_without_the_old_state() {
    let headers = headers_inside(traced("00-zz-1-01", "a=1")).await;
    let sent = headers["traceparent"].as_bytes();
    assert!(TraceContext::parse(sent).unwrap().is_sampled());
    assert!(!headers.contains_key("tracestate"));
}

#[tokio::test]
async fn metrics_and_log_tell_the_same() {
    let metrics = Metrics::new();
    let file = std::env::temp_dir().join(format!("observe-{}.log", std::process::id()));
    let log = AccessLog::to_file(Format::Json, &file).unwrap();
    metrics.watch(&log);
    let layer = ObserveLayer::new()
        .metrics(metrics.clone())
        .access_log(log.clone());
    let service = service_fn(|request: CoreRequest| async move {
        Outcome::record(request.extensions(), |record| {
            record.target = Some("v2".into());
            record.client = Some("codex");
            record.proofs.restored = 2;
            record.prefix_lost = Some(PrefixLost::Unread);
            record.lose(["unknown.x", "unknown.y"].into_iter());
        });
        Ok::<_, Infallible>(Response::new(Body::from("hello")))
    });
    let service = ServiceBuilder::new().layer(layer).service(service);
    for _ in 0..3 {
        metrics
            .labelled_counter("mine", "Of a test", &[("a", "b")])
            .inc();
        let response = service
            .clone()
            .oneshot(CoreRequest::default())
            .await
            .unwrap();
        assert!(metrics.encode().contains("gateway_in_flight 1"));
        collect(response.into_body(), 64).await.unwrap();
    }
    let text = metrics.encode();
    for line in [
        "gateway_requests_total{route=\"-\",method=\"GET\",status=\"200\"} 3",
        "gateway_request_duration_seconds_count{route=\"-\"} 3",
        "gateway_response_bytes_total{route=\"-\"} 15",
        "gateway_split_total{route=\"-\",target=\"v2\"} 3",
        "gateway_ai_requests_total{route=\"-\",client=\"codex\"} 3",
        "gateway_ai_proofs_total{route=\"-\",outcome=\"restored\"} 6",
        "gateway_ai_cache_prefix_lost_total{route=\"-\",reason=\"unread\"} 3",
        "gateway_ai_lossy_total{route=\"-\",kind=\"unknown\"} 6",
        "gateway_mine_total{a=\"b\"} 3",
        "gateway_in_flight 0",
        "gateway_access_log_dropped_total 0",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    log.close();
    let lines = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(lines.lines().count(), 3);
    assert_eq!(lines.matches(r#""target":"v2""#).count(), 3);
}

gateway_core::contract!(
    keeps_the_contract,
    ObserveLayer::new().metrics(Metrics::new())
);
