//! How a request names its target: by path in HTTP/1.1, by scheme, authority and path in HTTP/2.

use gateway_core::Request;
use http::{HeaderValue, Uri, Version, header, uri};

/// `host` is the value of `Host` unless the request has one.
pub(super) fn to_origin(request: &mut Request, host: &HeaderValue) {
    *request.version_mut() = Version::HTTP_11;
    if !request.headers().contains_key(header::HOST) {
        request.headers_mut().insert(header::HOST, host.clone());
    }
    let uri = request.uri_mut();
    if uri.authority().is_none() && uri.scheme().is_none() {
        return;
    }
    let mut parts = uri::Parts::default();
    let path = uri.path_and_query().cloned();
    parts.path_and_query = Some(path.unwrap_or_else(|| uri::PathAndQuery::from_static("/")));
    *uri = Uri::from_parts(parts).expect("a path alone is a valid target");
}

/// HTTP/2 has the host in the target, and a `Host` field beside it is a chance to disagree.
/// `origin` is what the target is at unless the request says otherwise.
pub(super) fn to_absolute(request: &mut Request, origin: &Uri) {
    *request.version_mut() = Version::HTTP_2;
    request.headers_mut().remove(header::CONNECTION);
    let mut parts = origin.clone().into_parts();
    if let Some(host) = request.headers_mut().remove(header::HOST)
        && let Ok(authority) = uri::Authority::try_from(host.as_bytes())
    {
        parts.authority = Some(authority);
    }
    if let Some(path) = request.uri().path_and_query() {
        parts.path_and_query = Some(path.clone());
    }
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}

/// Credentials in a URL are not part of the host; RFC 9110 §4.2.4 has them removed.
pub(super) fn without_userinfo(authority: &uri::Authority) -> Option<uri::Authority> {
    match authority.as_str().rsplit_once('@') {
        None => Some(authority.clone()),
        Some((_, host)) => host.parse().ok(),
    }
}
