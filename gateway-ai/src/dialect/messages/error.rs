use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use serde_json::value::RawValue;

use super::wire;
use crate::{
    error::{AiError, AiErrorKind, classify, retry_after},
    json::{Str, Writer, wire},
};

wire! {
    struct Envelope<'a> ignoring {
        error: &'a RawValue = "error",
        request_id: Str<'a> = "request_id",
    }
}

/// Reads a provider's error response.
pub(in crate::dialect) fn parse_error(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> AiError {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let envelope = serde_json::from_str::<Envelope<'_>>(text).unwrap_or_default();
    let mut error = match envelope.error {
        Some(raw) => parse_object(Some(status), raw),
        None => {
            let html = text.is_empty() || text.starts_with('<');
            let reason = status
                .canonical_reason()
                .unwrap_or("no message")
                .to_lowercase();
            let message = if html {
                format!("the provider answered: {reason}")
            } else {
                text.chars().take(2000).collect()
            };
            AiError::upstream(classify(Some(status), None, None, &message), message)
        }
    };
    error = error.with_status(status);
    if let Some(wait) = retry_after(headers) {
        error = error.with_retry_after(wait);
    }
    let header = ["request-id", "x-request-id"]
        .iter()
        .find_map(|name| headers.get(*name));
    let id = header
        .and_then(|value| value.to_str().ok())
        .or(envelope.request_id.as_deref());
    match id {
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
    let kind = body.kind.map(|kind| kind.0);
    let code = body.code.map(|code| code.0);
    let class = classify(status, code.as_deref(), kind.as_deref(), &message);
    let mut error = AiError::upstream(class, message);
    if let Some(kind) = kind {
        error = error.with_type(kind);
    }
    if let Some(code) = code {
        error = error.with_code(code);
    }
    match body.param {
        Some(param) => error.with_param(param.0),
        None => error,
    }
}

/// Writes an error for a client.
pub(in crate::dialect) fn print_error(error: &AiError) -> (StatusCode, Bytes) {
    let mut out = BytesMut::with_capacity(256);
    write(error, &mut Writer::new(&mut out));
    let status = match error.kind() {
        // Anthropic's own number for overload, which its clients wait and retry on.
        AiErrorKind::Overloaded => StatusCode::from_u16(529).unwrap_or(error.client_status()),
        _ => error.client_status(),
    };
    (status, out.freeze())
}

/// Writes `{"type":"error","error":{…}}`.
pub(super) fn write(error: &AiError, w: &mut Writer<'_>) {
    w.begin_object();
    w.str_field("type", "error");
    w.key("error");
    w.begin_object();
    w.str_field("type", word(error));
    w.str_field("message", error.client_message());
    w.end_object();
    w.opt_str("request_id", error.request_id());
    w.end_object();
}

fn word(error: &AiError) -> &'static str {
    if error.is_gateway_credential() {
        return "api_error";
    }
    match error.kind() {
        AiErrorKind::InvalidRequest
        | AiErrorKind::Lossy
        | AiErrorKind::Unsupported
        | AiErrorKind::ContextTooLong
        | AiErrorKind::ContentPolicy => "invalid_request_error",
        AiErrorKind::Authentication => "authentication_error",
        AiErrorKind::Permission => "permission_error",
        AiErrorKind::QuotaExhausted | AiErrorKind::RateLimited => "rate_limit_error",
        AiErrorKind::NotFound => "not_found_error",
        AiErrorKind::TooLarge => "request_too_large",
        AiErrorKind::Timeout => "timeout_error",
        AiErrorKind::Overloaded => "overloaded_error",
        AiErrorKind::Server
        | AiErrorKind::Connect
        | AiErrorKind::Truncated
        | AiErrorKind::Malformed => "api_error",
    }
}
