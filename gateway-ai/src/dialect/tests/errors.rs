use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

use super::*;
use crate::error::{AiErrorKind, ErrorClass};

fn read(dialect: Dialect, status: u16, body: &str) -> AiError {
    dialect.parse_error(
        StatusCode::from_u16(status).unwrap(),
        &HeaderMap::new(),
        body.as_bytes(),
    )
}

#[test]
fn openai_errors_have_their_classes() {
    let table = [
        (
            429,
            "insufficient_quota",
            "You exceeded your current quota",
            ErrorClass::QuotaExhausted,
        ),
        (
            429,
            "rate_limit_exceeded",
            "Rate limit reached",
            ErrorClass::RetrySame,
        ),
        (
            400,
            "context_length_exceeded",
            "maximum context length",
            ErrorClass::ContextTooLong,
        ),
        (400, "", "Unknown parameter", ErrorClass::ClientFault),
        (
            401,
            "invalid_api_key",
            "Incorrect API key",
            ErrorClass::AuthDeadKey,
        ),
        (404, "model_not_found", "The model", ErrorClass::RetryOther),
        (500, "", "oops", ErrorClass::RetrySame),
        (400, "content_filter", "filtered", ErrorClass::ContentPolicy),
    ];
    for (status, code, message, class) in table {
        let code = if code.is_empty() {
            Value::Null
        } else {
            code.into()
        };
        let body = json!({ "error": {
            "message": message, "type": "invalid_request_error", "code": code, "param": "p",
        } });
        let error = read(Dialect::Chat, status, &body.to_string());
        assert_eq!(
            (error.class(), error.param()),
            (class, Some("p")),
            "{message}"
        );
    }
}

#[test]
fn anthropic_errors_have_their_classes() {
    for (status, kind, message, class) in [
        (529, "overloaded_error", "Overloaded", ErrorClass::RetrySame),
        (
            400,
            "invalid_request_error",
            "Your credit balance is too low",
            ErrorClass::QuotaExhausted,
        ),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 5 > 4",
            ErrorClass::ContextTooLong,
        ),
        (
            401,
            "authentication_error",
            "API key is invalid.",
            ErrorClass::AuthDeadKey,
        ),
        (404, "not_found_error", "model: x", ErrorClass::RetryOther),
        (
            413,
            "request_too_large",
            "too large",
            ErrorClass::ClientFault,
        ),
        (429, "rate_limit_error", "slow down", ErrorClass::RetrySame),
    ] {
        let body = json!({ "type": "error", "error": { "type": kind, "message": message } });
        assert_eq!(
            read(Dialect::Messages, status, &body.to_string()).class(),
            class,
            "{message}"
        );
    }
}

#[test]
fn azure_filters_and_wrapped_errors_are_recognised() {
    let azure = json!({ "error": { "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "type": null, "param": "prompt", "code": "content_filter", "status": 400,
        "innererror": { "code": "ResponsibleAIPolicyViolation" } } });
    assert_eq!(
        read(Dialect::Chat, 400, &azure.to_string()).class(),
        ErrorClass::ContentPolicy
    );
    let google = json!([{ "error": { "code": 429, "message": "Resource exhausted", "status": "RESOURCE_EXHAUSTED" } }]);
    let google = read(Dialect::Chat, 429, &google.to_string());
    assert_eq!(google.kind(), AiErrorKind::RateLimited);
    assert_eq!(google.message(), "Resource exhausted");
    assert_eq!(google.upstream_type(), Some("RESOURCE_EXHAUSTED"));
    let open_router = json!({ "error": { "message": "Provider returned error", "code": 400,
        "metadata": { "raw": "{\"error\":\"prompt is too long\"}" } } });
    assert_eq!(
        read(Dialect::Chat, 400, &open_router.to_string()).class(),
        ErrorClass::ContextTooLong
    );
    assert_eq!(
        read(
            Dialect::Chat,
            422,
            r#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#
        )
        .class(),
        ErrorClass::ClientFault
    );
}

#[test]
fn html_and_nothing_at_all_are_errors_too() {
    for dialect in [Dialect::Chat, Dialect::Messages] {
        for body in [
            "",
            "<html><h1>502</h1>",
            "upstream connect error",
            "{",
            "[]",
            "null",
            "{\"error\":null}",
        ] {
            let error = read(dialect, 502, body);
            assert_eq!(error.class(), ErrorClass::RetrySame, "{body}");
            assert!(
                !error.message().is_empty() && !error.message().contains('<'),
                "{body}"
            );
        }
    }
}

#[test]
fn request_ids_and_waits_are_kept() {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", HeaderValue::from_static("12"));
    headers.insert("request-id", HeaderValue::from_static("req_1"));
    let body = br#"{"type":"error","error":{"type":"rate_limit_error","message":"m"}}"#;
    let error = Dialect::Messages.parse_error(StatusCode::TOO_MANY_REQUESTS, &headers, body);
    assert_eq!(
        (error.retry_after(), error.request_id()),
        (Some(Duration::from_secs(12)), Some("req_1"))
    );
    let (_, printed) = Dialect::Messages.print_error(&error);
    let printed: Value = serde_json::from_slice(&printed).unwrap();
    assert_eq!(printed["request_id"], "req_1");
}

#[test]
fn each_dialect_says_it_in_its_words() {
    use AiErrorKind as K;
    for (kind, chat, messages) in [
        (
            K::InvalidRequest,
            (400, "invalid_request_error"),
            (400, "invalid_request_error"),
        ),
        (
            K::Authentication,
            (401, "invalid_request_error"),
            (401, "authentication_error"),
        ),
        (
            K::Permission,
            (403, "permission_error"),
            (403, "permission_error"),
        ),
        (
            K::NotFound,
            (404, "invalid_request_error"),
            (404, "not_found_error"),
        ),
        (
            K::TooLarge,
            (413, "invalid_request_error"),
            (413, "request_too_large"),
        ),
        (
            K::RateLimited,
            (429, "rate_limit_error"),
            (429, "rate_limit_error"),
        ),
        (
            K::QuotaExhausted,
            (429, "insufficient_quota"),
            (429, "rate_limit_error"),
        ),
        (K::Timeout, (504, "server_error"), (504, "timeout_error")),
        (
            K::Overloaded,
            (503, "server_error"),
            (529, "overloaded_error"),
        ),
        (K::Server, (502, "server_error"), (502, "api_error")),
    ] {
        let error = AiError::new(kind, "m").with_param("p");
        for (dialect, (status, word)) in [(Dialect::Chat, chat), (Dialect::Messages, messages)] {
            let (printed, body) = dialect.print_error(&error);
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(
                (printed.as_u16(), body["error"]["type"].as_str()),
                (status, Some(word))
            );
            let keys = ["message", "type", "param", "code"];
            let all = keys.iter().all(|key| body["error"].get(*key).is_some());
            assert!(all || dialect != Dialect::Chat, "{kind:?}: {body}");
        }
    }
}

#[test]
fn the_gateways_key_is_no_affair_of_the_client() {
    let body = r#"{"error":{"message":"Incorrect API key provided: sk-proj-SECRETSECRET. You can find yours","type":"invalid_request_error","code":"invalid_api_key"}}"#;
    let error = read(Dialect::Chat, 401, body);
    assert!(!error.message().contains("SECRET"));
    for dialect in [Dialect::Chat, Dialect::Messages] {
        let (status, printed) = dialect.print_error(&error);
        let printed = String::from_utf8_lossy(&printed).into_owned();
        assert!(
            status.is_server_error()
                && !printed.contains("sk-")
                && !printed.contains("invalid_api_key")
        );
    }
}
