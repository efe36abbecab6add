//! Answers that may be kept.

use axum::extract::Path;
use axum::extract::Query;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::Uri;
use http::header::CACHE_CONTROL;
use http::header::CONTENT_TYPE;
use http::header::ETAG;
use http::header::IF_MODIFIED_SINCE;
use http::header::IF_NONE_MATCH;
use http::header::LAST_MODIFIED;
use http::header::VARY;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
pub(super) struct Wanted {
    /// Replaces `Cache-Control`.
    cc: Option<String>,
    vary: Option<String>,
}

/// The representation depends on the target and, where it varies, on that request header.
pub(super) async fn cached(
    Path(ttl): Path<u32>,
    Query(wanted): Query<Wanted>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let vary = wanted
        .vary
        .as_deref()
        .and_then(|name| HeaderName::try_from(name).ok());
    let varied = vary
        .as_ref()
        .and_then(|name| headers.get(name)?.to_str().ok());
    let body = json!({ "target": uri.to_string(), "ttl": ttl, "varied": varied }).to_string();
    let etag = format!("\"{:08x}\"", crc32fast::hash(body.as_bytes()));
    let mut response = match is_fresh(&headers, &etag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => body.into_response(),
    };
    let control = wanted
        .cc
        .unwrap_or_else(|| format!("public, max-age={ttl}"));
    let out = response.headers_mut();
    set(out, CACHE_CONTROL, &control);
    set(out, ETAG, &etag);
    set(out, LAST_MODIFIED, MODIFIED);
    if let Some(vary) = vary {
        set(out, VARY, vary.as_str());
    }
    if out.contains_key(CONTENT_TYPE) {
        set(out, CONTENT_TYPE, "application/json");
    }
    response
}

/// Whether a validator of the client's matches; a tag outranks a date (RFC 9110, section 13.2.2).
fn is_fresh(headers: &HeaderMap, etag: &str) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    match text(IF_NONE_MATCH) {
        Some(tags) => tags.split(',').any(|tag| {
            let tag = tag.trim();
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
        }),
        None => text(IF_MODIFIED_SINCE) == Some(MODIFIED),
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

const MODIFIED: &str = "Wed, 01 Jan 2025 00:00:00 GMT";
