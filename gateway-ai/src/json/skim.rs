//! Where the outermost members of a JSON object stand.
//!
//! A deserializer that is told to ignore a value still visits its every token through a generic
//! interface. Of a body that is passed on as it is, all that matters is where a few members begin
//! and end and that everybody will agree on it, so this walks the bytes once: strings by vector
//! search, brackets on a stack of bits. It accepts what RFC 8259 does, save that control characters
//! may stand in strings, where they cannot move a member's end.

use std::{borrow::Cow, fmt, ops::Range};

use memchr::memchr2;

use crate::canonical::Raw;

/// The members of the outermost object, in order.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a> {
    text: &'a str,
    at: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    First,
    Next,
    Done,
}

/// A member: its key and the place of its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) value: Range<usize>,
}

/// Why a text is not one JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SkimError {
    /// At this byte stands something else than JSON asks for.
    Syntax(usize),
    /// Brackets nest deeper than anything that is parsed later would allow.
    Depth,
    /// Some bytes are not UTF-8.
    Utf8,
}

impl fmt::Display for SkimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(at) => write!(f, "it is not a JSON object (byte {at})"),
            Self::Depth => f.write_str("it is nested too deeply"),
            Self::Utf8 => f.write_str("it is not UTF-8"),
        }
    }
}

impl<'a> Members<'a> {
    /// Opens the object.
    pub(crate) fn of(text: &'a [u8]) -> Result<Self, SkimError> {
        let text = std::str::from_utf8(text).map_err(|_| SkimError::Utf8)?;
        let bytes = text.as_bytes();
        let at = expect(bytes, blank(bytes, 0), b'{')?;
        Ok(Self {
            text,
            at: blank(bytes, at),
            state: State::First,
        })
    }

    /// The next member; `None` once the object and the text behind it have ended well.
    pub(crate) fn next(&mut self) -> Result<Option<Member<'a>>, SkimError> {
        let text = self.text.as_bytes();
        let at = match (self.state, text.get(self.at)) {
            (State::Done, _) => return Ok(None),
            (State::First | State::Next, Some(b'}')) => {
                self.state = State::Done;
                let end = blank(text, self.at + 1);
                return if end == text.len() {
                    Ok(None)
                } else {
                    Err(SkimError::Syntax(end))
                };
            }
            (State::First, _) => self.at,
            (State::Next, Some(b',')) => blank(text, self.at + 1),
            (State::Next, _) => return Err(SkimError::Syntax(self.at)),
        };
        let (key, colon) = key(text, at)?;
        let start = blank(text, colon);
        let end = value(text, start)?;
        self.at = blank(text, end);
        self.state = State::Next;
        Ok(Some(Member {
            key: unescaped(&self.text[key.start - 1..=key.end]),
            value: start..end,
        }))
    }

    /// The text of a value.
    pub(crate) fn text(&self, value: &Range<usize>) -> &'a str {
        &self.text[value.clone()]
    }
}

/// The key that is spelled so, quotes included. Half a surrogate pair is no text: it stays as it is
/// spelled, which is no name of anything.
fn unescaped(spelled: &str) -> Cow<'_, str> {
    let plain = &spelled[1..spelled.len() - 1];
    if !plain.contains('\\') {
        return Cow::Borrowed(plain);
    }
    serde_json::from_str(spelled).map_or(Cow::Borrowed(plain), Cow::Owned)
}

/// The end of the value that begins at `at`.
fn value(text: &[u8], mut at: usize) -> Result<usize, SkimError> {
    // The outermost object is open already; a set bit is an object.
    let (mut depth, mut objects) = (1, 0_u128);
    const { assert!(Raw::MAX_DEPTH <= 128, "one bit each") };
    loop {
        let opened = match text.get(at) {
            Some(b'"') => {
                at = string(text, at + 1)?;
                false
            }
            Some(bracket @ (b'{' | b'[')) => {
                if depth == Raw::MAX_DEPTH {
                    return Err(SkimError::Depth);
                }
                depth += 1;
                objects = objects << 1 | u128::from(*bracket == b'{');
                at = blank(text, at + 1);
                true
            }
            _ => {
                at = scalar(text, at)?;
                false
            }
        };
        let mut first = opened;
        loop {
            if depth == 1 {
                return Ok(at);
            }
            if !first {
                at = blank(text, at);
            }
            let object = objects & 1 == 1;
            match text.get(at) {
                Some(b'}') if object => {}
                Some(b']') if !object => {}
                Some(b',') if !first => {
                    at = blank(text, at + 1);
                    break;
                }
                Some(_) if first => break,
                _ => return Err(SkimError::Syntax(at)),
            }
            at += 1;
            depth -= 1;
            objects >>= 1;
            first = false;
        }
        if objects & 1 == 1 {
            at = blank(text, key(text, at)?.1);
        }
    }
}

/// The place of a key's text, and what follows its colon.
fn key(text: &[u8], at: usize) -> Result<(Range<usize>, usize), SkimError> {
    let start = expect(text, at, b'"')?;
    let end = string(text, start)?;
    let colon = expect(text, blank(text, end), b':')?;
    Ok((start..end - 1, colon))
}

/// What follows the string whose text begins at `at`.
fn string(text: &[u8], mut at: usize) -> Result<usize, SkimError> {
    // Most strings are keys and words: a call of the vector search costs more than a few bytes do.
    let near = text.len().min(at + 16);
    while at < near && text[at] != b'\\' {
        at += 1;
        if text[at - 1] == b'"' {
            return Ok(at);
        }
    }
    loop {
        let rest = text.get(at..).ok_or(SkimError::Syntax(text.len()))?;
        at += memchr2(b'"', b'\\', rest).ok_or(SkimError::Syntax(text.len()))?;
        if text[at] == b'"' {
            return Ok(at + 1);
        }
        at = match text.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at + 2,
            Some(b'u') if is_hex(text.get(at + 2..at + 6)) => at + 6,
            _ => return Err(SkimError::Syntax(at)),
        };
    }
}

