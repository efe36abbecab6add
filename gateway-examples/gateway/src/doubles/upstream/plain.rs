//! Answers that only have a shape.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::Query;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http::header::CONTENT_TYPE;
use http_body::Frame;
use http_body_util::StreamBody;
use serde::Deserialize;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use super::echo::hex;

pub(super) async fn status(Path(code): Path<u16>) -> Response {
    match StatusCode::from_u16(code) {
        Ok(status) if code >= 200 => (status, format!("{status}\n")).into_response(),
        _ => (StatusCode::BAD_REQUEST, "a status is 200 to 999\n").into_response(),
    }
}

pub(super) async fn slow(Path(ms): Path<u64>) -> Json<serde_json::Value> {
    tokio::time::sleep(Duration::from_millis(ms.min(LONGEST_MS))).await;
    Json(json!({ "waited_ms": ms.min(LONGEST_MS) }))
}

#[derive(Deserialize)]
pub(super) struct Pace {
    pace: Option<u64>,
}

pub(super) async fn stream(Path(n): Path<u64>, Query(pace): Query<Pace>) -> Response {
    let pace = Duration::from_millis(pace.pace.unwrap_or(10).min(LONGEST_MS));
    let events = stream::iter(0..n).then(move |at| async move {
        if !pace.is_zero() {
            tokio::time::sleep(pace).await;
        }
        Ok::<_, Infallible>(Bytes::from(format!("id: {at}\ndata: {{\"n\":{at}}}\n\n")))
    });
    let mut response = Response::new(Body::from_stream(events));
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

pub(super) async fn bytes(Path(n): Path<u64>) -> Response {
    let block = Bytes::from(
        (0..BLOCK)
            .map(|at| b'a' + (at % 26) as u8)
            .collect::<Vec<u8>>(),
    );
    let size = BLOCK as u64;
    let blocks = stream::iter(0..n.div_ceil(size)).map(move |at| {
        let left = usize::try_from((n - at * size).min(size)).unwrap_or(BLOCK);
        Ok::<_, Infallible>(block.slice(..left))
    });
    let mut response = Response::new(Body::from_stream(blocks));
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, n.into());
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    response
}

pub(super) async fn trailers() -> Response {
    let mut hash = Sha256::new();
    let chunks: Vec<Bytes> = (0..4)
        .map(|at| Bytes::from(format!("chunk {at}\n")))
        .collect();
    chunks.iter().for_each(|chunk| hash.update(chunk));
    let mut trailers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&hex(&hash.finalize())) {
        trailers.insert("x-sha256", value);
    }
    let data = chunks.into_iter().map(Frame::data);
    let frames = data
        .chain([Frame::trailers(trailers)])
        .map(Ok::<_, Infallible>);
    let mut response = Response::new(Body::new(StreamBody::new(stream::iter(frames))));
    // hyper sends trailers on HTTP/1.1 only when they are announced.
    response
        .headers_mut()
        .insert("trailer", HeaderValue::from_static("x-sha256"));
    response
}

const BLOCK: usize = 16 * 1024;
const LONGEST_MS: u64 = 3_600_000;
