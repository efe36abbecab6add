use http::{HeaderMap, HeaderName, header};

/// Where keys are looked for.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    headers: Vec<HeaderName>,
}

/// What a request's headers hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Presented<'a> {
    Nothing,
    Key(&'a [u8]),
    /// Two different keys: whose rights should count?
    Several,
}

impl Default for Sources {
    /// The headers of OpenAI's, Anthropic's, Google's and Azure's clients.
    fn default() -> Self {
        Self {
            headers: vec![
                header::AUTHORIZATION,
                HeaderName::from_static("x-api-key"),
                HeaderName::from_static("x-goog-api-key"),
                HeaderName::from_static("api-key"),
            ],
        }
    }
}

impl Sources {
    pub(super) const fn of(headers: Vec<HeaderName>) -> Self {
        Self { headers }
    }

    pub(super) fn find<'a>(&self, headers: &'a HeaderMap) -> Presented<'a> {
        let mut found = Presented::Nothing;
        for name in &self.headers {
            for value in headers.get_all(name) {
                let Some(key) = key(name, value.as_bytes()) else {
                    continue;
                };
                found = match found {
                    Presented::Nothing => Presented::Key(key),
                    Presented::Key(first) if first == key => Presented::Key(first),
                    _ => return Presented::Several,
                };
            }
        }
        found
    }

    /// Removes what `find` looks at, except credentials of another scheme.
    pub(super) fn strip(&self, headers: &mut HeaderMap) {
        for name in &self.headers {
            let other = *name == header::AUTHORIZATION
                && headers
                    .get(name)
                    .is_some_and(|value| bearer(value.as_bytes()).is_none());
            if !other {
                headers.remove(name);
            }
        }
    }
}

fn key<'a>(name: &HeaderName, value: &'a [u8]) -> Option<&'a [u8]> {
    let key = if *name == header::AUTHORIZATION {
        bearer(value)?
    } else {
        value
    };
    let key = key.trim_ascii();
    (!key.is_empty()).then_some(key)
}

/// RFC 6750 §2.1; the scheme is case-insensitive (RFC 9110 §11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                http::HeaderValue::from_static(value),
            )
        });
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn keys_stand_in_many_places() {
        let sources = Sources::default();
        for pair in [
            ("authorization", "Bearer k"),
            ("authorization", "bearer   k "),
            ("x-api-key", "k"),
            ("x-goog-api-key", "k"),
            ("api-key", "k"),
        ] {
            assert_eq!(
                sources.find(&headers(&[pair])),
                Presented::Key(b"k"),
                "{pair:?}"
            );
        }
        for pair in [
            ("authorization", "Basic eDp5"),
            ("authorization", "Bearer "),
            ("x-api-key", " "),
        ] {
            assert_eq!(
                sources.find(&headers(&[pair])),
                Presented::Nothing,
                "{pair:?}"
            );
        }
    }

    #[test]
    fn two_different_keys_are_one_too_many() {
        let sources = Sources::default();
        let same = headers(&[("authorization", "Bearer k"), ("x-api-key", "k")]);
        assert_eq!(sources.find(&same), Presented::Key(b"k"));
        let other = headers(&[("authorization", "Bearer k"), ("x-api-key", "l")]);
        assert_eq!(sources.find(&other), Presented::Several);
        let twice = headers(&[("x-api-key", "k"), ("x-api-key", "l")]);
        assert_eq!(sources.find(&twice), Presented::Several);
    }

    #[test]
    fn other_schemes_are_left_alone() {
        let sources = Sources::default();
        let mut basic = headers(&[("authorization", "Basic eDp5"), ("x-api-key", "k")]);
        sources.strip(&mut basic);
        assert!(basic.contains_key("authorization") && !basic.contains_key("x-api-key"));
    }
}
