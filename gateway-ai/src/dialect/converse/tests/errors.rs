use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

use crate::{
    dialect::Dialect,
    error::{AiErrorKind, ErrorClass},
};

type Exception = (u16, &'static str, &'static str, AiErrorKind, ErrorClass);

/// Status, name and message of an exception, and what they come to.
fn exceptions() -> Vec<Exception> {
    vec![
        (
            403,
            "UnrecognizedClientException",
            "x",
            AiErrorKind::Authentication,
            ErrorClass::AuthDeadKey,
        ),
        (
            403,
            "ExpiredTokenException:http://internal/",
            "x",
            AiErrorKind::Authentication,
            ErrorClass::AuthDeadKey,
        ),
        (
            404,
            "com.amazon.coral#ResourceNotFoundException",
            "x",
            AiErrorKind::NotFound,
            ErrorClass::RetryOther,
        ),
        (
            429,
            "ThrottlingException",
            "x",
            AiErrorKind::RateLimited,
            AiErrorKind::RateLimited.class(),
        ),
        (
            400,
            "ServiceQuotaExceededException",
            "x",
            AiErrorKind::QuotaExhausted,
            AiErrorKind::QuotaExhausted.class(),
        ),
        (
            424,
            "ModelErrorException",
            "x",
            AiErrorKind::Server,
            ErrorClass::RetrySame,
        ),
        (
            429,
            "ModelNotReadyException",
            "x",
            AiErrorKind::Overloaded,
            AiErrorKind::Overloaded.class(),
        ),
        (
            408,
            "ModelTimeoutException",
            "x",
            AiErrorKind::Timeout,
            AiErrorKind::Timeout.class(),
        ),
        (
            400,
            "ValidationException",
            "Input is too long for requested model.",
            AiErrorKind::ContextTooLong,
            AiErrorKind::ContextTooLong.class(),
        ),
        (
            400,
            "ValidationException",
            "x",
            AiErrorKind::InvalidRequest,
            AiErrorKind::InvalidRequest.class(),
        ),
    ]
}

#[test]
fn exceptions_have_a_kind_and_a_class() {
    for (status, name, message, kind, class) in exceptions() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-amzn-errortype",
            HeaderValue::try_from(name).expect("a header"),
        );
        headers.insert("x-amzn-requestid", HeaderValue::from_static("r1"));
        let body = json!({ "message": message }).to_string();
        let status = StatusCode::from_u16(status).expect("a status");
        let error = Dialect::Converse.parse_error(status, &headers, body.as_bytes());
        assert_eq!((error.kind(), error.class()), (kind, class), "{name}");
        assert_eq!(error.request_id(), Some("r1"));
        // Older services name it in the body.
        let body = json!({ "__type": name, "Message": message }).to_string();
        let error = Dialect::Converse.parse_error(status, &HeaderMap::new(), body.as_bytes());
        assert_eq!(error.kind(), kind, "{name}");
    }
}
