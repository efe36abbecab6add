use std::{fmt::Write as _, time::Duration};

use bytes::BytesMut;
use gateway_core::{Body, Response};
use http::{HeaderName, HeaderValue, header};

use super::{OnError, builder::Ready, gather::Done};

/// The document, or the place of the first part if none has an answer.
pub(super) fn join(parts: &[Ready], done: &[Done]) -> Response {
    let mut response = Response::new(Body::from(document(parts, done)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    if let Ok(timing) = HeaderValue::try_from(timing(parts, done)) {
        headers.insert(SERVER_TIMING, timing);
    }
    let missing: Vec<&str> = parts
        .iter()
        .zip(done)
        .filter(|(_, done)| done.answer.is_err())
        .map(|(part, _)| part.name.as_str())
        .collect();
    if !missing.is_empty() {
        // What is missing now may be there in a second: nobody should keep this.
        headers.insert(header::CACHE_CONTROL, NO_STORE);
        if let Ok(names) = HeaderValue::try_from(missing.join(", ")) {
            headers.insert(PARTIAL, names);
        }
    }
    response
}

fn document(parts: &[Ready], done: &[Done]) -> bytes::Bytes {
    let answers = done.iter().filter_map(|done| done.answer.as_ref().ok());
    let names = parts.iter().map(|part| part.member.len() + NULL.len() + 1);
    let length = answers.map(bytes::Bytes::len).sum::<usize>() + names.sum::<usize>() + 2;
    let mut out = BytesMut::with_capacity(length);
    out.extend_from_slice(b"{");
    for (part, done) in parts.iter().zip(done) {
        let value = match &done.answer {
            Ok(json) => json,
            Err(_) if part.on_error == OnError::Omit => continue,
            Err(_) => NULL,
        };
        if out.len() > 1 {
            out.extend_from_slice(b",");
        }
        out.extend_from_slice(&part.member);
        out.extend_from_slice(value);
    }
    out.extend_from_slice(b"}");
    out.freeze()
}

/// `user;dur=102.3, orders;dur=800.0;desc="upstream_timeout"`
fn timing(parts: &[Ready], done: &[Done]) -> String {
    let mut out = String::new();
    for (part, done) in parts.iter().zip(done) {
        let comma = if out.is_empty() { "" } else { ", " };
        let millis = millis(done.took);
        _ = write!(out, "{comma}{};dur={millis:.1}", part.name);
        if let Err(fault) = &done.answer {
            _ = write!(out, ";desc=\"{}\"", fault.code());
        }
    }
    out
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

const NULL: &[u8] = b"null";
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const PARTIAL: HeaderName = HeaderName::from_static("x-gateway-partial");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
