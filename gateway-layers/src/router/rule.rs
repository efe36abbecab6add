//! What a route asks of a request.

use std::{fmt, sync::Arc};

use compact_str::CompactString;
use http::{HeaderMap, HeaderName, Method};
use smallvec::SmallVec;

use super::{
    host::{HostError, HostPattern},
    pattern::{PathPattern, PatternError},
};

/// What a route asks of a request: path, and optionally hosts, methods, headers and query.
///
/// ```
/// use gateway_layers::router::Rule;
///
/// let rule = Rule::new("orders", "/orders/{id}")?
///     .host("*.example.com")?
///     .method(http::Method::GET)
///     .header(http::HeaderName::from_static("x-canary"), Some("1"));
/// assert_eq!(rule.name(), "orders");
/// # Ok::<(), gateway_layers::router::RuleError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rule {
    pub(super) name: Arc<str>,
    pub(super) path: PathPattern,
    pub(super) hosts: SmallVec<[HostPattern; 1]>,
    pub(super) methods: SmallVec<[Method; 2]>,
    pub(super) headers: SmallVec<[(HeaderName, Option<CompactString>); 1]>,
    pub(super) query: SmallVec<[(CompactString, Option<CompactString>); 1]>,
    pub(super) encoded_slash: bool,
    pub(super) semicolon: bool,
}

/// Why a rule cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The path pattern is malformed.
    #[error(transparent)]
    Path(#[from] PatternError),
    /// The host is malformed.
    #[error(transparent)]
    Host(#[from] HostError),
}

impl Rule {
    /// Takes all requests whose path has the form of `pattern`.
    ///
    /// # Errors
    ///
    /// If the pattern is malformed.
    pub fn new(name: &str, pattern: &str) -> Result<Self, RuleError> {
        Ok(Self {
            name: name.into(),
            path: PathPattern::parse(pattern)?,
            hosts: SmallVec::new(),
            methods: SmallVec::new(),
            headers: SmallVec::new(),
            query: SmallVec::new(),
            encoded_slash: false,
            semicolon: false,
        })
    }

    /// Adds a host, `api.example.com` or `*.example.com`. Without one the rule takes all hosts.
    ///
    /// # Errors
    ///
    /// If the host is malformed.
    pub fn host(mut self, host: &str) -> Result<Self, RuleError> {
        self.hosts.push(HostPattern::parse(host)?);
        Ok(self)
    }

    /// Adds a method. Without one the rule takes all methods.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        if !self.methods.contains(&method) {
            self.methods.push(method);
        }
        self
    }

    /// Asks for a header: with this value, or with any.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: Option<&str>) -> Self {
        self.headers.push((name, value.map(CompactString::from)));
        self
    }

    /// Asks for a query parameter: with this value (decoded), or with any.
    #[must_use]
    pub fn query(mut self, name: &str, value: Option<&str>) -> Self {
        self.query
            .push((name.into(), value.map(CompactString::from)));
        self
    }

    /// Takes paths with `%2F` inside a segment. Defaults to refusing them.
    ///
    /// For upstreams whose identifiers hold slashes; they see the path as it was sent.
    #[must_use]
    pub const fn allow_encoded_slash(mut self, allow: bool) -> Self {
        self.encoded_slash = allow;
        self
    }

    /// Takes paths with `;` inside a segment. Defaults to refusing them.
    ///
    /// Servlet containers cut a segment at its `;`: for them `/admin;x` is `/admin`, while a route
    /// for `/admin` does not match it.
    #[must_use]
    pub const fn allow_semicolon(mut self, allow: bool) -> Self {
        self.semicolon = allow;
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path pattern.
    #[must_use]
    pub fn pattern(&self) -> &str {
        self.path.as_str()
    }

    /// The hosts; none means all.
    pub fn hosts(&self) -> impl Iterator<Item = &HostPattern> {
        self.hosts.iter()
    }

    /// The methods; none means all.
    #[must_use]
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// `GET` is understood to include `HEAD` (RFC 9110 §9.3.2).
    pub(super) fn takes_method(&self, method: &Method) -> bool {
        self.methods.is_empty()
            || self.methods.contains(method)
            || (*method == Method::HEAD && self.methods.contains(&Method::GET))
    }

    pub(super) fn takes_rest(&self, headers: &HeaderMap, query: Option<&str>) -> bool {
        self.headers.iter().all(|(name, value)| match value {
            None => headers.contains_key(name),
            Some(value) => headers
                .get_all(name)
                .iter()
                .any(|have| have.as_bytes() == value.as_bytes()),
        }) && self.query.iter().all(|(name, value)| {
            parameters(query).any(|(key, have)| {
                key == name.as_str() && value.as_ref().is_none_or(|value| have == value.as_str())
            })
        })
    }

    /// Rules of one path are tried in descending order of this: more conditions first, then those
    /// that name methods.
    pub(super) fn conditions(&self) -> (usize, bool) {
        (
            self.headers.len() + self.query.len(),
            !self.methods.is_empty(),
        )
    }

    /// Whether this rule takes every request `other` takes, paths and hosts being equal.
    pub(super) fn covers_conditions(&self, other: &Self) -> bool {
        let methods = self.methods.is_empty()
            || (!other.methods.is_empty() && other.methods.iter().all(|m| self.takes_method(m)));
        let headers = self.headers.iter().all(|(name, value)| {
            let same = |(n, v): &(HeaderName, Option<CompactString>)| {
                n == name && (value.is_none() || v == value)
            };
            other.headers.iter().any(same)
        });
        let query = self.query.iter().all(|(name, value)| {
            let same = |(n, v): &(CompactString, Option<CompactString>)| {
                n == name && (value.is_none() || v == value)
            };
            other.query.iter().any(same)
        });
        methods && headers && query
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.path)
    }
}

/// The pairs of a query, decoded.
fn parameters(query: Option<&str>) -> impl Iterator<Item = (String, String)> {
    query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
}

fn decode(text: &str) -> String {
    super::path::decode_segment(&text.replace('+', " ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Rule {
        Rule::new("r", "/").unwrap()
    }

    #[test]
    fn get_takes_head() {
        assert!(rule().method(Method::GET).takes_method(&Method::HEAD));
        assert!(!rule().method(Method::POST).takes_method(&Method::HEAD));
        assert!(rule().takes_method(&Method::DELETE));
    }

    #[test]
    fn headers_and_query_are_all_required() {
        let rule = rule()
            .header(HeaderName::from_static("x-a"), Some("1"))
            .header(HeaderName::from_static("x-b"), None)
            .query("v", Some("a b"));
        let mut headers = HeaderMap::new();
        headers.insert("x-a", "1".parse().unwrap());
        assert!(!rule.takes_rest(&headers, Some("v=a+b")));
        headers.insert("x-b", "".parse().unwrap());
        assert!(rule.takes_rest(&headers, Some("w=1&v=a%20b")));
        assert!(!rule.takes_rest(&headers, Some("v=c")));
        assert!(!rule.takes_rest(&headers, None));
    }
}
