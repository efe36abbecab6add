//! Saying back what came.

use std::fmt::Write as _;

use axum::Json;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

/// Reads the whole request, however long, and describes it.
pub(super) async fn echo(request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let (mut hash, mut length, mut head) = (Sha256::new(), 0, Vec::new());
    let mut trailers = HeaderMap::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        match frame.into_data() {
            Ok(data) => {
                hash.update(&data);
                length += data.len();
                let room = KEPT - head.len().min(KEPT);
                head.extend_from_slice(&data[..data.len().min(room)]);
            }
            Err(frame) => trailers.extend(frame.into_trailers().into_iter().flatten()),
        }
    }
    Json(json!({
        "method": parts.method.as_str(),
        "path": parts.uri.path(),
        "query": parts.uri.query(),
        "version": format!("{:?}", parts.version),
        "headers": pairs(&parts.headers),
        "trailers": pairs(&trailers),
        "body_len": length,
        "sha256": hex(&hash.finalize()),
        "body": String::from_utf8_lossy(&head),
    }))
    .into_response()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Names and values in their order; a name may come twice.
fn pairs(headers: &HeaderMap) -> Value {
    let pair = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())])
    };
    headers.iter().map(pair).collect()
}

/// How much of a body is shown as text.
const KEPT: usize = 64 * 1024;
