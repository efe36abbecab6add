use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use serde_json::value::RawValue;

use super::wire;
use crate::{
    error::{AiError, AiErrorKind, classify, retry_after},
    json::{Loose, Writer, wire},
};

wire! {
    struct Envelope<'a> ignoring {
        error: &'a RawValue = "error",
        message: Loose = "message",
        detail: &'a RawValue = "detail",
        kind: Loose = "type",
        code: Loose = "code",
        param: Loose = "param",
    }
}

/// Reads a provider's error response.
pub(in crate::dialect) fn parse_error(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> AiError {
    let text = String::from_utf8_lossy(body);
    let mut error = parse_text(Some(status), text.trim()).with_status(status);
    if let Some(wait) = retry_after(headers) {
        error = error.with_retry_after(wait);
    }
    let id = [
        "x-request-id",
        "request-id",
        "apim-request-id",
        "x-ms-request-id",
        "cf-ray",
    ]
    .iter()
    .find_map(|name| headers.get(*name)?.to_str().ok());
    match id {
        Some(id) => error.with_request_id(id),
        None => error,
    }
}

fn parse_text(status: Option<StatusCode>, text: &str) -> AiError {
    // Google wraps the object in an array.
    let object = text
        .strip_prefix('[')
        .and_then(|t| t.strip_suffix(']'))
        .unwrap_or(text);
    let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(object) else {
        return plain(status, text);
    };
    if let Some(inner) = envelope.error {
        return parse_object(status, inner);
    }
    let message = envelope.message.map(|message| message.0).or_else(|| {
        envelope.detail.map(
            |detail| match serde_json::from_str::<String>(detail.get()) {
                Ok(text) => text,
                Err(_) => detail.get().chars().take(MAX_MESSAGE).collect(),
            },
        )
    });
    match message {
        None => plain(status, text),
        Some(message) => build(
            status,
            &message,
            envelope.kind,
            envelope.code,
            envelope.param,
        ),
    }
}

/// An answer without an answer: the error it is, if it says so in any way.
pub(super) fn of_no_choices(body: &str, failed: Option<wire::BaseResponse<'_>>) -> Option<AiError> {
    if let Some(message) = failed.and_then(wire::BaseResponse::failure) {
        return Some(said(&message));
    }
    let envelope: Envelope<'_> = serde_json::from_str(body).ok()?;
    let message = envelope.message?.0;
    let (kind, code) = (envelope.kind, envelope.code);
    Some(build(None, &message, kind, code, envelope.param))
}

/// An error of which nothing but the words is known.
pub(super) fn said(message: &str) -> AiError {
    plain(None, message)
}

/// HTML, plain text or nothing: the status says what it can.
fn plain(status: Option<StatusCode>, text: &str) -> AiError {
    let html = text.starts_with('<');
    let message = if text.is_empty() || html {
        let reason = status
            .and_then(|status| status.canonical_reason())
            .unwrap_or("no message");
        format!("the provider answered: {}", reason.to_lowercase())
    } else {
        text.chars().take(MAX_MESSAGE).collect()
    };
    AiError::upstream(classify(status, None, None, &message), message)
}

/// Reads the value of `error`: an object, or just its message.
pub(in crate::dialect) fn parse_object(status: Option<StatusCode>, raw: &RawValue) -> AiError {
    let Ok(body) = serde_json::from_str::<wire::ErrorBody<'_>>(raw.get()) else {
        let text = serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().into());
        return plain(status, &text);
    };
    let said = body.message.map(|text| text.0);
    // OpenRouter says "Provider returned error" and hides what it said in the metadata.
    let hidden = body.metadata.and_then(|metadata| metadata.raw);
    let message = match (said.filter(|text| !text.is_empty()), hidden) {
        (Some(said), Some(hidden)) => format!("{said}: {}", hidden.0),
        (Some(said), None) => said,
        (None, Some(hidden)) => hidden.0,
        (None, None) => raw.get().to_owned(),
    };
    let message: String = message.chars().take(MAX_MESSAGE).collect();
    // A numeric code is a status: OpenRouter, Google, and Groq inside a stream.
    let number = |text: &Option<Loose>| {
        let code = text.as_ref()?.0.parse::<u16>().ok()?;
        StatusCode::from_u16(code)
            .ok()
            .filter(|status| status.as_u16() >= 400)
    };
    let said = number(&body.code).or_else(|| number(&body.status));
    let status = status.filter(|status| !status.is_success()).or(said);
    let inner = body
        .innererror
        .and_then(|inner| inner.code)
        .map(|code| Loose(code.into_owned()));
    // Google's status is a word, also where it speaks as OpenAI does.
    let word = body.status.filter(|text| text.0.parse::<u16>().is_err());
    let kind = body.kind.or(inner).or(word);
    build(status, &message, kind, body.code, body.param)
}

