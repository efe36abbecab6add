use std::borrow::Cow;

use http::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{facts::Facts, fault::Fault};
use crate::transform::Pointer;

/// A text with `{…}` in it, to be filled in from a request.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Variable(Variable),
}

#[derive(Clone, Debug)]
struct Variable {
    /// As it is written, for messages.
    name: String,
    source: Source,
    default: Option<String>,
}

/// Where a value is from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Param(String),
    Query(String),
    Header(HeaderName),
    Claim(String),
    Subject,
    Part(String, Pointer),
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let (brace, after) = rest[at..].split_at(1);
            if let Some(after) = after.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            let closed = after.split_once('}').filter(|_| brace == "{");
            let (inside, after) =
                closed.ok_or("braces come in pairs; `{{` and `}}` are braces themselves")?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Variable(Variable::parse(inside)?));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { pieces })
    }

    /// Reads the template of a path and query. The author's own text must be of a URL already.
    pub(super) fn parse_target(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') || text.starts_with("//") {
            return Err("a path begins with one `/`".to_owned());
        }
        let template = Self::parse(text)?;
        let sample: String = template.pieces.iter().map(Piece::sample).collect();
        match sample.parse::<http::uri::PathAndQuery>() {
            Ok(target) if target.as_str() == sample => Ok(template),
            _ => Err("not a path with a query".to_owned()),
        }
    }

    /// The names of the parts it needs.
    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(Variable {
                source: Source::Part(name, _),
                ..
            }) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The place in an earlier part that is all there is to this template.
    pub(super) fn only_part(&self) -> Option<(&str, &Pointer)> {
        match self.pieces.as_slice() {
            [
                Piece::Variable(Variable {
                    source: Source::Part(name, pointer),
                    default: None,
                    ..
                }),
            ] => Some((name, pointer)),
            _ => None,
        }
    }

    pub(super) fn text(&self, facts: &Facts<'_>) -> Result<String, Fault> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Variable(variable) => out.push_str(&variable.value(facts)?),
            }
        }
        Ok(out)
    }

    pub(super) fn header(&self, name: &str, facts: &Facts<'_>) -> Result<HeaderValue, Fault> {
        HeaderValue::try_from(self.text(facts)?).map_err(|_| Fault::Request {
            name: name.to_owned(),
            what: "cannot stand in a header",
        })
    }

    /// The path and query. What a value may do to them is in the [module docs](super).
    pub(super) fn target(&self, facts: &Facts<'_>) -> Result<String, Fault> {
        let mut out = String::new();
        let mut in_path = true;
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => {
                    out.push_str(text);
                    in_path &= !text.contains('?');
                }
                Piece::Variable(variable) => {
                    let value = variable.value(facts)?;
                    if in_path {
                        segment(&variable.name, &value)?;
                    }
                    out.extend(utf8_percent_encode(&value, RESERVED));
                }
            }
        }
        // Two values side by side may make up what neither is.
        let path = out.split('?').next().unwrap_or_default();
        if path.split('/').any(is_dots) {
            return Err(Fault::Request {
                name: path.to_owned(),
                what: "has a segment of dots",
            });
        }
        Ok(out)
    }
}

impl Piece {
    fn sample(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Variable(_) => Cow::Borrowed("x"),
        }
    }
}

impl Variable {
    fn parse(inside: &str) -> Result<Self, String> {
        let (name, default) = match inside.split_once('|') {
            Some((name, default)) => (name, Some(default.to_owned())),
            None => (inside, None),
        };
        let unknown = || {
            format!(
                "unknown variable `{{{name}}}`; known are the names of the path's parameters, \
                 query:NAME, header:NAME, claim:NAME, subject and part:NAME/POINTER"
            )
        };
        let source = match name.split_once(':') {
            None if name == "subject" => Source::Subject,
            None if is_name(name) => Source::Param(name.to_owned()),
            Some(("query", name)) if !name.is_empty() => Source::Query(name.to_owned()),
            Some(("claim", path)) if !path.is_empty() => Source::Claim(path.to_owned()),
            Some(("header", name)) => Source::Header(
                HeaderName::try_from(name).map_err(|_| format!("`{name}` is not a header name"))?,
            ),
            Some(("part", place)) => {
                let (part, pointer) = match place.find('/') {
                    Some(at) => place.split_at(at),
                    None => (place, ""),
                };
                let pointer = Pointer::parse(pointer).map_err(|error| error.to_string())?;
                Source::Part(part.to_owned(), pointer)
            }
            _ => return Err(unknown()),
        };
        Ok(Self {
            name: name.to_owned(),
            source,
            default,
        })
    }

    fn value<'a>(&'a self, facts: &Facts<'a>) -> Result<Cow<'a, str>, Fault> {
        let found = facts.value(&self.source)?;
        let found = found.or(self.default.as_deref().map(Cow::Borrowed));
        found.ok_or_else(|| match &self.source {
            Source::Part(..) => Fault::Needs(self.name.clone()),
            _ => Fault::Request {
                name: self.name.clone(),
                what: "is missing",
            },
        })
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

/// Whether a value may stand in a path.
fn segment(name: &str, value: &str) -> Result<(), Fault> {
    let what = if value.is_empty() {
        // `/users/` is another resource than `/users/7`, and often all of them.
        "is empty"
    } else if value.chars().any(char::is_control) {
        "has control characters"
    } else if value.split(['/', '\\']).any(is_dots) {
        "has a segment of dots"
    } else {
        return Ok(());
    };
    Err(Fault::Request {
        name: name.to_owned(),
        what,
    })
}

fn is_dots(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

/// All but the unreserved characters (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[cfg(test)]
mod tests;
