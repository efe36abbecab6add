use std::borrow::Cow;

use http::{HeaderMap, HeaderName, header};

/// The directives of all `Cache-Control` lines of a message (RFC 9111 §5.2), and of `Pragma` where
/// a request has nothing else.
///
/// Freshness that cannot be read counts as zero: §4.2.1 asks recipients to consider such a response
/// stale, and a cache that guesses serves what nobody allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cache) struct CacheControl {
    pub(in crate::cache) no_store: bool,
    pub(in crate::cache) no_cache: Scope,
    pub(in crate::cache) private: Scope,
    pub(in crate::cache) public: bool,
    pub(in crate::cache) must_revalidate: bool,
    pub(in crate::cache) must_understand: bool,
    pub(in crate::cache) only_if_cached: bool,
    pub(in crate::cache) max_age: Option<u32>,
    pub(in crate::cache) s_maxage: Option<u32>,
    pub(in crate::cache) min_fresh: Option<u32>,
    pub(in crate::cache) max_stale: Option<u32>,
    pub(in crate::cache) stale_while_revalidate: Option<u32>,
    pub(in crate::cache) stale_if_error: Option<u32>,
}

/// Whether a directive is there, and for the whole message or for some of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cache) enum Scope {
    #[default]
    Absent,
    All,
    Fields(Vec<HeaderName>),
}

impl Scope {
    pub(in crate::cache) fn fields(&self) -> &[HeaderName] {
        match self {
            Self::Fields(names) => names,
            Self::Absent | Self::All => &[],
        }
    }

    /// A name list that cannot be read covers the whole message: the safe reading.
    fn add(&mut self, argument: &Argument<'_>) {
        let names = match argument {
            Argument::Value(list) => field_names(list),
            Argument::Absent | Argument::Malformed => None,
        };
        *self = match (std::mem::take(self), names) {
            (Self::All, _) | (_, None) => Self::All,
            (Self::Absent, Some(names)) => Self::Fields(names),
            (Self::Fields(mut have), Some(names)) => {
                have.extend(names);
                Self::Fields(have)
            }
        };
    }
}

impl CacheControl {
    pub(in crate::cache) fn of_response(headers: &HeaderMap) -> Self {
        let mut parsed = Self::default();
        for value in headers.get_all(header::CACHE_CONTROL) {
            parsed.read(value.as_bytes());
        }
        parsed
    }

    pub(in crate::cache) fn of_request(headers: &HeaderMap) -> Self {
        let mut parsed = Self::of_response(headers);
        if !headers.contains_key(header::CACHE_CONTROL) {
            let pragma = headers.get_all(header::PRAGMA).iter();
            if pragma
                .flat_map(|value| value.as_bytes().split(|b| *b == b','))
                .any(|part| part.trim_ascii().eq_ignore_ascii_case(b"no-cache"))
            {
                parsed.no_cache = Scope::All;
            }
        }
        parsed
    }

    fn read(&mut self, line: &[u8]) {
        let Some(members) = split_list(line) else {
            // An unterminated string hides whatever follows it, a `no-store` perhaps.
            self.no_store = true;
            return;
        };
        for member in members {
            let (name, argument) = name_and_argument(member);
            self.apply(name, &argument);
        }
    }

    fn apply(&mut self, name: &[u8], argument: &Argument<'_>) {
        match name.to_ascii_lowercase().as_slice() {
            b"no-store" => self.no_store = true,
            b"no-cache" => self.no_cache.add(argument),
            b"private" => self.private.add(argument),
            b"public" => self.public = true,
            b"must-revalidate" | b"proxy-revalidate" => self.must_revalidate = true,
            b"must-understand" => self.must_understand = true,
            b"only-if-cached" => self.only_if_cached = true,
            b"max-age" => set(&mut self.max_age, argument.seconds()),
            b"s-maxage" => set(&mut self.s_maxage, argument.seconds()),
            b"min-fresh" => set(&mut self.min_fresh, argument.seconds()),
            b"max-stale" => match argument {
                Argument::Absent => set(&mut self.max_stale, MAX_SECONDS),
                argument => set(&mut self.max_stale, argument.seconds()),
            },
            b"stale-while-revalidate" => set(&mut self.stale_while_revalidate, argument.seconds()),
            b"stale-if-error" => set(&mut self.stale_if_error, argument.seconds()),
            _ => {}
        }
    }
}

/// Two values that disagree are no value (§4.2.1 allows "stale").
fn set(slot: &mut Option<u32>, value: u32) {
    *slot = match *slot {
        Some(have) if have != value => Some(0),
        _ => Some(value),
    };
}

enum Argument<'a> {
    Absent,
    Value(Cow<'a, [u8]>),
    Malformed,
}

impl Argument<'_> {
    fn seconds(&self) -> u32 {
        match self {
            Self::Value(digits) => delta_seconds(digits).unwrap_or(0),
            Self::Absent | Self::Malformed => 0,
        }
    }
}

