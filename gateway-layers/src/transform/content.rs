use gateway_core::{
    Body, ErrorKind, GatewayError,
    body::{CollectError, Collected, collect},
};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::json::{Op, apply, is_json};

/// Which message a body belongs to; decides how its faults are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Response,
}

/// What becomes of a response whose JSON cannot be edited: it is not JSON although it says so, or
/// it is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnUnreadable {
    /// It is refused with 502 `upstream_invalid`: a rule that hides something must not fail open.
    #[default]
    Refuse,
    /// It is passed on as it is.
    Pass,
}

/// Why a body was not edited.
#[derive(Debug)]
pub(super) enum Unedited {
    /// It was read and cannot be edited; here it is.
    Unreadable(Body),
    /// It is gone.
    Failed(GatewayError),
}

/// Whether the content is JSON by its type: `application/json` and `+json`, but neither gRPC nor a
/// stream of events or lines, which are never held back.
pub(super) fn says_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return false;
    };
    let essence = value
        .as_bytes()
        .split(|b| *b == b';')
        .next()
        .unwrap_or_default();
    let essence = essence.trim_ascii().to_ascii_lowercase();
    let structured = essence.ends_with(b"+json") && !essence.starts_with(b"application/grpc");
    essence == b"application/json" || structured
}

/// Whether the content is in an encoding that hides the text.
pub(super) fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .map(<[u8]>::trim_ascii)
        .any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}

/// Makes an origin answer with something that can be edited: whole and not encoded.
pub(super) fn ask_for_plain(headers: &mut HeaderMap) {
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    headers.remove(header::RANGE);
    headers.remove(header::IF_RANGE);
}

/// Removes what describes content byte by byte, because the bytes are others now.
pub(super) fn forget_bytes(headers: &mut HeaderMap) {
    for name in DESCRIBING {
        headers.remove(name);
    }
}

/// Reads `body`, edits it, and corrects `headers`. An empty body is no document and stays empty.
pub(super) async fn edit(
    side: Side,
    headers: &mut HeaderMap,
    body: Body,
    ops: &[Op],
    limit: usize,
) -> Result<Body, Unedited> {
    let collected = match collect(body, limit).await {
        Ok(collected) => collected,
        Err(error) => return Err(Unedited::Failed(failure(side, error, limit))),
    };
    if collected.bytes().is_empty() {
        return Ok(collected.into_body());
    }
    if !is_json(collected.bytes()) {
        return Err(Unedited::Unreadable(collected.into_body()));
    }
    let edited = match apply(collected.bytes(), ops) {
        std::borrow::Cow::Borrowed(_) => None,
        std::borrow::Cow::Owned(edited) => Some(edited),
    };
    let Some(edited) = edited else {
        return Ok(collected.into_body());
    };
    forget_bytes(headers);
    if collected.trailers().is_none() {
        // A length beside a transfer coding is how requests are smuggled (RFC 9112 §6.1).
        headers.remove(header::TRANSFER_ENCODING);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(edited.len()));
    }
    Ok(with_trailers(edited, collected))
}

fn with_trailers(edited: Vec<u8>, collected: Collected) -> Body {
    use http_body_util::{BodyExt as _, Full};
    match collected.into_parts().1 {
        None => Body::from(edited),
        Some(mut trailers) => {
            forget_bytes(&mut trailers);
            let content = Full::new(bytes::Bytes::from(edited));
            Body::new(content.with_trailers(std::future::ready(Some(Ok(trailers)))))
        }
    }
}

fn failure(side: Side, error: CollectError, limit: usize) -> GatewayError {
    let too_large = matches!(error, CollectError::TooLarge { .. });
    let (kind, detail) = match (side, too_large) {
        (Side::Request, true) => (
            ErrorKind::BodyTooLarge,
            format!("a JSON body may have {limit} bytes here"),
        ),
        (Side::Response, true) => (
            ErrorKind::UpstreamTooLarge,
            format!("a JSON answer may have {limit} bytes here"),
        ),
        (Side::Request, false) => (ErrorKind::BadRequest, "the body ended early".to_owned()),
        (Side::Response, false) => (
            ErrorKind::UpstreamReset,
            "the answer ended early".to_owned(),
        ),
    };
    GatewayError::new(kind)
        .detail(detail)
        .layer("transform")
        .source(error)
}

const DESCRIBING: [HeaderName; 8] = [
    header::ACCEPT_RANGES,
    HeaderName::from_static("content-digest"),
    header::CONTENT_LENGTH,
    HeaderName::from_static("content-md5"),
    header::CONTENT_RANGE,
    HeaderName::from_static("digest"),
    header::ETAG,
    HeaderName::from_static("repr-digest"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn map(name: HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn json_by_type_and_nothing_that_streams() {
        for (value, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/problem+json", true),
            ("application/vnd.api+json;v=1", true),
            ("application/grpc+json", false),
            ("application/x-ndjson", false),
            ("application/json-seq", false),
            ("text/event-stream", false),
            ("text/html", false),
        ] {
            assert_eq!(
                says_json(&map(header::CONTENT_TYPE, value)),
                expected,
                "{value}"
            );
        }
        assert!(!says_json(&HeaderMap::new()));
    }

    #[test]
    fn identity_is_no_encoding() {
        for (value, expected) in [
            ("identity", false),
            ("gzip", true),
            ("identity, br", true),
            ("", false),
        ] {
            let headers = map(header::CONTENT_ENCODING, value);
            assert_eq!(is_encoded(&headers), expected, "{value}");
        }
    }
}