fn is_hex(digits: Option<&[u8]>) -> bool {
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// What follows the number or literal at `at`.
fn scalar(text: &[u8], at: usize) -> Result<usize, SkimError> {
    let rest = text.get(at..).unwrap_or_default();
    for literal in [&b"null"[..], b"true", b"false"] {
        if rest.starts_with(literal) {
            return Ok(at + literal.len());
        }
    }
    number(text, at).ok_or(SkimError::Syntax(at))
}

fn number(text: &[u8], mut at: usize) -> Option<usize> {
    if text.get(at) == Some(&b'-') {
        at += 1;
    }
    let start = at;
    at = digits(text, at)?;
    if text[start] == b'0' && at > start + 1 {
        return None;
    }
    if text.get(at) == Some(&b'.') {
        at = digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = text.get(at) {
            at += 1;
        }
        at = digits(text, at)?;
    }
    Some(at)
}

/// What follows at least one digit.
fn digits(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    (at > start).then_some(at)
}

fn expect(text: &[u8], at: usize, byte: u8) -> Result<usize, SkimError> {
    match text.get(at) {
        Some(found) if *found == byte => Ok(at + 1),
        _ => Err(SkimError::Syntax(at.min(text.len()))),
    }
}

fn blank(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn members(text: &[u8]) -> Result<Vec<(String, String)>, SkimError> {
        let mut members = Members::of(text)?;
        let mut all = Vec::new();
        while let Some(Member { key, value }) = members.next()? {
            all.push((key.into_owned(), members.text(&value).to_owned()));
        }
        assert_eq!(members.next(), Ok(None));
        Ok(all)
    }

    #[test]
    fn finds_the_outermost_members() {
        let text =
            br#" { "a" : [ {"a":1} , [] , "]" ] , "b":-1.5e+3,"c\"":"\\\"","d":{ } , "e":null } "#;
        let found = members(text).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("a", r#"[ {"a":1} , [] , "]" ]"#),
                ("b", "-1.5e+3"),
                ("c\"", r#""\\\"""#),
                ("d", "{ }"),
                ("e", "null"),
            ]
        );
        assert_eq!(members(b"{}"), Ok(vec![]));
    }

    #[test]
    fn refuses_what_json_does_not_allow() {
        for text in [
            "",
            " ",
            "[]",
            "1",
            "{",
            "}",
            "{]",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":[,1]}"#,
            r#"{"a":[1}"#,
            r#"{"a":{"b"}}"#,
            r#"{"a":{1:2}}"#,
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":-}"#,
            r#"{"a":1e}"#,
            r#"{"a":tru}"#,
            r#"{"a":nul"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\u12g4"}"#,
            r#"{"a":"\u12"#,
            r#"{"a":"b"#,
            r#"{"a":"\"#,
            r#"{"a":1}}"#,
            r#"{"a":1} x"#,
            r#"{a:1}"#,
            r#"{"a":'b'}"#,
            r#"{"a":[1]]}"#,
            r#"{"a":{"b":1,}}"#,
            r#"{"a":{"b":1 "c"}}"#,
            r#"{"a":true1}"#,
        ] {
            assert!(members(text.as_bytes()).is_err(), "{text}");
            assert!(serde_json::from_str::<serde_json::Map<String, Value>>(text).is_err());
        }
        assert_eq!(members(b"{\"a\":\"\xff\"}"), Err(SkimError::Utf8));
    }

    #[test]
    fn nests_as_deeply_as_a_parser_would() {
        let deep = |n: usize| format!(r#"{{"x":{}{}}}"#, "[".repeat(n), "]".repeat(n));
        assert!(members(deep(Raw::MAX_DEPTH - 1).as_bytes()).is_ok());
        assert_eq!(
            members(deep(Raw::MAX_DEPTH).as_bytes()),
            Err(SkimError::Depth)
        );
        assert_eq!(members(deep(100_000).as_bytes()), Err(SkimError::Depth));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,40}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(".{0,20}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_a_parser_on_json(map in prop::collection::hash_map(".{0,20}", json(), 0..5), pretty: bool) {
            let whole: serde_json::Map<String, Value> = map.into_iter().collect();
            let text = if pretty { serde_json::to_string_pretty(&whole) } else { serde_json::to_string(&whole) };
            let text = text.unwrap();
            let mut members = Members::of(text.as_bytes()).unwrap();
            let mut left = whole.len();
            while let Some(Member { key, value }) = members.next().unwrap() {
                let value: Value = serde_json::from_str(members.text(&value)).unwrap();
                prop_assert_eq!(&whole[&*key], &value);
                left -= 1;
            }
            prop_assert_eq!(left, 0);
        }

        #[test]
        fn agrees_with_a_parser_on_what_is_none(text in r#"\{?["{}\[\],:a1e.\-\\ntu \n]{0,24}\}?"#) {
            // A number that overflows is no error of syntax, and neither is half a surrogate pair.
            let ours = members(text.as_bytes()).is_ok();
            let theirs: Result<std::collections::HashMap<String, serde::de::IgnoredAny>, _> = serde_json::from_str(&text);
            let controls = text.bytes().any(|byte| byte < b' ');
            if ours && !controls {
                prop_assert!(theirs.is_ok(), "{text:?}: {:?}", theirs.err());
            }
            if theirs.is_ok() {
                prop_assert!(ours, "{text:?}");
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(text in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = members(&text);
        }
    }
}
