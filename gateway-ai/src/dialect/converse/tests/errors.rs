use bytes::BytesMut;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

use crate::{
    canonical::Event,
    dialect::{Dialect, converse::frame},
    error::{AiErrorKind, ErrorClass},
};

type Exception = (
    u16,
    &'static str,
    &'static str,
    AiErrorKind,
    Option<ErrorClass>,
);

/// Status, name and message of an exception, and what they come to: a kind, and a class where it is
/// not the kind's own.
const EXCEPTIONS: [Exception; 10] = [
    (
        403,
        "UnrecognizedClientException",
        "x",
        AiErrorKind::Authentication,
        Some(ErrorClass::AuthDeadKey),
    ),
    (
        403,
        "ExpiredTokenException:http://internal/",
        "x",
        AiErrorKind::Authentication,
        Some(ErrorClass::AuthDeadKey),
    ),
    (
        404,
        "com.amazon.coral#ResourceNotFoundException",
        "x",
        AiErrorKind::NotFound,
        Some(ErrorClass::RetryOther),
    ),
    (
        429,
        "ThrottlingException",
        "x",
        AiErrorKind::RateLimited,
        None,
    ),
    (
        400,
        "ServiceQuotaExceededException",
        "x",
        AiErrorKind::QuotaExhausted,
        None,
    ),
    (
        424,
        "ModelErrorException",
        "x",
        AiErrorKind::Server,
        Some(ErrorClass::RetrySame),
    ),
    (
        429,
        "ModelNotReadyException",
        "x",
        AiErrorKind::Overloaded,
        None,
    ),
    (
        408,
        "ModelTimeoutException",
        "x",
        AiErrorKind::Timeout,
        None,
    ),
    (
        400,
        "ValidationException",
        "Input is too long for requested model.",
        AiErrorKind::ContextTooLong,
        None,
    ),
    (
        400,
        "ValidationException",
        "x",
        AiErrorKind::InvalidRequest,
        None,
    ),
];

#[test]
fn exceptions_have_a_kind_and_a_class() {
    for (status, name, message, kind, class) in EXCEPTIONS {
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-amzn-errortype",
            HeaderValue::try_from(name).expect("a header"),
        );
        headers.insert("x-amzn-requestid", HeaderValue::from_static("r1"));
        let body = json!({ "message": message }).to_string();
        let status = StatusCode::from_u16(status).expect("a status");
        let error = Dialect::Converse.parse_error(status, &headers, body.as_bytes());
        assert_eq!(
            (error.kind(), error.class()),
            (kind, class.unwrap_or(kind.class())),
            "{name}"
        );
        assert_eq!(error.request_id(), Some("r1"));
        // Older services name it in the body.
        let body = json!({ "__type": name, "Message": message }).to_string();
        let error = Dialect::Converse.parse_error(status, &HeaderMap::new(), body.as_bytes());
        assert_eq!(error.kind(), kind, "{name}");
    }
}

#[test]
fn exceptions_among_the_frames_have_a_kind_and_a_class() {
    for (name, kind, class) in [
        (
            "throttlingException",
            AiErrorKind::RateLimited,
            ErrorClass::RetrySame,
        ),
        (
            "modelStreamErrorException",
            AiErrorKind::Server,
            ErrorClass::RetrySame,
        ),
        (
            "internalServerException",
            AiErrorKind::Server,
            ErrorClass::RetrySame,
        ),
        (
            "serviceUnavailableException",
            AiErrorKind::Overloaded,
            ErrorClass::RetrySame,
        ),
        (
            "validationException",
            AiErrorKind::InvalidRequest,
            ErrorClass::ClientFault,
        ),
    ] {
        let mut out = BytesMut::new();
        frame::write("exception", name, &mut out, |out| {
            out.extend_from_slice(br#"{"message":"no"}"#);
        });
        let events = {
            let mut parser = Dialect::Converse.stream_parser();
            let mut events = Vec::new();
            parser.push(&out, &mut events);
            parser.finish(&mut events);
            events
        };
        let [Event::Error(error)] = events.as_slice() else {
            unreachable!("{name}: {events:?}");
        };
        assert_eq!((error.kind(), error.class()), (kind, class), "{name}");
    }
}
