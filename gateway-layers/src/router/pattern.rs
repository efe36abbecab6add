//! Path patterns: `/orders/{id}`, `/files/{name}.json`, `/shop/{*rest}`.

use std::{fmt, sync::Arc};

use compact_str::CompactString;

/// A path pattern, checked when it is made.
///
/// A segment is text, a parameter `{name}`, or a parameter between fixed text
/// (`{model}:generate`). The last segment may be `{*name}`: it takes the rest of the path, however
/// deep, also an empty one – `/shop/{*rest}` matches `/shop`, `/shop/` and `/shop/a/b`. A trailing
/// slash is part of the pattern otherwise: `/a` and `/a/` are two paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    text: Arc<str>,
    segments: Vec<Segment>,
}

/// One part of a pattern between slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// Exactly this text.
    Literal(CompactString),
    /// Any text, not empty.
    Param(CompactString),
    /// Any text, not empty, between these two.
    Mixed {
        prefix: CompactString,
        name: CompactString,
        suffix: CompactString,
    },
    /// All that is left.
    Rest(CompactString),
}

/// Why a pattern is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// It does not start with `/`.
    #[error("path pattern `{0}` does not start with `/`")]
    NotAbsolute(String),
    /// A brace without its partner, two parameters in one segment, or an odd name.
    #[error(
        "segment `{0}` is not text, `{{name}}`, text around one `{{name}}`, or a final `{{*name}}`"
    )]
    Segment(String),
    /// `{*name}` before the end.
    #[error("`{0}` takes the rest of the path and can only be the last segment")]
    RestNotLast(String),
    /// A parameter named twice.
    #[error("parameter `{0}` is named twice")]
    Duplicate(String),
    /// Text no cleaned path has: `..`, `//`, `%2e`, a control character.
    #[error("path pattern `{0}` can never match: requests never have this form of a path")]
    Unclean(String),
}

impl PathPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// [`PatternError`], which names the part at fault.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(PatternError::NotAbsolute(text.to_owned()));
        };
        let parts: Vec<_> = rest.split('/').collect();
        let mut segments = Vec::with_capacity(parts.len());
        for (index, part) in parts.iter().enumerate() {
            let segment = Segment::parse(part)?;
            if matches!(segment, Segment::Rest(_)) && index + 1 < parts.len() {
                return Err(PatternError::RestNotLast((*part).to_owned()));
            }
            segments.push(segment);
        }
        check_names(&segments)?;
        check_clean(text, &segments)?;
        Ok(Self {
            text: text.into(),
            segments,
        })
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The names of the parameters, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(Segment::name)
    }

    /// The pattern without the parameters' names: equal for patterns that take the same paths.
    pub(super) fn shape(&self) -> String {
        let mut shape = String::with_capacity(self.text.len());
        for segment in &self.segments {
            shape.push('/');
            match segment {
                Segment::Literal(text) => shape.push_str(text),
                Segment::Param(_) => shape.push_str("{}"),
                Segment::Mixed { prefix, suffix, .. } => {
                    shape.push_str(prefix);
                    shape.push_str("{}");
                    shape.push_str(suffix);
                }
                Segment::Rest(_) => shape.push_str("{*}"),
            }
        }
        shape
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for PathPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        Self::parse(text)
    }
}

impl Segment {
    fn parse(part: &str) -> Result<Self, PatternError> {
        let error = || PatternError::Segment(part.to_owned());
        let Some((prefix, tail)) = part.split_once('{') else {
            return if part.contains('}') {
                Err(error())
            } else {
                Ok(Self::Literal(part.into()))
            };
        };
        let (name, suffix) = tail.split_once('}').ok_or_else(error)?;
        if prefix.contains('}') || suffix.contains(['{', '}']) {
            return Err(error());
        }
        let (name, rest) = match name.strip_prefix('*') {
            Some(name) => (name, true),
            None => (name, false),
        };
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || !name.bytes().all(valid) {
            return Err(error());
        }
        match (rest, prefix.is_empty() && suffix.is_empty()) {
            (true, true) => Ok(Self::Rest(name.into())),
            (true, false) => Err(error()),
            (false, true) => Ok(Self::Param(name.into())),
            (false, false) => Ok(Self::Mixed {
                prefix: prefix.into(),
                name: name.into(),
                suffix: suffix.into(),
            }),
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Literal(_) => None,
            Self::Param(name) | Self::Rest(name) | Self::Mixed { name, .. } => Some(name),
        }
    }
}

fn check_names(segments: &[Segment]) -> Result<(), PatternError> {
    let mut seen: Vec<&str> = Vec::new();
    for name in segments.iter().filter_map(Segment::name) {
        if seen.contains(&name) {
            return Err(PatternError::Duplicate(name.to_owned()));
        }
        seen.push(name);
    }
    Ok(())
}

/// A literal that the normaliser would rewrite or refuse never meets a request it matches.
fn check_clean(text: &str, segments: &[Segment]) -> Result<(), PatternError> {
    let mut path = String::with_capacity(text.len());
    for segment in segments {
        path.push('/');
        match segment {
            Segment::Literal(literal) => path.push_str(literal),
            Segment::Mixed { prefix, suffix, .. } => {
                path.push_str(prefix);
                path.push('x');
                path.push_str(suffix);
            }
            Segment::Param(_) | Segment::Rest(_) => path.push('x'),
        }
    }
    match super::path::clean(&path) {
        Ok(clean) if !clean.is_changed() => Ok(()),
        _ => Err(PatternError::Unclean(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_kinds_of_segments() {
        let pattern = PathPattern::parse("/v1/models/{model}:generate/{*rest}").unwrap();
        assert_eq!(pattern.names().collect::<Vec<_>>(), ["model", "rest"]);
        assert_eq!(pattern.shape(), "/v1/models/{}:generate/{*}");
        assert_eq!(PathPattern::parse("/").unwrap().shape(), "/");
    }

    #[test]
    fn refuses_what_cannot_match() {
        for bad in [
            "",
            "orders",
            "/{",
            "/}",
            "/{}",
            "/{a}{b}",
            "/{*rest}/x",
            "/x{*rest}",
            "/{a}/{a}",
            "/{a b}",
            "/a//b",
            "/../a",
            "/%2e",
            "/a\\b",
        ] {
            assert!(PathPattern::parse(bad).is_err(), "{bad}");
        }
    }
}
