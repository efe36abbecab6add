//! Fields that end at the next hop (RFC 9110 §7.6.1).

use http::{HeaderMap, HeaderName, HeaderValue, header};
use smallvec::SmallVec;

/// Removes what the fixed list and `Connection` name; what `keep` says stays although it is named.
///
/// A field named by `Connection` is one the sender means for the next hop only. It cannot be one
/// that a layer of the gateway has set since, which is what `keep` is for.
pub(crate) fn strip(headers: &mut HeaderMap, keep: impl Fn(&HeaderName) -> bool) {
    // Most messages have none: then there is no list to make and to walk.
    if !headers.keys().any(|name| is_hop_by_hop(name.as_str())) {
        return;
    }
    let mut doomed = Doomed::new();
    for name in headers.keys() {
        if is_hop_by_hop(name.as_str()) {
            doomed.push(name.clone());
        }
    }
    if doomed.contains(&header::CONNECTION) {
        named(headers, &mut doomed, keep);
    }
    for name in doomed {
        headers.remove(name);
    }
}

/// Removes what `Connection` names, and leaves of that field what is on the fixed list: for the edge,
/// where the proxy has still to see `Upgrade` and `TE`. What a layer behind it sets is not named.
pub(super) fn strip_named(headers: &mut HeaderMap) {
    // Most requests have no such field: to compare the few names costs less than a look-up.
    if !headers.keys().any(|name| *name == header::CONNECTION) {
        return;
    }
    let mut doomed = Doomed::new();
    named(headers, &mut doomed, |_| false);
    let lines = headers.get_all(header::CONNECTION).iter();
    let known: Vec<&str> = lines.flat_map(tokens).filter(|it| is_known(it)).collect();
    if known.len()
        == headers
            .get_all(header::CONNECTION)
            .iter()
            .flat_map(tokens)
            .count()
    {
        return;
    }
    match HeaderValue::try_from(known.join(", ")) {
        Ok(known) if !known.is_empty() => _ = headers.insert(header::CONNECTION, known),
        _ => _ = headers.remove(header::CONNECTION),
    }
    for name in doomed {
        headers.remove(name);
    }
}

/// Whether a token of `Connection` names nothing beside the fixed list.
fn is_known(token: &str) -> bool {
    is_usual(token)
        || HeaderName::from_bytes(token.as_bytes())
            .is_ok_and(|name| name == "close" || is_hop_by_hop(name.as_str()))
}

/// The usual tokens are known as they are written.
fn is_usual(token: &str) -> bool {
    matches!(token, "close" | "keep-alive" | "upgrade" | "Upgrade")
}

/// RFC 9113 §8.2.3: HTTP/2 may cut cookies into crumbs, which are one field to everybody else.
pub(super) fn join_cookies(headers: &mut HeaderMap) {
    let mut crumbs = headers.get_all(header::COOKIE).iter();
    let (Some(_), Some(_)) = (crumbs.next(), crumbs.next()) else {
        return;
    };
    let crumbs: Vec<_> = headers.get_all(header::COOKIE).iter().collect();
    let joined = crumbs.iter().map(|crumb| crumb.as_bytes());
    let joined = joined.collect::<Vec<_>>().join(&b"; "[..]);
    if let Ok(joined) = HeaderValue::from_bytes(&joined) {
        headers.insert(header::COOKIE, joined);
    }
}

fn named(headers: &HeaderMap, doomed: &mut Doomed, keep: impl Fn(&HeaderName) -> bool) {
    for value in headers.get_all(header::CONNECTION) {
        for token in tokens(value) {
            if is_usual(token) {
                continue;
            }
            if let Ok(name) = HeaderName::from_bytes(token.as_bytes())
                && !is_hop_by_hop(name.as_str())
                && !is_end_to_end(&name)
                && !keep(&name)
            {
                doomed.push(name);
            }
        }
    }
}

type Doomed = SmallVec<[HeaderName; 4]>;

/// The comma-separated tokens of a field value.
pub(super) fn tokens(value: &HeaderValue) -> impl Iterator<Item = &str> {
    let text = value.to_str().unwrap_or_default();
    text.split(',')
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

/// Whether the field `name` has `token`, in any line and any case.
pub(crate) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .flat_map(tokens)
        .any(|have| have.eq_ignore_ascii_case(token))
}

/// The fixed list. `Trailer` is not on it: it announces fields of the message, which are forwarded.
pub(super) fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "transfer-encoding"
            | "upgrade"
            | "http2-settings"
    )
}

/// Fields no sender can mean for one hop only: naming one in `Connection` is an attack on whoever
/// relies on it behind the gateway.
fn is_end_to_end(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("x-forwarded-")
        || name.starts_with("content-")
        || matches!(
            name,
            "authorization"
                | "cache-control"
                | "cookie"
                | "forwarded"
                | "host"
                | "traceparent"
                | "tracestate"
                | "trailer"
                | "via"
                | "x-real-ip"
                | "x-request-id"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        headers
    }

    #[test]
    fn strips_the_list_and_what_is_named() {
        let mut headers = map(&[
            ("connection", "close, X-Hop ,, keep-alive"),
            ("connection", "x-Other"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("proxy-authorization", "Basic x"),
            ("te", "trailers, deflate"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("http2-settings", "AA"),
            ("x-hop", "1"),
            ("x-hop", "2"),
            ("x-other", "1"),
            ("trailer", "x-sum"),
            ("accept", "*/*"),
        ]);
        strip(&mut headers, |_| false);
        assert_eq!(headers, map(&[("trailer", "x-sum"), ("accept", "*/*")]));
    }

    #[test]
    fn naming_a_field_does_not_make_it_hop_by_hop() {
        let mut headers = map(&[
            (
                "connection",
                "authorization, x-forwarded-for, host, x-user, content-length",
            ),
            ("authorization", "Bearer x"),
            ("x-forwarded-for", "192.0.2.1"),
            ("host", "h"),
            ("x-user", "alice"),
            ("content-length", "3"),
        ]);
        strip(&mut headers, |name| name == "x-user");
        assert_eq!(headers.len(), 5);
        assert!(!headers.contains_key("connection"));
    }

    #[test]
    fn the_edge_leaves_the_fixed_list_to_the_proxy() {
        let mut headers = map(&[
            ("connection", "upgrade, x-user, te"),
            ("upgrade", "websocket"),
            ("te", "trailers"),
            ("x-user", "forged"),
        ]);
        strip_named(&mut headers);
        assert_eq!(headers.len(), 3);
        assert_eq!(headers["connection"], "upgrade, te");
        // What a layer sets now is not what the client has named.
        headers.insert("x-user", HeaderValue::from_static("alice"));
        strip(&mut headers, |_| false);
        assert_eq!(headers, map(&[("x-user", "alice")]));
    }

    #[test]
    fn crumbs_are_one_cookie() {
        let mut headers = map(&[("cookie", "a=1"), ("x", "y"), ("cookie", "b=2; c=3")]);
        join_cookies(&mut headers);
        assert_eq!(headers, map(&[("cookie", "a=1; b=2; c=3"), ("x", "y")]));
        let before = headers.clone();
        join_cookies(&mut headers);
        assert_eq!(headers, before);
    }

    #[test]
    fn without_a_connection_field_nothing_is_touched() {
        let mut headers = map(&[("accept", "*/*"), ("x-hop", "1")]);
        let before = headers.clone();
        strip(&mut headers, |_| false);
        assert_eq!(headers, before);
    }
}
