//! How a failed call looks to the client.

use gateway_core::{Body, ErrorKind, GatewayError, Outcome, Responder, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::shared::responder;
use crate::{
    call::{AiCall, Attempts},
    dialect::Dialect,
    error::{AiError, AiErrorKind, Origin},
};

/// The response to a call that nobody answered.
pub(super) fn call(call: &AiCall, error: &AiError) -> Response {
    let responder = responder(call.dialect(), call.extensions());
    let attempts = call.attempts();
    let mut response = if is_upstream_failure(error) {
        responder.refuse(failure(error, &attempts))
    } else {
        in_words(&responder, call.dialect(), error)
    };
    if !attempts.failed().is_empty() {
        attempted(&mut response, &attempts);
    }
    if let Some(error) = response.extensions().get::<GatewayError>().cloned() {
        Outcome::record(call.extensions(), |record| record.error = Some(error));
    }
    response
}

/// The response of a published prompt whose model call failed.
#[cfg(feature = "prompt")]
pub(super) fn published(responder: &Responder, call: &AiCall, error: &AiError) -> Response {
    let attempts = call.attempts();
    let error = if is_upstream_failure(error) {
        failure(error, &attempts)
    } else {
        problem(error)
    };
    Outcome::record(call.extensions(), |record| {
        record.error = Some(error.clone())
    });
    let mut response = responder.refuse(error);
    if !attempts.failed().is_empty() {
        attempted(&mut response, &attempts);
    }
    response
}

/// A call's error for a client that knows of no model.
#[cfg(feature = "prompt")]
pub(super) fn problem(error: &AiError) -> GatewayError {
    let problem = typed(error)
        .status(error.client_status())
        .detail(error.client_message().to_owned());
    match error.param() {
        Some(param) => problem.param(param.to_owned()),
        None => problem,
    }
}

/// The response to a request that is no call.
pub(super) fn request(responder: &Responder, dialect: Dialect, error: &AiError) -> Response {
    in_words(responder, dialect, error)
}

/// An error the client can do something about: its own words, code and parameter.
fn in_words(responder: &Responder, dialect: Dialect, error: &AiError) -> Response {
    // Whoever asks about the refusal asks by an id that is in our logs.
    let named = match responder.request_id() {
        Some(id) if error.request_id().is_none() => error.clone().with_request_id(id.as_str()),
        _ => error.clone(),
    };
    let (status, body) = dialect.print_error(&named);
    let mut response: Response = responder.refuse(typed(error).status(status));
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    *response.body_mut() = Body::from(body);
    response
}

/// Whether the fault lies with providers, so that the client can only try again.
fn is_upstream_failure(error: &AiError) -> bool {
    error.origin() == Origin::Upstream && error.client_status().is_server_error()
}

/// All targets failed: the status says how the last one did, the list says how each did.
fn failure(error: &AiError, attempts: &Attempts) -> GatewayError {
    let status = match error.kind() {
        AiErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        AiErrorKind::Overloaded | AiErrorKind::QuotaExhausted => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_GATEWAY,
    };
    let list: Vec<_> = attempts
        .failed()
        .iter()
        .map(
            |attempt| json!({ "target": attempt.target(), "reason": attempt.reason().to_string() }),
        )
        .collect();
    let detail = match attempts.failed() {
        [one] => format!("{} ({})", summary(error), one.target()),
        all => format!("{} (the last of {} targets)", summary(error), all.len()),
    };
    let failure = GatewayError::new(ErrorKind::UpstreamError)
        .status(status)
        .detail(detail)
        .member("attempts", list.into())
        .source(error.clone());
    match error.retry_after() {
        Some(after) => failure.retry_after(after),
        None => failure,
    }
}

fn summary(error: &AiError) -> &'static str {
    match error.kind() {
        AiErrorKind::Timeout => "the provider did not answer in time",
        AiErrorKind::Connect => "the provider cannot be reached",
        AiErrorKind::Overloaded => "the provider is overloaded",
        AiErrorKind::Truncated => "the provider's answer broke off",
        AiErrorKind::Malformed => "the provider's answer makes no sense",
        _ if error.is_gateway_credential() => "the provider refused the gateway's credentials",
        _ => "the provider failed",
    }
}

/// The same fault in the gateway's own terms, for the layers outside.
fn typed(error: &AiError) -> GatewayError {
    let kind = match error.kind() {
        AiErrorKind::InvalidRequest if error.param().is_some() => ErrorKind::InvalidParameter,
        AiErrorKind::InvalidRequest => ErrorKind::InvalidBody,
        AiErrorKind::Lossy => ErrorKind::LossyTranslation,
        AiErrorKind::Authentication => ErrorKind::KeyInvalid,
        AiErrorKind::Permission => ErrorKind::InsufficientScope,
        AiErrorKind::QuotaExhausted => ErrorKind::QuotaExceeded,
        AiErrorKind::NotFound => ErrorKind::ModelNotFound,
        AiErrorKind::TooLarge => ErrorKind::BodyTooLarge,
        AiErrorKind::ContextTooLong => ErrorKind::ContextLengthExceeded,
        AiErrorKind::ContentPolicy => ErrorKind::ContentPolicy,
        AiErrorKind::RateLimited => ErrorKind::RateLimited,
        AiErrorKind::Timeout => ErrorKind::UpstreamTimeout,
        AiErrorKind::Unsupported => ErrorKind::NotImplemented,
        AiErrorKind::Connect => ErrorKind::UpstreamConnect,
        AiErrorKind::Truncated => ErrorKind::UpstreamReset,
        AiErrorKind::Malformed => ErrorKind::UpstreamInvalid,
        AiErrorKind::Overloaded | AiErrorKind::Server => ErrorKind::UpstreamError,
    };
    let mut typed = GatewayError::new(kind).source(error.clone());
    if let Some(after) = error.retry_after() {
        typed = typed.retry_after(after);
    }
    typed
}

/// Marks a response that passes a provider's own refusal on.
pub(super) fn passed(response: &mut Response, error: &AiError) {
    let typed = typed(error).status(response.status());
    response.extensions_mut().insert(typed);
}

fn attempted(response: &mut Response, attempts: &Attempts) {
    let headers = response.headers_mut();
    headers.insert(
        super::head::ATTEMPTS,
        HeaderValue::from(attempts.failed().len()),
    );
    if let Ok(value) = HeaderValue::try_from(attempts.to_string()) {
        headers.insert(super::head::FALLBACK, value);
    }
}
