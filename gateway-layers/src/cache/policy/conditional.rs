use std::time::SystemTime;

use http::{HeaderMap, HeaderValue, header};

use super::{cache_control::split_list, freshness::date};

/// Whether the request asks for a part, or for nothing if it has it already.
pub(in crate::cache) fn has_conditions(request: &HeaderMap) -> bool {
    [
        header::IF_NONE_MATCH,
        header::IF_MODIFIED_SINCE,
        header::RANGE,
        header::IF_RANGE,
    ]
    .iter()
    .any(|name| request.contains_key(name))
}

/// Conditions a cache must not evaluate, because they are about the origin's state (§4.3.2).
pub(in crate::cache) fn has_origin_conditions(request: &HeaderMap) -> bool {
    request.contains_key(header::IF_MATCH) || request.contains_key(header::IF_UNMODIFIED_SINCE)
}

/// Makes `request` ask whether the response with the headers `stored` is still good (§4.3.1);
/// `false` if that response has nothing to ask by.
///
/// The client's own conditions and ranges go: the answer is to refresh the whole of what is stored,
/// and is put in the client's terms afterwards.
pub(in crate::cache) fn make_conditional(request: &mut HeaderMap, stored: &HeaderMap) -> bool {
    for name in [
        header::IF_NONE_MATCH,
        header::IF_MODIFIED_SINCE,
        header::RANGE,
        header::IF_RANGE,
    ] {
        request.remove(name);
    }
    let etag = stored.get(header::ETAG);
    let modified = stored.get(header::LAST_MODIFIED);
    if let Some(etag) = etag {
        request.insert(header::IF_NONE_MATCH, etag.clone());
    }
    if let Some(modified) = modified {
        request.insert(header::IF_MODIFIED_SINCE, modified.clone());
    }
    etag.is_some() || modified.is_some()
}

/// Whether the request's conditions make 304 the answer in place of the stored response (§4.3.2).
///
/// `If-None-Match` decides alone where it is present. Without a `Last-Modified` the `Date` of the
/// stored response, or else the time it came, stands in for it.
pub(in crate::cache) fn is_not_modified(
    request: &HeaderMap,
    stored: &HeaderMap,
    received: SystemTime,
) -> bool {
    if request.contains_key(header::IF_NONE_MATCH) {
        let etag = stored.get(header::ETAG);
        return request
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .any(|list| names(list, etag));
    }
    let Some(since) = date(request, &header::IF_MODIFIED_SINCE, received) else {
        return false;
    };
    let modified = if stored.contains_key(header::LAST_MODIFIED) {
        date(stored, &header::LAST_MODIFIED, received)
    } else {
        Some(date(stored, &header::DATE, received).unwrap_or(received))
    };
    modified.is_some_and(|modified| modified <= since)
}

/// `If-None-Match` compares weakly (RFC 9110 §13.1.2).
fn names(list: &HeaderValue, etag: Option<&HeaderValue>) -> bool {
    if list.as_bytes().trim_ascii() == b"*" {
        return true;
    }
    let Some(etag) = etag else { return false };
    let wanted = opaque(etag.as_bytes());
    split_list(list.as_bytes())
        .unwrap_or_default()
        .into_iter()
        .any(|tag| opaque(tag) == wanted)
}

fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// Whether a `Range` applies to the stored response: `If-Range` needs a strong match (RFC 9110
/// §13.1.5).
pub(super) fn range_applies(request: &HeaderMap, stored: &HeaderMap) -> bool {
    let Some(condition) = request.get(header::IF_RANGE) else {
        return true;
    };
    let same = |name| stored.get(name).is_some_and(|have| have == condition);
    if condition.as_bytes().starts_with(b"\"") {
        same(header::ETAG)
    } else {
        !condition.as_bytes().starts_with(b"W/") && same(header::LAST_MODIFIED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn tags_match_weakly_anywhere_in_the_list() {
        let stored = map(&[("etag", "\"a,b\"")]);
        for (condition, expected) in [
            ("\"a,b\"", true),
            ("W/\"a,b\"", true),
            ("\"x\", \"a,b\"", true),
            ("*", true),
            ("\"a\"", false),
            ("a,b", false),
        ] {
            let request = map(&[("if-none-match", condition)]);
            let matched = is_not_modified(&request, &stored, SystemTime::UNIX_EPOCH);
            assert_eq!(matched, expected, "{condition}");
        }
    }

    #[test]
    fn tags_take_precedence_over_dates() {
        let old = "Sun, 06 Nov 1994 08:49:37 GMT";
        let stored = map(&[("etag", "\"a\""), ("last-modified", old)]);
        let request = map(&[("if-none-match", "\"b\""), ("if-modified-since", old)]);
        assert!(!is_not_modified(&request, &stored, SystemTime::UNIX_EPOCH));
        let request = map(&[("if-modified-since", old)]);
        assert!(is_not_modified(&request, &stored, SystemTime::UNIX_EPOCH));
    }

    #[test]
    fn own_validators_replace_those_of_the_client() {
        let mut request = map(&[("if-none-match", "\"x\""), ("range", "bytes=0-1")]);
        assert!(make_conditional(&mut request, &map(&[("etag", "\"a\"")])));
        assert_eq!(request, map(&[("if-none-match", "\"a\"")]));
        assert!(!make_conditional(&mut request, &map(&[])));
        assert!(request.is_empty());
    }

    #[test]
    fn if_range_is_strong() {
        let stored = map(&[("etag", "W/\"a\""), ("last-modified", "x")]);
        assert!(!range_applies(&map(&[("if-range", "W/\"a\"")]), &stored));
        assert!(range_applies(&map(&[("if-range", "x")]), &stored));
        assert!(!range_applies(&map(&[("if-range", "\"a\"")]), &stored));
        assert!(range_applies(&map(&[]), &stored));
    }
}
