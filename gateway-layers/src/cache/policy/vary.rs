use http::{HeaderMap, HeaderName, header};
use smallvec::SmallVec;

use super::cache_control::split_list;

/// The request fields a response was selected by, with the values they had (RFC 9111 §4.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cache) struct Selecting {
    fields: SmallVec<[(HeaderName, Option<Box<[u8]>>); 2]>,
}

impl Selecting {
    /// What the response's `Vary` names, with the request's values; `None` for `*` and for a name
    /// that is none, which no later request can match.
    pub(in crate::cache) fn of(response: &HeaderMap, request: &HeaderMap) -> Option<Self> {
        let mut fields: SmallVec<[_; 2]> = SmallVec::new();
        for value in response.get_all(header::VARY) {
            for name in value.as_bytes().split(|b| *b == b',') {
                let name = name.trim_ascii();
                if name.is_empty() {
                    continue;
                }
                if name == b"*" {
                    return None;
                }
                let name = HeaderName::from_bytes(name).ok()?;
                let value = normalized(request, &name);
                fields.push((name, value));
            }
        }
        fields.sort_unstable_by(|a, b| a.0.as_str().cmp(b.0.as_str()));
        fields.dedup();
        Some(Self { fields })
    }

    pub(in crate::cache) fn matches(&self, request: &HeaderMap) -> bool {
        self.fields
            .iter()
            .all(|(name, value)| *value == normalized(request, name))
    }

    pub(in crate::cache) fn weight(&self) -> usize {
        self.fields
            .iter()
            .map(|(name, value)| name.as_str().len() + value.as_ref().map_or(0, |v| v.len()) + 32)
            .sum()
    }
}

/// Lines joined and white space around commas removed: what §4.1 lets a cache ignore for any field.
/// Language and encoding ranges are also case-insensitive and, since preference is what `q` says,
/// unordered.
fn normalized(request: &HeaderMap, name: &HeaderName) -> Option<Box<[u8]>> {
    let mut members: Vec<Vec<u8>> = Vec::new();
    let mut present = false;
    for value in request.get_all(name) {
        present = true;
        match split_list(value.as_bytes()) {
            Some(list) => members.extend(list.into_iter().map(<[u8]>::to_vec)),
            None => members.push(value.as_bytes().to_vec()),
        }
    }
    if name == header::ACCEPT_LANGUAGE || name == header::ACCEPT_ENCODING {
        for member in &mut members {
            member.make_ascii_lowercase();
            member.retain(|b| !b.is_ascii_whitespace());
        }
        members.sort_unstable();
    }
    present.then(|| members.join(&b","[..]).into_boxed_slice())
}

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
    fn star_in_any_form_selects_nothing() {
        for vary in ["*", "*, *", ", *", "foo, *", "*, foo"] {
            assert!(Selecting::of(&map(&[("vary", vary)]), &map(&[])).is_none());
        }
        let lines = map(&[("vary", "foo"), ("vary", "*")]);
        assert!(Selecting::of(&lines, &map(&[])).is_none());
    }

    #[test]
    fn absent_differs_from_empty_and_spacing_is_ignored() {
        let vary = map(&[("vary", "x-a")]);
        let absent = Selecting::of(&vary, &map(&[])).unwrap();
        assert!(absent.matches(&map(&[("x-b", "1")])));
        assert!(!absent.matches(&map(&[("x-a", "")])));
        let two = Selecting::of(&vary, &map(&[("x-a", "1, 2")])).unwrap();
        assert!(two.matches(&map(&[("x-a", "1 ,2")])));
        assert!(two.matches(&map(&[("x-a", "1"), ("x-a", "2")])));
        assert!(!two.matches(&map(&[("x-a", "2, 1")])));
        assert!(!two.matches(&map(&[("x-a", "12")])));
    }

    #[test]
    fn languages_are_a_set_of_ranges() {
        let vary = map(&[("vary", "Accept-Language")]);
        let stored = Selecting::of(&vary, &map(&[("accept-language", "en, de;q=0.5")])).unwrap();
        assert!(stored.matches(&map(&[("accept-language", "DE; q=0.5,EN")])));
        assert!(!stored.matches(&map(&[("accept-language", "de, en;q=0.5")])));
    }
}