/// `delta-seconds` (§1.2.2): what overflows is "forever", 2^31 seconds.
pub(super) fn delta_seconds(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0_u32, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(u32::from(digit - b'0'))
    });
    Some(value.min(MAX_SECONDS))
}

pub(super) const MAX_SECONDS: u32 = 1 << 31;

fn name_and_argument(member: &[u8]) -> (&[u8], Argument<'_>) {
    let Some(at) = member.iter().position(|b| *b == b'=') else {
        return (member, Argument::Absent);
    };
    let (name, value) = (&member[..at], &member[at + 1..]);
    let argument = if name.ends_with(b" ") || value.starts_with(b" ") {
        Argument::Malformed
    } else {
        unquote(value)
    };
    (name.trim_ascii(), argument)
}

fn unquote(value: &[u8]) -> Argument<'_> {
    let Some(inner) = value.strip_prefix(b"\"") else {
        return Argument::Value(Cow::Borrowed(value));
    };
    let Some(inner) = inner.strip_suffix(b"\"") else {
        return Argument::Malformed;
    };
    let mut text = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => text.extend(bytes.next()),
            byte => text.push(*byte),
        }
    }
    Argument::Value(Cow::Owned(text))
}

/// Members of a comma-separated list, commas in quoted strings left alone; `None` if a string does
/// not end.
pub(super) fn split_list(line: &[u8]) -> Option<Vec<&[u8]>> {
    let mut members = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, byte) in line.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                members.push(line[start..at].trim_ascii());
                start = at + 1;
            }
            _ => {}
        }
    }
    members.push(line[start..].trim_ascii());
    members.retain(|member| !member.is_empty());
    (!quoted).then_some(members)
}

fn field_names(list: &[u8]) -> Option<Vec<HeaderName>> {
    list.split(|b| *b == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty())
        .map(|name| HeaderName::from_bytes(name).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn parse(lines: &[&str]) -> CacheControl {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::CACHE_CONTROL, line.parse().unwrap());
        }
        CacheControl::of_response(&headers)
    }

    #[test]
    fn max_age_is_read_strictly() {
        for (line, expected) in [
            ("max-age=60", Some(60)),
            ("MaX-AgE=60", Some(60)),
            ("max-age=\"60\"", Some(60)),
            ("max-age=003600", Some(3600)),
            ("max-age=99999999999", Some(MAX_SECONDS)),
            ("max-age=-1", Some(0)),
            ("max-age='60'", Some(0)),
            ("max-age=60.5", Some(0)),
            ("max-age =60", Some(0)),
            ("max-age= 60", Some(0)),
            ("max-age", Some(0)),
            ("x=\"max-age=60\"", None),
            ("x=\"a\\\", max-age=60\"", None),
            ("max-age=60, max-age=60", Some(60)),
            ("max-age=60, max-age=0", Some(0)),
            ("", None),
        ] {
            assert_eq!(parse(&[line]).max_age, expected, "{line}");
        }
        assert_eq!(parse(&["max-age=1", "max-age=2"]).max_age, Some(0));
    }

    #[test]
    fn an_unterminated_string_forbids_storing() {
        assert!(parse(&["max-age=60, x=\"a, no-store"]).no_store);
        assert!(!parse(&["max-age=60, x=\"no-store\""]).no_store);
    }

    #[test]
    fn scopes_name_fields_or_everything() {
        let names = vec![HeaderName::from_static("a"), HeaderName::from_static("b")];
        assert_eq!(parse(&["private=\"A, b\""]).private, Scope::Fields(names));
        assert_eq!(parse(&["private=\"A\", private"]).private, Scope::All);
        assert_eq!(parse(&["no-cache=\"not a name\""]).no_cache, Scope::All);
        assert_eq!(parse(&["public"]).private, Scope::Absent);
    }

    #[test]
    fn pragma_counts_only_alone_and_in_requests() {
        let mut headers = HeaderMap::new();
        headers.insert(header::PRAGMA, "x, No-Cache".parse().unwrap());
        assert_eq!(CacheControl::of_request(&headers).no_cache, Scope::All);
        assert_eq!(CacheControl::of_response(&headers).no_cache, Scope::Absent);
        headers.insert(header::CACHE_CONTROL, "max-age=1".parse().unwrap());
        assert_eq!(CacheControl::of_request(&headers).no_cache, Scope::Absent);
    }

    proptest! {
        #[test]
        fn any_bytes_parse(line in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&line) {
                headers.insert(header::CACHE_CONTROL, value);
                _ = CacheControl::of_request(&headers);
            }
        }

        /// Whatever surrounds it, an unquoted `no-store` member is never missed.
        #[test]
        fn no_store_is_never_missed(before in "[a-z=\", ]{0,24}", after in "[a-z=\", ]{0,24}") {
            let line = format!("{before}\"\", no-store, {after}");
            let quotes = before.bytes().filter(|b| *b == b'"').count();
            if quotes % 2 == 0 {
                prop_assert!(parse(&[&line]).no_store);
            }
        }
    }
}
