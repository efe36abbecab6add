use http::{HeaderMap, HeaderName, HeaderValue, Uri, header, uri::PathAndQuery};

/// Where a token may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSource {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Header(HeaderName, Option<Box<str>>),
    Cookie(Box<str>),
    Query(Box<str>),
}

impl TokenSource {
    /// `Authorization: Bearer`, as everybody does (RFC 6750 §2.1).
    #[must_use]
    pub fn bearer() -> Self {
        Self::scheme(header::AUTHORIZATION, "Bearer")
    }

    /// What follows `scheme` in `header`; other schemes are none of our business.
    #[must_use]
    pub fn scheme(header: HeaderName, scheme: &str) -> Self {
        Self {
            kind: Kind::Header(header, Some(scheme.into())),
        }
    }

    /// The whole value of `header`.
    #[must_use]
    pub const fn header(header: HeaderName) -> Self {
        Self {
            kind: Kind::Header(header, None),
        }
    }

    /// A cookie. Browsers send it along whoever made the page that asks: protect what changes
    /// state against cross-site requests.
    #[must_use]
    pub fn cookie(name: &str) -> Self {
        Self {
            kind: Kind::Cookie(name.into()),
        }
    }

    /// A query parameter. URLs end up in logs and histories; RFC 6750 §2.3 advises against it.
    #[must_use]
    pub fn query(name: &str) -> Self {
        Self {
            kind: Kind::Query(name.into()),
        }
    }

    fn visit<'a>(&self, headers: &'a HeaderMap, uri: &'a Uri, found: &mut impl FnMut(&'a str)) {
        match &self.kind {
            Kind::Header(name, scheme) => {
                let values = headers.get_all(name).iter();
                let tokens = values.filter_map(|value| token(value, scheme.as_deref()));
                tokens.for_each(found);
            }
            Kind::Cookie(name) => {
                let lines = headers.get_all(header::COOKIE).iter();
                // A line that is not text may hide a second token from us and not from upstream.
                for line in lines.map(|line| line.to_str().unwrap_or(NOT_TEXT)) {
                    let pairs = line.split(';').map(str::trim);
                    pairs
                        .filter_map(|pair| pair_of(pair, name))
                        .for_each(&mut *found);
                }
            }
            Kind::Query(name) => {
                let pairs = uri.query().unwrap_or_default().split('&');
                pairs.filter_map(|pair| pair_of(pair, name)).for_each(found);
            }
        }
    }

    fn strip(&self, headers: &mut HeaderMap, uri: &mut Uri) {
        match &self.kind {
            Kind::Header(name, scheme) => {
                let is_other = |value: &&HeaderValue| token(value, scheme.as_deref()).is_none();
                let others: Vec<_> = headers
                    .get_all(name)
                    .iter()
                    .filter(is_other)
                    .cloned()
                    .collect();
                replace(headers, name, others);
            }
            Kind::Cookie(name) => {
                let lines = headers.get_all(header::COOKIE).iter();
                let others = lines
                    .filter_map(|line| without_cookie(line, name))
                    .collect();
                replace(headers, &header::COOKIE, others);
            }
            Kind::Query(name) => strip_query(uri, name),
        }
    }
}

/// The tokens of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    None,
    One(&'a str),
    Several,
}

/// A client must not send its token in more than one way (RFC 6750 §2), nor more than one: whoever
/// reads the other would serve another caller.
pub(super) fn find<'a>(sources: &[TokenSource], headers: &'a HeaderMap, uri: &'a Uri) -> Found<'a> {
    let mut found = Found::None;
    for source in sources {
        source.visit(headers, uri, &mut |token| {
            found = match found {
                Found::None => Found::One(token),
                Found::One(_) | Found::Several => Found::Several,
            };
        });
    }
    found
}

pub(super) fn strip(sources: &[TokenSource], headers: &mut HeaderMap, uri: &mut Uri) {
    for source in sources {
        source.strip(headers, uri);
    }
}

/// What is no text is no token either, but it is there: it must not pass for absent.
fn token<'a>(value: &'a HeaderValue, scheme: Option<&str>) -> Option<&'a str> {
    let Some(scheme) = scheme else {
        return Some(value.to_str().unwrap_or(NOT_TEXT).trim());
    };
    let (head, rest) = value.as_bytes().split_at_checked(scheme.len())?;
    let ends = rest.first().is_none_or(|byte| matches!(byte, b' ' | b'\t'));
    if !head.eq_ignore_ascii_case(scheme.as_bytes()) || !ends {
        return None;
    }
    Some(std::str::from_utf8(rest).unwrap_or(NOT_TEXT).trim())
}

