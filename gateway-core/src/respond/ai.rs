//! Error objects of the AI providers' APIs, so that their SDKs raise what they would raise there.

use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::{Responder, responder::Rendered};
use crate::{ErrorKind, GatewayError};

/// OpenAI: all four members are required by its schema.
pub(super) fn openai(error: &GatewayError) -> Rendered {
    let (kind, code) = openai_type(error.kind());
    let mut object = json!({
        "message": error.to_string(),
        "type": kind,
        "param": error.param_name(),
        "code": code,
    });
    members(&mut object, error);
    Rendered::json(
        error.status_code(),
        "application/json",
        &json!({ "error": object }),
    )
}

fn openai_type(kind: ErrorKind) -> (&'static str, &'static str) {
    match kind {
        ErrorKind::AuthRequired
        | ErrorKind::KeyInvalid
        | ErrorKind::KeyExpired
        | ErrorKind::JwtInvalid
        | ErrorKind::JwtExpired
        | ErrorKind::JwtNotYetValid => ("invalid_request_error", "invalid_api_key"),
        ErrorKind::RateLimited | ErrorKind::TooManyConcurrent | ErrorKind::QueueTimeout => {
            ("requests", "rate_limit_exceeded")
        }
        ErrorKind::BudgetExceeded | ErrorKind::QuotaExceeded => {
            ("insufficient_quota", "insufficient_quota")
        }
        kind if kind.status().is_server_error() => ("server_error", kind.code()),
        kind => ("invalid_request_error", kind.code()),
    }
}

/// Anthropic: the type follows the status.
pub(super) fn anthropic(responder: &Responder, error: &GatewayError) -> Rendered {
    let status = error.status_code();
    let mut object = json!({
        "type": "error",
        "error": { "type": anthropic_type(error.kind(), status), "message": error.to_string() },
        "request_id": responder.request_id().map(|id| id.as_str().to_owned()),
    });
    members(&mut object["error"], error);
    Rendered::json(status, "application/json", &object)
}

fn anthropic_type(kind: ErrorKind, status: StatusCode) -> &'static str {
    match (kind, status.as_u16()) {
        (ErrorKind::Overloaded, _) | (_, 529) => "overloaded_error",
        (_, 401) => "authentication_error",
        (_, 403) => "permission_error",
        (_, 404) => "not_found_error",
        (_, 413) => "request_too_large",
        (_, 429) => "rate_limit_error",
        (_, 504) => "timeout_error",
        (_, 400..=499) => "invalid_request_error",
        _ => "api_error",
    }
}

/// Google: the canonical code name beside the HTTP status.
pub(super) fn gemini(error: &GatewayError) -> Rendered {
    let status = error.status_code();
    let name = match status.as_u16() {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        501 => "UNIMPLEMENTED",
        502 | 503 => "UNAVAILABLE",
        504 | 408 => "DEADLINE_EXCEEDED",
        400..=499 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    };
    let object = json!({
        "error": {
            "code": status.as_u16(),
            "message": error.to_string(),
            "status": name,
            "details": [{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": error.code(),
                "domain": "gateway",
            }],
        }
    });
    Rendered::json(status, "application/json; charset=UTF-8", &object)
}

/// AWS: the exception's name is in a header; SDKs look there first.
pub(super) fn bedrock(error: &GatewayError) -> Rendered {
    let name = match error.status_code().as_u16() {
        401 | 403 => "AccessDeniedException",
        404 => "ResourceNotFoundException",
        408 | 504 => "ModelTimeoutException",
        429 => "ThrottlingException",
        502 | 503 => "ServiceUnavailableException",
        400..=499 => "ValidationException",
        _ => "InternalServerException",
    };
    let object = json!({ "message": error.to_string() });
    let mut rendered = Rendered::json(error.status_code(), "application/json", &object);
    rendered
        .headers
        .insert("x-amzn-errortype", HeaderValue::from_static(name));
    rendered
}

fn members(object: &mut Value, error: &GatewayError) {
    if let Some(object) = object.as_object_mut() {
        for (name, value) in error.members() {
            object.insert((*name).to_owned(), value.clone());
        }
    }
}
