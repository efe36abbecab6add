use http::{HeaderMap, HeaderName, header};

use super::cache_control::CacheControl;

/// The fields of a response that may be stored (RFC 9111 §3.1): all but those of the connection and
/// of proxy authentication, those the origin keeps from shared caches by name, and `Age`, which is
/// counted anew.
pub(in crate::cache) fn stored_head(response: &HeaderMap, control: &CacheControl) -> HeaderMap {
    let mut head = response.clone();
    for name in connection_tokens(response) {
        head.remove(name);
    }
    for name in NOT_STORED {
        head.remove(name);
    }
    let named = control.private.fields().iter();
    for name in named.chain(control.no_cache.fields()) {
        head.remove(name);
    }
    head
}

/// Updates a stored head with the fields of a 304 (§3.2).
///
/// Fields that describe the stored bytes, or that this cache computes with, stay: a `Content-Length`
/// from a message without content would break the framing of every later answer.
pub(in crate::cache) fn merge(stored: &mut HeaderMap, update: &HeaderMap) {
    for name in update.keys().filter(|name| !KEPT.contains(name)) {
        stored.remove(name);
        for value in update.get_all(name) {
            stored.append(name.clone(), value.clone());
        }
    }
}

/// The head of a 304 made from a stored head: without the fields that describe absent content
/// (RFC 9110 §15.4.5).
pub(in crate::cache) fn not_modified_head(stored: &HeaderMap) -> HeaderMap {
    let mut head = stored.clone();
    for name in [
        header::CONTENT_LENGTH,
        header::CONTENT_ENCODING,
        header::CONTENT_LANGUAGE,
        header::CONTENT_TYPE,
        header::CONTENT_RANGE,
    ] {
        head.remove(name);
    }
    head
}

fn connection_tokens(response: &HeaderMap) -> Vec<HeaderName> {
    response
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect()
}

const NOT_STORED: [HeaderName; 11] = [
    header::AGE,
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    HeaderName::from_static("proxy-authentication-info"),
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

const KEPT: [HeaderName; 5] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    HeaderName::from_static("content-md5"),
    header::CONTENT_RANGE,
    header::ETAG,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn what_belongs_to_the_connection_is_not_stored() {
        let response = map(&[
            ("connection", "x-hop, close"),
            ("x-hop", "1"),
            ("te", "trailers"),
            ("age", "3"),
            ("cache-control", "private=\"x-mine\", no-cache=\"x-each\""),
            ("x-mine", "1"),
            ("x-each", "1"),
            ("x-kept", "1"),
        ]);
        let head = stored_head(&response, &CacheControl::of_response(&response));
        let names: Vec<_> = head.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["cache-control", "x-kept"]);
    }

    #[test]
    fn a_304_updates_all_but_what_describes_the_bytes() {
        let mut stored = map(&[
            ("etag", "\"a\""),
            ("content-length", "5"),
            ("x", "1"),
            ("x", "2"),
        ]);
        merge(
            &mut stored,
            &map(&[
                ("etag", "\"b\""),
                ("content-length", "0"),
                ("x", "3"),
                ("y", "4"),
            ]),
        );
        let expected = map(&[
            ("etag", "\"a\""),
            ("content-length", "5"),
            ("x", "3"),
            ("y", "4"),
        ]);
        assert_eq!(stored, expected);
    }
}