fn pair_of<'a>(pair: &'a str, name: &str) -> Option<&'a str> {
    pair.strip_prefix(name)?.strip_prefix('=')
}

fn without_cookie(line: &HeaderValue, name: &str) -> Option<HeaderValue> {
    let Ok(text) = line.to_str() else {
        return Some(line.clone());
    };
    let pairs = text.split(';').map(str::trim);
    let others: Vec<_> = pairs.filter(|pair| pair_of(pair, name).is_none()).collect();
    let others = others.join("; ");
    if others.is_empty() {
        return None;
    }
    HeaderValue::try_from(others).ok()
}

fn replace(headers: &mut HeaderMap, name: &HeaderName, values: Vec<HeaderValue>) {
    headers.remove(name);
    for value in values {
        headers.append(name.clone(), value);
    }
}

fn strip_query(uri: &mut Uri, name: &str) {
    let Some(query) = uri.query().filter(|query| query.contains(name)) else {
        return;
    };
    let pairs = query.split('&');
    let others: Vec<_> = pairs.filter(|pair| pair_of(pair, name).is_none()).collect();
    let mut target = uri.path().to_owned();
    if !others.is_empty() {
        target = format!("{target}?{}", others.join("&"));
    }
    let mut parts = std::mem::take(uri).into_parts();
    parts.path_and_query = PathAndQuery::try_from(target).ok();
    *uri = Uri::from_parts(parts).unwrap_or_default();
}

/// Not base64url, so refused as malformed.
const NOT_TEXT: &str = "?";

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> [TokenSource; 3] {
        [
            TokenSource::bearer(),
            TokenSource::cookie("jwt"),
            TokenSource::query("token"),
        ]
    }

    fn request(lines: &[(&'static str, &str)], uri: &str) -> (HeaderMap, Uri) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        (headers, uri.parse().unwrap())
    }

    #[test]
    fn tokens_are_found_once() {
        for (lines, uri, expected) in [
            (&[][..], "/", Found::None),
            (&[("authorization", "Bearer t")], "/", Found::One("t")),
            (&[("authorization", "bearer  t ")], "/", Found::One("t")),
            (&[("authorization", "Bearer")], "/", Found::One("")),
            (&[("authorization", "Bearer é")], "/", Found::One("é")),
            (&[("authorization", "Bearert")], "/", Found::None),
            (&[("authorization", "Basic t")], "/", Found::None),
            (&[("cookie", "a=b; jwt=t")], "/", Found::One("t")),
            (&[("cookie", "xjwt=t; jwt2=u")], "/", Found::None),
            (&[], "/?a=b&token=t", Found::One("t")),
            (
                &[("authorization", "Bearer t"), ("authorization", "Bearer t")],
                "/",
                Found::Several,
            ),
            (
                &[("authorization", "Bearer t"), ("cookie", "jwt=t")],
                "/",
                Found::Several,
            ),
            (&[("cookie", "jwt=t; jwt=u")], "/", Found::Several),
            (&[("cookie", "jwt=t")], "/?token=t", Found::Several),
        ] {
            let (headers, uri) = request(lines, uri);
            assert_eq!(
                find(&sources(), &headers, &uri),
                expected,
                "{lines:?} {uri}"
            );
        }
    }

    #[test]
    fn stripping_takes_the_token_alone() {
        let lines = [
            ("authorization", "Basic x"),
            ("authorization", "Bearer t"),
            ("cookie", "jwt=t; a=b"),
            ("cookie", "jwt=t"),
        ];
        let (mut headers, mut uri) = request(&lines, "http://h/p?token=t&a=b");
        strip(&sources(), &mut headers, &mut uri);
        assert_eq!(headers.len(), 2);
        assert_eq!(
            (&headers["authorization"], &headers["cookie"]),
            (
                &HeaderValue::from_static("Basic x"),
                &HeaderValue::from_static("a=b")
            )
        );
        assert_eq!(uri, "http://h/p?a=b");
        let (mut headers, mut uri) = request(&[], "/p?token=t");
        strip(&sources(), &mut headers, &mut uri);
        assert_eq!(uri, "/p");
    }
}
