use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use serde_json::value::RawValue;

use super::wire;
use crate::{
    error::{AiError, AiErrorKind, classify, retry_after},
    json::{Writer, wire},
};

wire! {
    struct Envelope<'a> ignoring { error: &'a RawValue = "error" }
}

/// Reads a provider's error response: an object, an array around it, or HTML.
pub(in crate::dialect) fn parse_error(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> AiError {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let object = text
        .strip_prefix('[')
        .and_then(|t| t.strip_suffix(']'))
        .unwrap_or(text)
        .trim();
    let envelope = serde_json::from_str::<Envelope<'_>>(object).unwrap_or_default();
    let mut error = match envelope.error {
        Some(raw) => parse_object(Some(status), raw),
        None => {
            let reason = status
                .canonical_reason()
                .unwrap_or("no message")
                .to_lowercase();
            let unreadable = text.is_empty() || text.starts_with('<');
            let message = if unreadable {
                format!("the provider answered: {reason}")
            } else {
                text.chars().take(2000).collect()
            };
            AiError::upstream(classify(Some(status), None, None, &message), message)
        }
    }
    .with_status(status);
    if let Some(wait) = retry_after(headers) {
        error = error.with_retry_after(wait);
    }
    match headers.get("x-request-id").and_then(|id| id.to_str().ok()) {
        Some(id) => error.with_request_id(id),
        None => error,
    }
}

/// Reads the value of `error`.
pub(super) fn parse_object(status: Option<StatusCode>, raw: &RawValue) -> AiError {
    let body = serde_json::from_str::<wire::ErrorBody<'_>>(raw.get()).unwrap_or_default();
    let message = body
        .message
        .map_or_else(|| raw.get().to_owned(), |text| text.0);
    let message: String = message.chars().take(2000).collect();
    let said = body
        .code
        .and_then(|code| u16::try_from(code.as_u64()?).ok());
    let status = status.or_else(|| said.and_then(|code| StatusCode::from_u16(code).ok()));
    let details = body.details.unwrap_or_default();
    let reason = details.iter().find_map(|detail| detail.reason.as_deref());
    let reason = reason
        .filter(|reason| *reason == "API_KEY_INVALID")
        .map(|_| "invalid_api_key");
    let kind = classify(status, reason, body.status.as_deref(), &message);
    let mut error = AiError::upstream(kind, message);
    if let Some(word) = body.status {
        error = error.with_type(&*word);
    }
    let wait = details.iter().find_map(|detail| {
        let seconds = detail
            .retry_delay
            .as_deref()?
            .strip_suffix('s')?
            .parse()
            .ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    });
    if let Some(wait) = wait {
        error = error.with_retry_after(wait);
    }
    match status {
        Some(status) => error.with_status(status),
        None => error,
    }
}

/// Writes an error for a client.
pub(in crate::dialect) fn print_error(error: &AiError) -> (StatusCode, Bytes) {
    let mut out = BytesMut::with_capacity(256);
    write(error, &mut Writer::new(&mut out));
    (error.client_status(), out.freeze())
}

/// Writes `{"error":{"code":…,"message":…,"status":…}}`.
pub(super) fn write(error: &AiError, w: &mut Writer<'_>) {
    w.begin_object();
    w.begin_object_field("error");
    w.u64_field("code", u64::from(error.client_status().as_u16()));
    w.str_field("message", error.client_message());
    w.str_field("status", word(error));
    w.end_object();
    w.end_object();
}

fn word(error: &AiError) -> &'static str {
    if error.is_gateway_credential() {
        return "INTERNAL";
    }
    match error.kind() {
        AiErrorKind::InvalidRequest
        | AiErrorKind::Lossy
        | AiErrorKind::Unsupported
        | AiErrorKind::TooLarge
        | AiErrorKind::ContextTooLong
        | AiErrorKind::ContentPolicy => "INVALID_ARGUMENT",
        AiErrorKind::Authentication => "UNAUTHENTICATED",
        AiErrorKind::Permission => "PERMISSION_DENIED",
        AiErrorKind::QuotaExhausted | AiErrorKind::RateLimited => "RESOURCE_EXHAUSTED",
        AiErrorKind::NotFound => "NOT_FOUND",
        AiErrorKind::Timeout => "DEADLINE_EXCEEDED",
        AiErrorKind::Overloaded | AiErrorKind::Connect => "UNAVAILABLE",
        AiErrorKind::Server | AiErrorKind::Truncated | AiErrorKind::Malformed => "INTERNAL",
    }
}
