use std::fmt;

/// A place in a JSON document (RFC 6901).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pointer {
    tokens: Vec<Token>,
}

/// One reference token, unescaped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Token {
    text: Box<str>,
    index: Option<usize>,
}

impl Pointer {
    /// Reads `/a/b~1c/0`, or the same in the dotted form `$.a['b/c'][0]`, without wildcards.
    pub(crate) fn parse(text: &str) -> Result<Self, PointerError> {
        let tokens = match text.strip_prefix('$') {
            Some(path) => dotted(path)?,
            None => standard(text)?,
        };
        if tokens.len() > MAX_DEPTH {
            return Err(PointerError("a pointer may have at most 64 tokens"));
        }
        Ok(Self { tokens })
    }

    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Whether `other` is this place or inside it.
    pub(super) fn contains(&self, other: &Self) -> bool {
        other.tokens.starts_with(&self.tokens)
    }

    /// The tokens of the container, and the last one, if both are in one container.
    pub(super) fn sibling_name<'a>(&self, other: &'a Self) -> Option<&'a Token> {
        let (_, parent) = self.tokens.split_last()?;
        let (name, other_parent) = other.tokens.split_last()?;
        (parent == other_parent).then_some(name)
    }
}

impl Token {
    fn new(text: String) -> Self {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let canonical = digits && (text == "0" || !text.starts_with('0'));
        Self {
            index: if canonical { text.parse().ok() } else { None },
            text: text.into(),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The token as an array index: digits without leading zeros.
    pub(super) const fn index(&self) -> Option<usize> {
        self.index
    }

    /// `-`, the place after the last element.
    pub(super) fn is_end(&self) -> bool {
        &*self.text == "-"
    }
}

/// Why a text is not a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PointerError(&'static str);

impl fmt::Display for PointerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

fn standard(text: &str) -> Result<Vec<Token>, PointerError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let Some(rest) = text.strip_prefix('/') else {
        return Err(PointerError("a JSON pointer begins with `/`"));
    };
    rest.split('/')
        .map(|token| unescape(token).map(Token::new))
        .collect()
}

fn unescape(token: &str) -> Result<String, PointerError> {
    let mut text = String::with_capacity(token.len());
    let mut chars = token.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '~' { chars.next() } else { None }) {
            ('~', Some('0')) => text.push('~'),
            ('~', Some('1')) => text.push('/'),
            ('~', _) => return Err(PointerError("`~` is written `~0`, and `/` in a name `~1`")),
            (c, _) => text.push(c),
        }
    }
    Ok(text)
}

fn dotted(mut path: &str) -> Result<Vec<Token>, PointerError> {
    const BAD: PointerError = PointerError(
        "a path is written `$.a.b[0]['c d']`; wildcards, filters and `..` are not supported",
    );
    let mut tokens = Vec::new();
    while !path.is_empty() {
        let (name, rest) = if let Some(rest) = path.strip_prefix('.') {
            rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()))
        } else if let Some(rest) = path.strip_prefix("['") {
            rest.split_once("']").ok_or(BAD)?
        } else if let Some(rest) = path.strip_prefix('[') {
            let (index, rest) = rest.split_once(']').ok_or(BAD)?;
            if Token::new(index.to_owned()).index().is_none() {
                return Err(BAD);
            }
            (index, rest)
        } else {
            return Err(BAD);
        };
        if name.is_empty() || name == "*" {
            return Err(BAD);
        }
        tokens.push(Token::new(name.to_owned()));
        path = rest;
    }
    Ok(tokens)
}

const MAX_DEPTH: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(text: &str) -> Vec<String> {
        let pointer = Pointer::parse(text).unwrap();
        pointer
            .tokens()
            .iter()
            .map(|t| t.as_str().to_owned())
            .collect()
    }

    #[test]
    fn the_examples_of_rfc_6901() {
        assert_eq!(names(""), Vec::<String>::new());
        assert_eq!(names("/foo/0"), ["foo", "0"]);
        assert_eq!(names("/"), [""]);
        assert_eq!(names("/a~1b"), ["a/b"]);
        assert_eq!(names("/m~0n"), ["m~n"]);
        assert_eq!(names("/~01"), ["~1"]);
        assert_eq!(names("/ "), [" "]);
    }

    #[test]
    fn dotted_paths_are_the_same_places() {
        assert_eq!(names("$"), Vec::<String>::new());
        assert_eq!(names("$.a.b[0]['c d'].e"), ["a", "b", "0", "c d", "e"]);
        for bad in ["$a", "$..a", "$.*", "$[*]", "$[-1]", "$['a'", "$.a[", "$."] {
            assert!(Pointer::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn indices_have_no_leading_zeros() {
        let index = |text: &str| Pointer::parse(text).unwrap().tokens()[0].index();
        assert_eq!(index("/0"), Some(0));
        assert_eq!(index("/12"), Some(12));
        for text in ["/01", "/-1", "/+1", "/", "/-", "/99999999999999999999999"] {
            assert_eq!(index(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for bad in ["a", "/~", "/~2", "#/a"] {
            assert!(Pointer::parse(bad).is_err(), "{bad}");
        }
        assert!(Pointer::parse(&"/a".repeat(65)).is_err());
    }

    proptest! {
        #[test]
        fn escaping_is_undone(names in proptest::collection::vec(".{0,6}", 0..5)) {
            let text: String = names
                .iter()
                .map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1")))
                .collect();
            let pointer = Pointer::parse(&text).unwrap();
            let found: Vec<_> = pointer.tokens().iter().map(Token::as_str).collect();
            prop_assert_eq!(found, names);
        }
    }
}
