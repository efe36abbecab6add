//! Where the outermost members of a JSON object stand.
//!
//! A deserializer that is told to ignore a value still visits its every token through a generic
//! interface. Of a body that is passed on as it is, all that matters is where a few members begin
//! and end and that everybody will agree on it, so this walks the bytes once: strings by vector
//! search, brackets on a stack of bits. It accepts what RFC 8259 does, save that control characters
//! may stand in strings, where they cannot move a member's end.

use std::{borrow::Cow, fmt, ops::Range};

use memchr::memchr2;

use super::scan;
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
        let text = simdutf8::basic::from_utf8(text).map_err(|_| SkimError::Utf8)?;
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
        let spelled = &self.text[at..key.end];
        Ok(Some(Member {
            key: if key.escaped {
                unescaped(spelled)
            } else {
                Cow::Borrowed(&spelled[1..spelled.len() - 1])
            },
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
    serde_json::from_str(spelled).map_or(Cow::Borrowed(plain), Cow::Owned)
}

/// The end of the value that begins at `at`.
fn value(text: &[u8], at: usize) -> Result<usize, SkimError> {
    match text.get(at) {
        Some(b'"') => Ok(string(text, at + 1)?.end),
        Some(b'{' | b'[') => container(text, at),
        _ => scalar(text, at),
    }
}

/// The end of the object or array that begins at `at`.
fn container(text: &[u8], mut at: usize) -> Result<usize, SkimError> {
    // The outermost object is open already; a set bit is an object.
    let (mut depth, mut objects, mut object) = (1, 0_u128, false);
    const { assert!(Raw::MAX_DEPTH <= 128, "one bit each") };
    loop {
        // At a value, behind a key where it is a member's.
        let mut first = false;
        match text.get(at) {
            Some(b'"') => at = string(text, at + 1)?.end,
            Some(bracket @ (b'{' | b'[')) => {
                if depth == Raw::MAX_DEPTH {
                    return Err(SkimError::Depth);
                }
                depth += 1;
                object = *bracket == b'{';
                objects = objects << 1 | u128::from(object);
                at += 1;
                first = true;
            }
            _ => at = scalar(text, at)?,
        }
        // What ends here, and whether something follows.
        loop {
            at = blank(text, at);
            match text.get(at) {
                Some(b',') if !first => {
                    at = blank(text, at + 1);
                    break;
                }
                Some(b'}') if object => {}
                Some(b']') if !object => {}
                Some(_) if first => break,
                _ => return Err(SkimError::Syntax(at)),
            }
            at += 1;
            depth -= 1;
            if depth == 1 {
                return Ok(at);
            }
            objects >>= 1;
            object = objects & 1 == 1;
            first = false;
        }
        if object {
            at = blank(text, key(text, at)?.1);
        }
    }
}

/// A string whose text was walked through.
struct Text {
    /// What follows its closing quote.
    end: usize,
    /// Whether anything is spelled by an escape.
    escaped: bool,
}

/// A key that begins at `at`, and what follows its colon.
fn key(text: &[u8], at: usize) -> Result<(Text, usize), SkimError> {
    let key = string(text, expect(text, at, b'"')?)?;
    let colon = expect(text, blank(text, key.end), b':')?;
    Ok((key, colon))
}

/// The string whose text begins at `at`.
fn string(text: &[u8], mut at: usize) -> Result<Text, SkimError> {
    let mut escaped = false;
    loop {
        at = special(text, at).ok_or(SkimError::Syntax(text.len()))?;
        if text[at] == b'"' {
            return Ok(Text {
                end: at + 1,
                escaped,
            });
        }
        escaped = true;
        at = match text.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at + 2,
            Some(b'u') if is_hex(text.get(at + 2..at + 6)) => at + 6,
            _ => return Err(SkimError::Syntax(at)),
        };
    }
}

/// The next quote or backslash.
fn special(text: &[u8], at: usize) -> Option<usize> {
    let mut rest = text.get(at..)?;
    // Most strings are keys and words: a call of the vector search costs more than a few words do.
    for _ in 0..4 {
        let Some((word, later)) = rest.split_first_chunk() else {
            break;
        };
        let word = u64::from_le_bytes(*word);
        let found = scan::equal(word, b'"') | scan::equal(word, b'\\');
        if found != 0 {
            return Some(text.len() - rest.len() + scan::first(found));
        }
        rest = later;
    }
    memchr2(b'"', b'\\', rest).map(|found| text.len() - rest.len() + found)
}

fn is_hex(digits: Option<&[u8]>) -> bool {
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// What follows the number or literal at `at`.
fn scalar(text: &[u8], at: usize) -> Result<usize, SkimError> {
    let literal: &[u8] = match text.get(at) {
        Some(b'n') => b"null",
        Some(b't') => b"true",
        Some(b'f') => b"false",
        _ => return number(text, at).ok_or(SkimError::Syntax(at)),
    };
    if text[at..].starts_with(literal) {
        Ok(at + literal.len())
    } else {
        Err(SkimError::Syntax(at))
    }
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
mod tests;