fn build(
    status: Option<StatusCode>,
    message: &str,
    kind: Option<Loose>,
    code: Option<Loose>,
    param: Option<Loose>,
) -> AiError {
    let (code, kind) = (code.map(|code| code.0), kind.map(|kind| kind.0));
    let class = classify(status, code.as_deref(), kind.as_deref(), message);
    let mut error = AiError::upstream(class, message);
    if let Some(code) = code {
        error = error.with_code(code);
    }
    if let Some(kind) = kind {
        error = error.with_type(kind);
    }
    if let Some(param) = param {
        error = error.with_param(param.0);
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

/// Writes `{"error":{…}}` with all four fields, as OpenAI's schema demands.
pub(super) fn write(error: &AiError, w: &mut Writer<'_>) {
    let (kind, code) = words(error);
    w.begin_object();
    w.key("error");
    w.begin_object();
    w.str_field("message", error.client_message());
    w.str_field("type", kind);
    w.key("param");
    match error.param() {
        Some(param) => w.string(param),
        None => w.null(),
    }
    w.key("code");
    match error
        .code()
        .filter(|_| !error.is_gateway_credential())
        .or(code)
    {
        Some(code) => w.string(code),
        None => w.null(),
    }
    w.end_object();
    w.end_object();
}

/// OpenAI's `type` and, where the upstream named none, `code`.
pub(in crate::dialect) fn words(error: &AiError) -> (&'static str, Option<&'static str>) {
    if error.is_gateway_credential() {
        return ("server_error", Some("upstream_error"));
    }
    match error.kind() {
        AiErrorKind::InvalidRequest | AiErrorKind::TooLarge => ("invalid_request_error", None),
        AiErrorKind::Lossy => ("invalid_request_error", Some("lossy_translation")),
        AiErrorKind::Unsupported => ("invalid_request_error", Some("unsupported")),
        AiErrorKind::Authentication => ("invalid_request_error", Some("invalid_api_key")),
        AiErrorKind::Permission => ("permission_error", Some("permission_denied")),
        AiErrorKind::QuotaExhausted => ("insufficient_quota", Some("insufficient_quota")),
        AiErrorKind::NotFound => ("invalid_request_error", Some("model_not_found")),
        AiErrorKind::ContextTooLong => ("invalid_request_error", Some("context_length_exceeded")),
        AiErrorKind::ContentPolicy => ("invalid_request_error", Some("content_policy_violation")),
        AiErrorKind::RateLimited => ("rate_limit_error", Some("rate_limit_exceeded")),
        AiErrorKind::Timeout => ("server_error", Some("timeout")),
        AiErrorKind::Overloaded => ("server_error", Some("engine_overloaded")),
        AiErrorKind::Server | AiErrorKind::Connect => ("server_error", Some("upstream_error")),
        AiErrorKind::Truncated => ("server_error", Some("upstream_truncated")),
        AiErrorKind::Malformed => ("server_error", Some("upstream_malformed")),
    }
}

const MAX_MESSAGE: usize = 2000;
