//! Where a request should have gone. No I/O.

use http::{HeaderMap, HeaderValue, Uri, header};

/// The same target over HTTPS; `None` if the request does not say which host it is for.
pub(super) fn location(uri: &Uri, headers: &HeaderMap, port: Option<u16>) -> Option<HeaderValue> {
    let host = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => headers.get(header::HOST)?.to_str().ok()?,
    };
    let authority: http::uri::Authority = host.parse().ok()?;
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return None;
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let path = if path.starts_with('/') { path } else { "/" };
    let name = authority.host();
    let port = authority.port().and(port).filter(|port| *port != 443);
    let target = match port {
        Some(port) => format!("https://{name}:{port}{path}"),
        None => format!("https://{name}{path}"),
    };
    HeaderValue::try_from(target).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        for (target, host, port, expected) in [
            (
                "/a?b=c",
                "example.com",
                None,
                Some("https://example.com/a?b=c"),
            ),
            ("/", "example.com", Some(8443), Some("https://example.com/")),
            (
                "/",
                "localhost:8080",
                Some(8443),
                Some("https://localhost:8443/"),
            ),
            ("/", "localhost:8080", Some(443), Some("https://localhost/")),
            ("/", "localhost:8080", None, Some("https://localhost/")),
            ("/", "[::1]:8080", Some(8443), Some("https://[::1]:8443/")),
            (
                "http://a.example/x",
                "b.example",
                None,
                Some("https://a.example/x"),
            ),
            ("*", "example.com", None, Some("https://example.com/")),
            (
                "//evil.example/",
                "example.com",
                None,
                Some("https://example.com//evil.example/"),
            ),
            ("/", "user@example.com", None, None),
            ("/", "a/b", None, None),
            ("/", "", None, None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            let found = location(&target.parse().unwrap(), &headers, port);
            assert_eq!(
                found.as_ref().map(|found| found.to_str().unwrap()),
                expected,
                "{target} {host}"
            );
        }
        assert_eq!(
            location(&"/".parse().unwrap(), &HeaderMap::new(), None),
            None
        );
    }
}
