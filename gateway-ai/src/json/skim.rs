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
    here: Place,
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
        let open = expect(bytes, next(bytes, 0), b'{')?;
        Ok(Self {
            text,
            here: next(bytes, open),
            state: State::First,
        })
    }

    /// The next member; `None` once the object and the text behind it have ended well.
    pub(crate) fn next(&mut self) -> Result<Option<Member<'a>>, SkimError> {
        let text = self.text.as_bytes();
        let first = match (self.state, self.here.byte) {
            (State::Done, _) => return Ok(None),
            (State::First | State::Next, b'}') => {
                self.state = State::Done;
                let end = next(text, self.here.at + 1).at;
                return if end == text.len() {
                    Ok(None)
                } else {
                    Err(SkimError::Syntax(end))
                };
            }
            (State::First, _) => self.here,
            (State::Next, b',') => next(text, self.here.at + 1),
            (State::Next, _) => return Err(SkimError::Syntax(self.here.at)),
        };
        let (key, value_at) = key(text, first)?;
        let end = value(text, value_at)?;
        self.here = next(text, end);
        self.state = State::Next;
        let spelled = &self.text[first.at..key.end];
        Ok(Some(Member {
            key: if key.escaped {
                unescaped(spelled)
            } else {
                Cow::Borrowed(&spelled[1..spelled.len() - 1])
            },
            value: value_at.at..end,
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

/// The end of the value that begins here.
fn value(text: &[u8], here: Place) -> Result<usize, SkimError> {
    match here.byte {
        b'"' => Ok(string(text, here.at + 1)?.end),
        b'{' | b'[' => container(text, here),
        _ => scalar(text, here),
    }
}

/// The end of the object or array that begins here.
fn container(text: &[u8], mut here: Place) -> Result<usize, SkimError> {
    // The outermost object is open already; a set bit is an object.
    let (mut depth, mut objects, mut object) = (1, 0_u128, false);
    const { assert!(Raw::MAX_DEPTH <= 128, "one bit each") };
    loop {
        // At a value, behind a key where it is a member's.
        let mut first = false;
        let end = match here.byte {
            b'"' => string(text, here.at + 1)?.end,
            bracket @ (b'{' | b'[') => {
                if depth == Raw::MAX_DEPTH {
                    return Err(SkimError::Depth);
                }
                depth += 1;
                object = bracket == b'{';
                objects = objects << 1 | u128::from(object);
                first = true;
                here.at + 1
            }
            _ => scalar(text, here)?,
        };
        here = next(text, end);
        // What ends here, and whether something follows.
        loop {
            match here.byte {
                b',' if !first => {
                    here = next(text, here.at + 1);
                    break;
                }
                b'}' if object => {}
                b']' if !object => {}
                _ if first => break,
                _ => return Err(SkimError::Syntax(here.at)),
            }
            depth -= 1;
            if depth == 1 {
                return Ok(here.at + 1);
            }
            objects >>= 1;
            object = objects & 1 == 1;
            first = false;
            here = next(text, here.at + 1);
        }
        if object {
            here = key(text, here)?.1;
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

/// A key that begins here, and where its value does.
fn key(text: &[u8], here: Place) -> Result<(Text, Place), SkimError> {
    let key = string(text, expect(text, here, b'"')?)?;
    let colon = expect(text, next(text, key.end), b':')?;
    Ok((key, next(text, colon)))
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

/// What follows the number or literal that begins here.
fn scalar(text: &[u8], Place { at, byte }: Place) -> Result<usize, SkimError> {
    let literal: &[u8] = match byte {
        b'n' => b"null",
        b't' => b"true",
        b'f' => b"false",
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

/// What follows this byte, if it stands here.
fn expect(text: &[u8], here: Place, byte: u8) -> Result<usize, SkimError> {
    // Zero is no byte of JSON's, so that nothing is expected behind the end.
    if here.byte == byte {
        Ok(here.at + 1)
    } else {
        Err(SkimError::Syntax(here.at.min(text.len())))
    }
}

/// A byte and where it stands; zero behind the end.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: usize,
    byte: u8,
}

/// The next byte from `at` on that is no blank.
fn next(text: &[u8], mut at: usize) -> Place {
    loop {
        match text.get(at) {
            Some(b' ' | b'\n' | b'\r' | b'\t') => at += 1,
            Some(byte) => return Place { at, byte: *byte },
            None => return Place { at, byte: 0 },
        }
    }
}

#[cfg(test)]
mod tests;
