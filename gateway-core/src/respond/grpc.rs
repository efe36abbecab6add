//! Trailers-only gRPC answers: status and message in the head, no body.
//!
//! The mapping follows gRPC's own table for HTTP proxies, refined where a kind says more than its
//! status does: a deadline is `DEADLINE_EXCEEDED`, an exhausted limit `RESOURCE_EXHAUSTED`.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::responder::Rendered;
use crate::{ErrorKind, GatewayError};

pub(super) fn render(error: &GatewayError) -> Rendered {
    let mut headers = HeaderMap::with_capacity(6);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/grpc"),
    );
    headers.insert("grpc-status", HeaderValue::from(status(error.kind())));
    if let Ok(message) = HeaderValue::try_from(percent_encode(&error.to_string())) {
        headers.insert("grpc-message", message);
    }
    Rendered {
        status: StatusCode::OK,
        headers,
        body: Bytes::new(),
    }
}

const fn status(kind: ErrorKind) -> u16 {
    match kind {
        ErrorKind::DeadlineExceeded | ErrorKind::UpstreamTimeout => 4,
        ErrorKind::NotImplemented | ErrorKind::NoRoute | ErrorKind::MethodNotAllowed => 12,
        ErrorKind::Internal => 13,
        kind => match kind.status() {
            StatusCode::BAD_REQUEST => 3,
            StatusCode::NOT_FOUND => 5,
            StatusCode::FORBIDDEN => 7,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::PAYLOAD_TOO_LARGE => 8,
            StatusCode::UNAUTHORIZED => 16,
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => 14,
            _ => 2,
        },
    }
}

/// Percent-encodes all but printable ASCII, and `%` itself (gRPC over HTTP/2, "Responses").
fn percent_encode(message: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(message.len());
    for byte in message.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => _ = write!(encoded, "%{byte:02X}"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_percent_encoded() {
        assert_eq!(percent_encode("50% é\n"), "50%25 %C3%A9%0A");
    }

    #[test]
    fn limits_and_deadlines_have_their_own_status() {
        assert_eq!(status(ErrorKind::RateLimited), 8);
        assert_eq!(status(ErrorKind::DeadlineExceeded), 4);
        assert_eq!(status(ErrorKind::NoHealthyUpstream), 14);
    }
}
