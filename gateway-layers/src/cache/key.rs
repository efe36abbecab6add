use std::{borrow::Cow, fmt::Write as _};

use compact_str::CompactString;
use gateway_core::{Identity, Key, context::IdentityKind};
use http::{HeaderMap, HeaderName, Request, header, uri::PathAndQuery};
use quick_cache::Equivalent;

/// What a stored response is found by: all bytes of the target URI, the headers the key was extended
/// with, and the partition.
///
/// Whole strings are compared, never a hash of them. The method is not part of it, because only
/// responses to `GET` are stored; the request fields named by `Vary` tell variants of one key apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    scheme: CompactString,
    host: CompactString,
    target: Box<str>,
    extra: CompactString,
    partition: Option<CompactString>,
}

impl CacheKey {
    /// `scheme://host/path?query`; a request in origin form has no scheme, and then `//host/…`.
    #[must_use]
    pub fn uri(&self) -> String {
        let colon = if self.scheme.is_empty() { "" } else { ":" };
        format!("{}{colon}//{}{}", self.scheme, self.host, self.target)
    }

    /// The value of the partition key, if the layer has one and the request had its input.
    #[must_use]
    pub fn partition(&self) -> Option<&str> {
        self.partition.as_deref()
    }

    pub(super) fn borrowed(&self) -> KeyRef<'_> {
        KeyRef {
            scheme: &self.scheme,
            host: Cow::Borrowed(&self.host),
            target: &self.target,
            extra: Cow::Borrowed(&self.extra),
            partition: self.partition.as_deref().map(Cow::Borrowed),
        }
    }

    pub(super) fn weight(&self) -> usize {
        let partition = self.partition.as_ref().map_or(0, CompactString::len);
        self.host.len() + self.target.len() + self.extra.len() + partition + size_of::<Self>()
    }
}

/// A [`CacheKey`] borrowed from a request, so that a lookup allocates nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyRef<'a> {
    scheme: &'a str,
    host: Cow<'a, str>,
    target: &'a str,
    extra: Cow<'a, str>,
    partition: Option<Cow<'a, str>>,
}

impl KeyRef<'_> {
    /// The key, owned.
    #[must_use]
    pub fn to_owned(&self) -> CacheKey {
        CacheKey {
            scheme: self.scheme.into(),
            host: CompactString::from(&*self.host),
            target: self.target.into(),
            extra: CompactString::from(&*self.extra),
            partition: self.partition.as_deref().map(CompactString::from),
        }
    }

    /// The part without headers and partition: what invalidation is about.
    #[must_use]
    pub fn place(&self) -> Place<'_> {
        Place::new(Cow::Borrowed(&*self.host), self.target)
    }
}

impl Equivalent<CacheKey> for KeyRef<'_> {
    fn equivalent(&self, key: &CacheKey) -> bool {
        self.target == &*key.target
            && self.host == key.host.as_str()
            && self.scheme == key.scheme.as_str()
            && self.extra == key.extra.as_str()
            && self.partition.as_deref() == key.partition.as_deref()
    }
}

/// A resource in all its partitions: host and target.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place<'a> {
    host: Cow<'a, str>,
    target: &'a str,
}

impl<'a> Place<'a> {
    pub(super) const fn new(host: Cow<'a, str>, target: &'a str) -> Self {
        Self { host, target }
    }

    pub(super) const fn target(&self) -> &str {
        self.target
    }

    pub(super) fn at(&self, target: &'a str) -> Self {
        Self::new(self.host.clone(), target)
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }
}

/// How keys are made; the configuration of one layer.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyRules {
    pub(super) partition: Option<Key>,
    pub(super) headers: Vec<HeaderName>,
}

impl KeyRules {
    /// The key of `request`; `None` if its target is not one thing, so that another party may read
    /// it differently: two hosts, a host that contradicts the URI, a method override.
    pub(super) fn key<'a, B>(&self, request: &'a Request<B>) -> Option<KeyRef<'a>> {
        if CONFUSING
            .iter()
            .any(|name| request.headers().contains_key(name))
        {
            return None;
        }
        let partition = self.partition.as_ref().and_then(|key| key.eval(request));
        Some(KeyRef {
            scheme: request.uri().scheme_str().unwrap_or_default(),
            host: host(request)?,
            target: request
                .uri()
                .path_and_query()
                .map_or("/", PathAndQuery::as_str),
            extra: self.extra(request.headers())?,
            partition: partition.map(|value| Cow::Owned(value.as_str().to_owned())),
        })
    }

    /// Whether two callers can never have the same key: the first part of the partition that has a
    /// value is one that names the caller.
    pub(super) fn separates<B>(&self, request: &Request<B>) -> bool {
        let Some(identity) = request.extensions().get::<Identity>() else {
            return false;
        };
        self.partition
            .as_ref()
            .is_some_and(|key| separates(key, identity, request))
    }

    /// Origins build links and redirects from these headers, so they belong to the identity of the
    /// answer; absent, as they are for most requests, they cost nothing. Of `Forwarded` only the
    /// parts about the target count: the others differ from client to client.
    fn extra<'a>(&self, headers: &HeaderMap) -> Option<Cow<'a, str>> {
        let mut extra = String::new();
        for name in FORWARDED.iter().chain(&self.headers) {
            for value in headers.get_all(name) {
                let value = value.to_str().ok()?;
                _ = write!(extra, "{name}:{}:{value};", value.len());
            }
        }
        for value in headers.get_all(header::FORWARDED) {
            for pair in value.to_str().ok()?.split([',', ';']) {
                let pair = pair.trim().to_ascii_lowercase();
                if pair.starts_with("host=") || pair.starts_with("proto=") {
                    _ = write!(extra, "{}:{pair};", pair.len());
                }
            }
        }
        Some(Cow::Owned(extra))
    }
}

fn separates<B>(key: &Key, identity: &Identity, request: &Request<B>) -> bool {
    match key {
        Key::Subject => true,
        Key::ApiKey => identity.kind() == IdentityKind::ApiKey,
        Key::Tuple(parts) => {
            key.eval(request).is_some()
                && parts.iter().any(|part| separates(part, identity, request))
        }
        Key::Or(either) if either.0.eval(request).is_some() => {
            separates(&either.0, identity, request)
        }
        Key::Or(either) => separates(&either.1, identity, request),
        _ => false,
    }
}

fn host<B>(request: &Request<B>) -> Option<Cow<'_, str>> {
    let mut values = request.headers().get_all(header::HOST).iter();
    let header = match (values.next(), values.next()) {
        (_, Some(_)) => return None,
        (value, None) => value.map(|value| value.to_str()).transpose().ok()?,
    };
    let host = match (request.uri().authority(), header) {
        (Some(authority), Some(header)) if !authority.as_str().eq_ignore_ascii_case(header) => {
            return None;
        }
        (Some(authority), _) => authority.as_str(),
        (None, header) => header.unwrap_or_default(),
    };
    Some(if host.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    })
}

const FORWARDED: [HeaderName; 7] = [
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-prefix"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-scheme"),
    HeaderName::from_static("x-forwarded-server"),
    HeaderName::from_static("x-host"),
];

/// Some frameworks route by these instead of by the request line.
const CONFUSING: [HeaderName; 5] = [
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-http-method"),
    HeaderName::from_static("x-method-override"),
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-rewrite-url"),
];

#[cfg(test)]
mod tests;
