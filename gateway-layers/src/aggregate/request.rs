use gateway_core::{Body, Deadline, Outcome, Request};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header, request::Parts};
use tokio::time::Instant;

use super::{builder::Ready, facts::Facts, fault::Fault};

/// The headers of the client that parts get: all but what is about its own body, its connection, or
/// the form of the one answer it waits for.
pub(super) fn shared_headers(parts: &Parts) -> HeaderMap {
    let mut headers = parts.headers.clone();
    for name in NOT_PASSED_ON {
        headers.remove(name);
    }
    headers.insert(header::ACCEPT, JSON);
    // A compressed answer could not be put together with others.
    headers.insert(header::ACCEPT_ENCODING, IDENTITY);
    headers
}

/// The request for a part.
pub(super) fn build(
    part: &Ready,
    facts: &Facts<'_>,
    headers: &HeaderMap,
    deadline: Instant,
) -> Result<Request, Fault> {
    let target = part.target.target(facts)?;
    let mut request = Request::new(Body::empty());
    *request.method_mut() = part.method.clone();
    *request.uri_mut() = Uri::try_from(target).map_err(|_| Fault::Request {
        name: "path".to_owned(),
        what: "is too long",
    })?;
    *request.headers_mut() = headers.clone();
    for (name, template) in &part.headers {
        let value = template.header(name.as_str(), facts)?;
        request.headers_mut().insert(name, value);
    }
    if let Some(body) = &part.body {
        *request.body_mut() = Body::from(body.render(facts)?);
        request.headers_mut().insert(header::CONTENT_TYPE, JSON);
    }
    let extensions = request.extensions_mut();
    extensions.clone_from(&facts.request.extensions);
    // Several parts would write over each other what the log says of the one answer.
    extensions.remove::<Outcome>();
    extensions.insert(Deadline::new(deadline));
    Ok(request)
}

const NOT_PASSED_ON: [HeaderName; 20] = [
    header::ACCEPT,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_LOCATION,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::RANGE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");
