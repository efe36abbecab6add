use super::{query::encode, template::Facts};

/// What a path becomes.
#[derive(Clone, Debug, Default)]
pub(super) struct PathEdit {
    pub(super) strip: Option<Box<str>>,
    pub(super) add: Option<Box<str>>,
    pub(super) rewrite: Option<PathTemplate>,
}

/// A path with `{name}` for the parameters of the route, such as `/v2/orders/{id}/{*rest}`.
#[derive(Clone, Debug)]
pub(super) struct PathTemplate {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(Box<str>),
    /// One segment, or (with a star) as many as the parameter has.
    Param {
        name: Box<str>,
        segments: bool,
    },
}

impl PathEdit {
    pub(super) const fn is_empty(&self) -> bool {
        self.strip.is_none() && self.add.is_none() && self.rewrite.is_none()
    }

    /// The path after the edit. It stays what it is if a parameter of the template is missing or is
    /// a dot segment, which would lead elsewhere once it is resolved.
    pub(super) fn apply(&self, path: &str, facts: &Facts) -> String {
        if let Some(template) = &self.rewrite {
            return template.fill(facts).unwrap_or_else(|| path.to_owned());
        }
        let stripped = self.strip.as_deref().and_then(|prefix| strip(path, prefix));
        let path = stripped.unwrap_or(path);
        let prefix = self.add.as_deref().unwrap_or_default();
        let slash = if path.starts_with('/') { "" } else { "/" };
        if matches!(path, "" | "/") && !prefix.is_empty() {
            prefix.to_owned()
        } else {
            format!("{prefix}{slash}{path}")
        }
    }
}

/// Strips whole segments: `/api` is no prefix of `/apis`.
fn strip<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// A prefix in the one form it is compared and joined in: a slash before it and none behind.
pub(super) fn prefix(text: &str) -> Result<Box<str>, String> {
    let trimmed = text.trim_end_matches('/');
    if !text.starts_with('/') || trimmed.is_empty() {
        return Err("a prefix begins with `/` and has a segment".to_owned());
    }
    literal(trimmed)?;
    Ok(trimmed.into())
}

fn literal(text: &str) -> Result<(), String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&b);
    match text.chars().find(|c| !u8::try_from(*c).is_ok_and(allowed)) {
        Some(bad) => Err(format!("`{bad}` cannot stand in a path; percent-encode it")),
        None => Ok(()),
    }
}

impl PathTemplate {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') {
            return Err("a path begins with `/`".to_owned());
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            literal(before)?;
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| "`{` is not closed with `}`".to_owned())?;
            let (name, segments) = match name.strip_prefix('*') {
                Some(name) => (name, true),
                None => (name, false),
            };
            if name.is_empty() {
                return Err("`{}` names no parameter".to_owned());
            }
            pieces.push(Piece::Text(before.into()));
            pieces.push(Piece::Param {
                name: name.into(),
                segments,
            });
            rest = after;
        }
        literal(rest)?;
        pieces.push(Piece::Text(rest.into()));
        Ok(Self { pieces })
    }

    fn fill(&self, facts: &Facts) -> Option<String> {
        let mut path = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => path.push_str(text),
                Piece::Param { name, segments } => {
                    let value = facts.param(name)?;
                    if value
                        .split('/')
                        .any(|segment| matches!(segment, "." | ".."))
                    {
                        return None;
                    }
                    if *segments {
                        let parts: Vec<_> = value.split('/').map(encode).collect();
                        path.push_str(&parts.join("/"));
                    } else {
                        path.push_str(&encode(value));
                    }
                }
            }
        }
        Some(path)
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::{Route, context::Params};

    use super::*;

    fn facts(pairs: &[(&str, &str)]) -> Facts {
        let params: Params = pairs.iter().copied().collect();
        let mut extensions = http::Extensions::new();
        extensions.insert(Route::new("r".into(), "/".into(), params));
        Facts::of(&extensions)
    }

    #[test]
    fn prefixes_are_whole_segments() {
        let edit = |strip: Option<&str>, add: Option<&str>| PathEdit {
            strip: strip.map(|text| prefix(text).unwrap()),
            add: add.map(|text| prefix(text).unwrap()),
            rewrite: None,
        };
        for (strip, add, path, expected) in [
            (Some("/api"), None, "/api/x", "/x"),
            (Some("/api/"), None, "/api", "/"),
            (Some("/api"), None, "/apis/x", "/apis/x"),
            (Some("/api"), None, "/api//x", "//x"),
            (None, Some("/v2"), "/x", "/v2/x"),
            (None, Some("/v2/"), "/", "/v2"),
            (Some("/a"), Some("/b"), "/a", "/b"),
            (Some("/a"), Some("/b/c"), "/a/x%2Fy", "/b/c/x%2Fy"),
        ] {
            let found = edit(strip, add).apply(path, &Facts::default());
            assert_eq!(found, expected, "{strip:?} {add:?} {path}");
        }
        assert!(prefix("/").is_err() && prefix("a").is_err() && prefix("/a b").is_err());
    }

    #[test]
    fn parameters_are_encoded_for_their_place() {
        let fill = |template: &str, pairs: &[(&str, &str)]| {
            PathTemplate::parse(template).unwrap().fill(&facts(pairs))
        };
        let one = fill("/v2/{id}/x", &[("id", "a/b c?")]);
        assert_eq!(one.as_deref(), Some("/v2/a%2Fb%20c%3F/x"));
        let many = fill("/v2/{*rest}", &[("rest", "a/b c")]);
        assert_eq!(many.as_deref(), Some("/v2/a/b%20c"));
        assert_eq!(fill("/v2/{id}", &[]), None);
        assert_eq!(fill("/v2/{id}", &[("id", "..")]), None);
        assert_eq!(fill("/v2/{*rest}", &[("rest", "a/../../admin")]), None);
    }

    #[test]
    fn mistakes_are_refused() {
        for bad in ["x", "/{", "/{}", "/{*}", "/a?b", "/é"] {
            assert!(PathTemplate::parse(bad).is_err(), "{bad}");
        }
    }
}
