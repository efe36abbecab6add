use std::{fmt, str::FromStr};

use http::HeaderName;

use super::Key;

/// Why a key could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseKeyError {
    message: String,
}

impl ParseKeyError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

impl fmt::Display for ParseKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseKeyError {}

/// Deep enough for any honest key, shallow enough for any stack.
const MAX_DEPTH: usize = 16;

impl FromStr for Key {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        parse(text.trim(), 0)
    }
}

fn parse(text: &str, depth: usize) -> Result<Key, ParseKeyError> {
    if depth > MAX_DEPTH {
        return Err(ParseKeyError::new("key is nested too deeply"));
    }
    if let Some((first, second)) = split_or(text) {
        return Ok(parse(first.trim(), depth + 1)?.or(parse(second.trim(), depth + 1)?));
    }
    if let Some(inner) = text
        .strip_prefix("tuple(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        let keys = split_commas(inner)
            .into_iter()
            .map(|part| parse(part.trim(), depth + 1))
            .collect::<Result<Vec<_>, _>>()?;
        return Ok(Key::Tuple(keys));
    }
    match text.split_once(':') {
        Some((kind, value)) => with_value(kind, value),
        None => simple(text),
    }
}

fn simple(text: &str) -> Result<Key, ParseKeyError> {
    Ok(match text {
        "global" => Key::Global,
        "subject" => Key::Subject,
        "api_key" => Key::ApiKey,
        "tenant" => Key::Tenant,
        "client_ip" | "ip" => Key::ClientIp,
        "route" => Key::Route,
        _ => {
            return Err(ParseKeyError::new(format!(
                "unknown key `{text}`; known are subject, client_ip, api_key, tenant, route, global, \
                 header:NAME, cookie:NAME, query:NAME, claim:PATH, const:TEXT, tuple(A, B) and A.or(B)"
            )));
        }
    })
}

fn with_value(kind: &str, value: &str) -> Result<Key, ParseKeyError> {
    if value.is_empty() || value.contains(['(', ')', ',']) {
        return Err(ParseKeyError::new(format!("`{kind}:` needs a plain name")));
    }
    Ok(match kind {
        "header" => Key::Header(
            HeaderName::from_bytes(value.as_bytes())
                .map_err(|_| ParseKeyError::new(format!("`{value}` is not a header name")))?,
        ),
        "cookie" => Key::Cookie(value.into()),
        "query" => Key::Query(value.into()),
        "claim" => Key::Claim(value.into()),
        "const" => Key::Const(value.into()),
        _ => return Err(ParseKeyError::new(format!("unknown key `{kind}:{value}`"))),
    })
}

/// Splits `A.or(B)` at its last `.or(` outside parentheses, so that `a.or(b).or(c)` reads left to right.
fn split_or(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_suffix(')')?;
    let mut depth = 0_usize;
    let mut found = None;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'(' => {
                if depth == 0 && inner[..at].ends_with(".or") {
                    found = Some(at);
                }
                depth += 1;
            }
            b')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    let at = found?;
    (depth == 1).then(|| (&text[..at - 3], &inner[at + 1..]))
}

fn split_commas(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Subject => f.write_str("subject"),
            Self::ApiKey => f.write_str("api_key"),
            Self::Tenant => f.write_str("tenant"),
            Self::ClientIp => f.write_str("client_ip"),
            Self::Route => f.write_str("route"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Cookie(name) => write!(f, "cookie:{name}"),
            Self::Query(name) => write!(f, "query:{name}"),
            Self::Claim(path) => write!(f, "claim:{path}"),
            Self::Const(text) => write!(f, "const:{text}"),
            Self::Tuple(keys) => {
                f.write_str("tuple(")?;
                for (at, key) in keys.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{key}")?;
                }
                f.write_str(")")
            }
            Self::Or(either) => write!(f, "{}.or({})", either.0, either.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_the_grammar() {
        let key: Key = "tuple(tenant, subject.or(client_ip)).or(header:X-Id)"
            .parse()
            .unwrap();
        let expected = Key::tuple([Key::Tenant, Key::Subject.or(Key::ClientIp)])
            .or(Key::Header(HeaderName::from_static("x-id")));
        assert_eq!(key, expected);
        let chain: Key = "subject.or(api_key).or(client_ip)".parse().unwrap();
        assert_eq!(chain, Key::Subject.or(Key::ApiKey).or(Key::ClientIp));
    }

    #[test]
    fn names_what_it_does_not_know() {
        let error = "subjet".parse::<Key>().unwrap_err().to_string();
        assert!(error.contains("`subjet`") && error.contains("subject"));
        assert!("header:".parse::<Key>().is_err());
        assert!("header:a b".parse::<Key>().is_err());
        assert!("".parse::<Key>().is_err());
        assert!("subject.or(".parse::<Key>().is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "[a-z:.(), é]{0,64}") {
            if let Ok(key) = text.parse::<Key>() {
                prop_assert_eq!(key.to_string().parse::<Key>().unwrap(), key);
            }
        }
    }
}
