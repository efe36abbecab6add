use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};

use crate::{
    error::{AiError, AiErrorKind, classify, retry_after},
    json::{Loose, Writer, wire},
};

wire! {
    struct Envelope<'a> ignoring {
        message: Loose = "message" | "Message",
        kind: Loose = "__type" | "code",
    }
}

/// Reads a provider's error response. AWS names the exception in a header, older services in the
/// body; either may carry a namespace.
pub(in crate::dialect) fn parse_error(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> AiError {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let envelope = serde_json::from_str::<Envelope<'_>>(text).unwrap_or_default();
    let named = headers
        .get("x-amzn-errortype")
        .and_then(|name| name.to_str().ok());
    let name = named.or(envelope.kind.as_ref().map(|kind| kind.0.as_str()));
    let reason = status.canonical_reason().unwrap_or("no message");
    let message = match envelope.message {
        Some(message) => message.0,
        None if text.is_empty() || text.starts_with(['<', '{']) => {
            format!("the provider answered: {}", reason.to_lowercase())
        }
        None => text.to_owned(),
    };
    let mut error = exception(Some(status), name, &message).with_status(status);
    if let Some(wait) = retry_after(headers) {
        error = error.with_retry_after(wait);
    }
    let id = headers
        .get("x-amzn-requestid")
        .and_then(|id| id.to_str().ok());
    match id {
        Some(id) => error.with_request_id(id),
        None => error,
    }
}

/// An exception by name, of a response or of a stream.
pub(super) fn exception(status: Option<StatusCode>, name: Option<&str>, message: &str) -> AiError {
    let message: String = message.chars().take(2000).collect();
    // `Name:http://…` and `com.amazon…#Name`.
    let plain = name.map(|name| {
        let name = name.split(':').next().unwrap_or(name);
        name.rsplit('#').next().unwrap_or(name)
    });
    let kind = match plain.and_then(by_name) {
        Some(kind) => kind,
        // A prompt that is too long and a prompt that is refused are validation errors as well.
        // A stream has no status that would say so.
        None => {
            let invalid = plain.is_some_and(|name| name.eq_ignore_ascii_case(VALIDATION));
            let status = status.or(invalid.then_some(StatusCode::BAD_REQUEST));
            classify(status, None, None, &message)
        }
    };
    let error = AiError::upstream(kind, message);
    match plain {
        Some(name) => error.with_type(name),
        None => error,
    }
}

const VALIDATION: &str = "ValidationException";

/// The kind an exception's name says for certain.
fn by_name(name: &str) -> Option<AiErrorKind> {
    let (_, kind) = NAMES
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known))?;
    Some(*kind)
}

const NAMES: &[(&str, AiErrorKind)] = &[
    ("AccessDeniedException", AiErrorKind::Permission),
    ("UnrecognizedClientException", AiErrorKind::Authentication),
    ("ExpiredTokenException", AiErrorKind::Authentication),
    ("InvalidSignatureException", AiErrorKind::Authentication),
    ("SignatureDoesNotMatch", AiErrorKind::Authentication),
    ("IncompleteSignatureException", AiErrorKind::Authentication),
    ("IncompleteSignature", AiErrorKind::Authentication),
    (
        "MissingAuthenticationTokenException",
        AiErrorKind::Authentication,
    ),
    ("MissingAuthenticationToken", AiErrorKind::Authentication),
    ("InvalidClientTokenId", AiErrorKind::Authentication),
    ("ResourceNotFoundException", AiErrorKind::NotFound),
    ("ThrottlingException", AiErrorKind::RateLimited),
    ("TooManyRequestsException", AiErrorKind::RateLimited),
    ("ServiceQuotaExceededException", AiErrorKind::QuotaExhausted),
    ("ModelNotReadyException", AiErrorKind::Overloaded),
    ("ServiceUnavailableException", AiErrorKind::Overloaded),
    ("ModelTimeoutException", AiErrorKind::Timeout),
    ("ModelErrorException", AiErrorKind::Server),
    ("ModelStreamErrorException", AiErrorKind::Server),
    ("InternalServerException", AiErrorKind::Server),
    ("InternalFailure", AiErrorKind::Server),
];

/// Writes an error for a client.
pub(in crate::dialect) fn print_error(error: &AiError) -> (StatusCode, Bytes) {
    let mut out = BytesMut::with_capacity(256);
    Writer::new(&mut out).object(|w| {
        w.str_field("__type", name(error));
        w.str_field("message", error.client_message());
    });
    (error.client_status(), out.freeze())
}

/// The exception an error is to a client.
fn name(error: &AiError) -> &'static str {
    if error.is_gateway_credential() {
        return "InternalServerException";
    }
    match error.kind() {
        AiErrorKind::InvalidRequest
        | AiErrorKind::Lossy
        | AiErrorKind::Unsupported
        | AiErrorKind::ContextTooLong
        | AiErrorKind::TooLarge
        | AiErrorKind::ContentPolicy => "ValidationException",
        AiErrorKind::Authentication => "UnrecognizedClientException",
        AiErrorKind::Permission => "AccessDeniedException",
        AiErrorKind::QuotaExhausted => "ServiceQuotaExceededException",
        AiErrorKind::RateLimited => "ThrottlingException",
        AiErrorKind::NotFound => "ResourceNotFoundException",
        AiErrorKind::Timeout => "ModelTimeoutException",
        AiErrorKind::Overloaded => "ServiceUnavailableException",
        AiErrorKind::Server
        | AiErrorKind::Connect
        | AiErrorKind::Truncated
        | AiErrorKind::Malformed => "InternalServerException",
    }
}

/// The exception an error is within a stream: five are declared for it, and a client's SDK knows no
/// other.
pub(super) fn stream_name(error: &AiError) -> &'static str {
    match name(error) {
        "ValidationException" => "validationException",
        "ThrottlingException" | "ServiceQuotaExceededException" => "throttlingException",
        "ServiceUnavailableException" => "serviceUnavailableException",
        "ModelTimeoutException" => "modelStreamErrorException",
        _ => "internalServerException",
    }
}
