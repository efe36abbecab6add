//! One reading of a path, decided before anything is matched against it.
//!
//! | in the target | becomes |
//! |---|---|
//! | `%41`, `%7e`, `%2e` – an encoded unreserved character | the character (RFC 3986 §6.2.2.2) |
//! | `%c3%a9` | `%C3%A9`: triplets in upper case (§6.2.2.1) |
//! | `/a/./b`, `/a/x/../b` | `/a/b` (§5.2.4) |
//! | `/a//b` | `/a/b` |
//! | `/..`, a `..` beyond the root | refused |
//! | `/a//../b`, a `..` behind an empty segment | refused: `/a/b` or `/b`, depending on who merges first |
//! | `\`, `%5c`, NUL and other control characters, encoded or not | refused |
//! | `%zz`, `%4`, a byte outside ASCII | refused |
//! | `..;x`, `.;x`, `;x` | refused: some servers cut a segment at its `;` |
//! | `%2f` | kept, and reported: a route must say that it takes it |
//! | `a;x=1` | kept, and reported: a route must say that it takes it |
//!
//! Decoding happens once: `%252e` is the text `%2e` inside a segment and stays `%252e`.

use std::borrow::Cow;

/// A path in the one form that is matched and sent on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanPath<'a> {
    path: Cow<'a, str>,
    encoded_slash: bool,
    semicolon: bool,
}

impl<'a> CleanPath<'a> {
    /// The path; borrowed if it was clean already.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.path
    }

    /// Whether it differs from what was sent.
    #[must_use]
    pub const fn is_changed(&self) -> bool {
        matches!(self.path, Cow::Owned(_))
    }

    /// Whether a segment holds `%2F`, which some servers take for a separator.
    #[must_use]
    pub const fn has_encoded_slash(&self) -> bool {
        self.encoded_slash
    }

    /// Whether a segment holds `;`, at which some servers cut it.
    #[must_use]
    pub const fn has_semicolon(&self) -> bool {
        self.semicolon
    }

    /// The path itself.
    #[must_use]
    pub fn into_inner(self) -> Cow<'a, str> {
        self.path
    }
}

/// Why a path was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// The path does not start with `/`.
    #[error("the path does not start with a slash")]
    NotAbsolute,
    /// A `%` without two hexadecimal digits.
    #[error("the path has an incomplete percent encoding")]
    BadEncoding,
    /// A control character, a backslash or a byte outside ASCII.
    #[error("the path has a character that is not allowed")]
    Character,
    /// Dot segments that lead outside the root, or that servers resolve differently.
    #[error("the path has dot segments that are ambiguous")]
    DotSegments,
}

/// Reads `path`, which is the path of a request target without its query.
///
/// # Errors
///
/// [`PathError`] if servers are known to disagree about what the path names.
pub fn clean(path: &str) -> Result<CleanPath<'_>, PathError> {
    let bytes = path.as_bytes();
    if bytes.first() != Some(&b'/') {
        return Err(PathError::NotAbsolute);
    }
    if is_plain(bytes) {
        return Ok(CleanPath {
            path: Cow::Borrowed(path),
            encoded_slash: false,
            semicolon: false,
        });
    }
    let decoded = decode(bytes)?;
    let merged = resolve(&decoded)?;
    let encoded_slash = merged.contains("%2F");
    let semicolon = merged.contains(';');
    let path = if merged == path {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(merged)
    };
    Ok(CleanPath {
        path,
        encoded_slash,
        semicolon,
    })
}

/// Whether nothing in the path needs a second look; true for almost every request.
fn is_plain(bytes: &[u8]) -> bool {
    let mut previous = 0;
    bytes.iter().all(|&byte| {
        let plain = match byte {
            b'/' | b'.' => previous != b'/',
            b'%' | b';' | b'\\' | 0..=0x20 | 0x7f.. => false,
            _ => true,
        };
        previous = byte;
        plain
    })
}

/// Decodes unreserved characters, puts the other triplets in upper case, refuses the rest.
fn decode(bytes: &[u8]) -> Result<String, PathError> {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match *byte {
            b'%' => {
                let [high, low, tail @ ..] = rest else {
                    return Err(PathError::BadEncoding);
                };
                rest = tail;
                match triplet(*high, *low)? {
                    0..=0x1f | 0x7f | b'\\' => return Err(PathError::Character),
                    value if is_unreserved(value) => out.push(char::from(value)),
                    _ => {
                        out.push('%');
                        out.push(char::from(high.to_ascii_uppercase()));
                        out.push(char::from(low.to_ascii_uppercase()));
                    }
                }
            }
            b'\\' | 0..=0x20 | 0x7f.. => return Err(PathError::Character),
            byte => out.push(char::from(byte)),
        }
    }
    Ok(out)
}

