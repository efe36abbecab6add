use http::{HeaderMap, HeaderName, HeaderValue, header};
use smallvec::SmallVec;

/// A header that may carry a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySource {
    header: HeaderName,
    scheme: Option<Box<str>>,
}

impl KeySource {
    /// The whole value of `header` is the key.
    #[must_use]
    pub const fn header(header: HeaderName) -> Self {
        Self {
            header,
            scheme: None,
        }
    }

    /// What follows `scheme` in `header` is the key; other schemes are none of our business.
    #[must_use]
    pub fn scheme(header: HeaderName, scheme: &str) -> Self {
        Self {
            header,
            scheme: Some(scheme.into()),
        }
    }

    /// Where the APIs of today carry their keys: `Authorization: Bearer`, `x-api-key`,
    /// `x-goog-api-key` and `api-key`.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        let names = ["x-api-key", "x-goog-api-key", "api-key"];
        let headers = names.map(|name| Self::header(HeaderName::from_static(name)));
        std::iter::once(Self::scheme(header::AUTHORIZATION, "Bearer"))
            .chain(headers)
            .collect()
    }

    pub(super) fn challenge(&self) -> (&str, &HeaderName) {
        (self.scheme.as_deref().unwrap_or("ApiKey"), &self.header)
    }

    fn key<'a>(&self, value: &'a HeaderValue) -> Option<&'a [u8]> {
        let value = value.as_bytes();
        let Some(scheme) = &self.scheme else {
            return Some(value.trim_ascii());
        };
        let (head, rest) = value.split_at_checked(scheme.len())?;
        if !head.eq_ignore_ascii_case(scheme.as_bytes()) {
            return None;
        }
        // `Bearer` alone is an empty key, not an absent one; `Bearerx` is another scheme.
        match rest.first() {
            None | Some(b' ' | b'\t') => Some(rest.trim_ascii()),
            Some(_) => None,
        }
    }
}

/// The keys of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    None,
    /// One key, in however many places.
    One(&'a [u8]),
    /// Different keys: whoever took the other one would serve another caller.
    Several,
}

pub(super) fn find<'a>(sources: &[KeySource], headers: &'a HeaderMap) -> Found<'a> {
    let mut found = Found::None;
    // The few names of a request are compared: a look-up hashes each source's.
    for (name, value) in headers {
        for source in sources.iter().filter(|source| source.header == name) {
            let Some(key) = source.key(value) else {
                continue;
            };
            found = match found {
                Found::None => Found::One(key),
                Found::One(first) if first == key => found,
                Found::One(_) | Found::Several => return Found::Several,
            };
        }
    }
    found
}

/// Removes the keys, and leaves credentials of other schemes alone.
pub(super) fn strip(sources: &[KeySource], headers: &mut HeaderMap) {
    for source in sources {
        if !headers.keys().any(|name| source.header == name) {
            continue;
        }
        let mut others: SmallVec<[HeaderValue; 1]> = SmallVec::new();
        let mut keys = false;
        for value in headers.get_all(&source.header) {
            match source.key(value) {
                Some(_) => keys = true,
                None => others.push(value.clone()),
            }
        }
        if !keys {
            continue;
        }
        headers.remove(&source.header);
        for value in others {
            headers.append(source.header.clone(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn keys_are_found_where_they_usually_are() {
        let sources = KeySource::usual();
        for (lines, expected) in [
            (&[][..], Found::None),
            (&[("authorization", "Bearer k")], Found::One(b"k")),
            (&[("authorization", "bEARER   k ")], Found::One(b"k")),
            (&[("authorization", "Bearer")], Found::One(b"")),
            (&[("authorization", "Bearerk")], Found::None),
            (&[("authorization", "Basic k")], Found::None),
            (&[("authorization", "")], Found::None),
            (&[("x-api-key", "k")], Found::One(b"k")),
            (&[("x-goog-api-key", "k")], Found::One(b"k")),
            (&[("api-key", "k")], Found::One(b"k")),
            (
                &[("x-api-key", "k"), ("authorization", "Bearer k")],
                Found::One(b"k"),
            ),
            (
                &[("x-api-key", "k"), ("authorization", "Bearer l")],
                Found::Several,
            ),
            (&[("x-api-key", "k"), ("x-api-key", "l")], Found::Several),
            (&[("x-api-key", "k"), ("api-key", "")], Found::Several),
        ] {
            assert_eq!(find(&sources, &headers(lines)), expected, "{lines:?}");
        }
    }

    #[test]
    fn keys_are_stripped_and_other_schemes_kept() {
        let mut headers = headers(&[
            ("authorization", "Basic x"),
            ("authorization", "Bearer k"),
            ("x-api-key", "k"),
            ("x-other", "y"),
        ]);
        strip(&KeySource::usual(), &mut headers);
        assert_eq!(headers.len(), 2);
        assert_eq!(headers["authorization"], "Basic x");
    }
}