fn triplet(high: u8, low: u8) -> Result<u8, PathError> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
            .ok_or(PathError::BadEncoding)
    };
    Ok(digit(high)? << 4 | digit(low)?)
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Removes dot segments and empty segments; a last empty segment (the trailing slash) stays.
fn resolve(path: &str) -> Result<String, PathError> {
    let mut kept: Vec<&str> = Vec::new();
    let mut merged = false;
    let mut trailing = false;
    let mut segments = path[1..].split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        let name = segment.split(';').next().unwrap_or_default();
        if name.len() < segment.len() && matches!(name, "" | "." | "..") {
            return Err(PathError::DotSegments);
        }
        match segment {
            "" => {
                trailing = last;
                merged |= !last;
            }
            "." => trailing = last,
            ".." => {
                if merged || kept.pop().is_none() {
                    return Err(PathError::DotSegments);
                }
                trailing = last;
            }
            segment => kept.push(segment),
        }
    }
    let mut out = String::with_capacity(path.len());
    for segment in &kept {
        out.push('/');
        out.push_str(segment);
    }
    if trailing || kept.is_empty() {
        out.push('/');
    }
    Ok(out)
}

/// Decodes all triplets of one segment, for a parameter's value.
pub(super) fn decode_segment(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let mut out = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match (byte, rest) {
            (b'%', [high, low, tail @ ..]) if triplet(*high, *low).is_ok() => {
                out.extend(triplet(*high, *low));
                rest = tail;
            }
            (byte, _) => out.push(*byte),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleaned(path: &str) -> Result<String, PathError> {
        clean(path).map(|clean| clean.into_inner().into_owned())
    }

    #[test]
    fn table() {
        for (path, expected) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/b/", "/a/b/"),
            ("/%61", "/a"),
            ("/a%2Db%7E", "/a-b~"),
            ("/%c3%a9", "/%C3%A9"),
            ("/a/./b", "/a/b"),
            ("/a/x/../b", "/a/b"),
            ("/a/x/%2e%2E/b", "/a/b"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("/a/.", "/a/"),
            ("/a//b", "/a/b"),
            ("//a", "/a"),
            ("/a//", "/a/"),
            ("/%252e%252e/a", "/%252e%252e/a"),
            ("/a%2fb", "/a%2Fb"),
            ("/a;x=1", "/a;x=1"),
            ("/a/.hidden", "/a/.hidden"),
            ("/a/..b", "/a/..b"),
            ("/%3b", "/%3B"),
        ] {
            assert_eq!(cleaned(path).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn refused() {
        for path in [
            "",
            "a",
            "*",
            "/..",
            "/../a",
            "/a/../../b",
            "/%2e%2e/a",
            "/a//../b",
            "/a\\b",
            "/a%5cb",
            "/a%00",
            "/a%0d%0a",
            "/a%7f",
            "/%",
            "/%4",
            "/%zz",
            "/..;/a",
            "/.;x/a",
            "/;x/a",
            "/a/%2e%2e;x/b",
            "/é",
            "/a b",
        ] {
            assert!(cleaned(path).is_err(), "{path}");
        }
    }

    #[test]
    fn ambiguous_bytes_are_reported() {
        assert!(clean("/a%2fb").unwrap().has_encoded_slash());
        assert!(clean("/a;b").unwrap().has_semicolon());
        assert!(!clean("/a%3bb").unwrap().has_semicolon());
    }

    #[test]
    fn segments_decode_once() {
        assert_eq!(decode_segment("%252e"), "%2e");
        assert_eq!(decode_segment("a%2Fb"), "a/b");
        assert_eq!(decode_segment("plain"), "plain");
    }

    proptest! {
        #[test]
        fn what_is_clean_stays_as_it_is(path in "/([a-c./;\\\\]|%2[eEfF5]|%5c|%00|%[0-9a-f]{2}){0,12}") {
            if let Ok(once) = clean(&path) {
                let once = once.into_inner().into_owned();
                let twice = clean(&once).unwrap();
                prop_assert!(!twice.is_changed());
                prop_assert_eq!(twice.as_str(), once.as_str());
            }
        }

        #[test]
        fn nothing_that_climbs_or_hides_is_left(path in "/([a-c./;]|%2[eE]|//|\\.\\./){0,16}") {
            if let Ok(clean) = clean(&path) {
                let clean = clean.as_str();
                prop_assert!(clean.starts_with('/'));
                prop_assert!(!clean.contains("//"));
                prop_assert!(!clean.contains("%2E") && !clean.contains("%2e"));
                for segment in clean.split('/') {
                    let name = segment.split(';').next().unwrap();
                    prop_assert!(name != "." && name != "..");
                }
            }
        }

        #[test]
        fn never_panics(path in "\\PC{0,40}") {
            let _ = clean(&path);
        }
    }
}
