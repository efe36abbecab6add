use std::fmt::Write as _;

use compact_str::{CompactString, ToCompactString as _};
use http::{Extensions, HeaderMap, HeaderName, Request, header};

use super::KeyValue;
use crate::{ClientIp, Identity, Route, context::IdentityKind};

/// What to tell requests apart by.
///
/// Written in configuration as `subject`, `client_ip`, `api_key`, `tenant`, `route`, `global`,
/// `header:NAME`, `cookie:NAME`, `query:NAME`, `claim:PATH`, `const:TEXT`, `tuple(A, B)` and
/// `A.or(B)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Key {
    /// One key for all requests.
    Global,
    /// The authenticated caller, issuer included. Needs an authentication layer outside.
    Subject,
    /// The authenticated caller, if it came with an API key.
    ApiKey,
    /// The caller's tenant.
    Tenant,
    /// The client's address, IPv6 grouped by /64. Needs a [`ClientIp`] in the extensions.
    ClientIp,
    /// The name of the route.
    Route,
    /// A request header. Clients choose it freely: never key a *protection* on it alone.
    Header(HeaderName),
    /// A cookie.
    Cookie(Box<str>),
    /// A query parameter, as sent (not decoded).
    Query(Box<str>),
    /// A claim of the caller, by dotted path; strings, numbers and booleans.
    Claim(Box<str>),
    /// A fixed text.
    Const(Box<str>),
    /// All of these; nothing if one is missing.
    Tuple(Vec<Self>),
    /// The first, or the second where the first is missing.
    Or(Box<(Self, Self)>),
}

impl Key {
    /// A request header.
    ///
    /// # Panics
    ///
    /// If `name` is not a valid lower-case header name, as `HeaderName::from_static`.
    #[must_use]
    pub fn header(name: &'static str) -> Self {
        Self::Header(HeaderName::from_static(name))
    }

    /// A claim of the caller, by dotted path.
    #[must_use]
    pub fn claim(path: &str) -> Self {
        Self::Claim(path.into())
    }

    /// A cookie.
    #[must_use]
    pub fn cookie(name: &str) -> Self {
        Self::Cookie(name.into())
    }

    /// A query parameter.
    #[must_use]
    pub fn query(name: &str) -> Self {
        Self::Query(name.into())
    }

    /// All of `keys`; nothing if one is missing.
    #[must_use]
    pub fn tuple(keys: impl IntoIterator<Item = Self>) -> Self {
        Self::Tuple(keys.into_iter().collect())
    }

    /// This key, or `other` where this one is missing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::Or(Box::new((self, other)))
    }

    /// Whether the key depends on an authenticated caller without an alternative.
    #[must_use]
    pub fn needs_identity(&self) -> bool {
        match self {
            Self::Subject | Self::ApiKey | Self::Tenant | Self::Claim(_) => true,
            Self::Tuple(keys) => keys.iter().any(Self::needs_identity),
            Self::Or(either) => either.0.needs_identity() && either.1.needs_identity(),
            _ => false,
        }
    }

    /// Whether two authenticated callers always have different values.
    ///
    /// What a cache needs of a partition before it stores answers to authenticated requests.
    #[must_use]
    pub fn separates_identities(&self) -> bool {
        match self {
            Self::Subject | Self::ApiKey => true,
            Self::Tuple(keys) => keys.iter().any(Self::separates_identities),
            Self::Or(either) => either.0.separates_identities(),
            _ => false,
        }
    }

    /// The value for `request`; `None` if an input is missing.
    #[must_use]
    pub fn eval<B>(&self, request: &Request<B>) -> Option<KeyValue> {
        self.eval_parts(
            request.uri().query(),
            request.headers(),
            request.extensions(),
        )
    }

    /// The value for a request taken apart.
    #[must_use]
    pub fn eval_parts(
        &self,
        query: Option<&str>,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Option<KeyValue> {
        let mut out = CompactString::const_new("");
        self.write(
            &Facts {
                query,
                headers,
                extensions,
            },
            &mut out,
        )?;
        Some(KeyValue::new(out))
    }

    fn write(&self, facts: &Facts<'_>, out: &mut CompactString) -> Option<()> {
        match self {
            Self::Global => out.push('*'),
            Self::Subject => facts.subject("subject", out)?,
            Self::ApiKey => {
                let identity = facts.identity()?;
                if identity.kind() != IdentityKind::ApiKey {
                    return None;
                }
                facts.subject("api_key", out)?;
            }
            Self::Tenant => push(out, "tenant", facts.identity()?.tenant()?),
            Self::ClientIp => {
                let ip = facts.extensions.get::<ClientIp>()?.grouped();
                _ = write!(out, "ip={ip}");
            }
            Self::Route => push(out, "route", facts.extensions.get::<Route>()?.name()),
            Self::Header(name) => {
                _ = write!(out, "header:{name}=");
                out.push_str(facts.headers.get(name)?.to_str().ok()?);
            }
            Self::Cookie(name) => push(out, "cookie", cookie(facts.headers, name)?),
            Self::Query(name) => push(out, "query", parameter(facts.query?, name)?),
            Self::Claim(path) => claim(facts.identity()?, path, out)?,
            Self::Const(text) => push(out, "const", text),
            Self::Tuple(keys) => {
                for key in keys {
                    let mut part = CompactString::const_new("");
                    key.write(facts, &mut part)?;
                    _ = write!(out, "{}:", part.len());
                    out.push_str(&part);
                }
            }
            Self::Or(either) => {
                let start = out.len();
                if either.0.write(facts, out).is_none() {
                    out.truncate(start);
                    either.1.write(facts, out)?;
                }
            }
        }
        Some(())
    }
}

struct Facts<'a> {
    query: Option<&'a str>,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
}

impl Facts<'_> {
    fn identity(&self) -> Option<&Identity> {
        self.extensions.get()
    }

    /// The issuer's length comes first, so that no issuer and subject can be cut differently.
    fn subject(&self, tag: &str, out: &mut CompactString) -> Option<()> {
        let identity = self.identity()?;
        let (issuer, subject) = (identity.issuer(), identity.subject());
        // Without the formatting machinery, which costs more than all else a key does.
        push(out, tag, &issuer.len().to_compact_string());
        out.push(':');
        out.push_str(issuer);
        out.push_str(subject);
        Some(())
    }
}

fn push(out: &mut CompactString, tag: &str, value: &str) {
    out.push_str(tag);
    out.push('=');
    out.push_str(value);
}

fn claim(identity: &Identity, path: &str, out: &mut CompactString) -> Option<()> {
    use serde_json::Value;
    _ = write!(out, "claim:{path}=");
    match identity.claim(path)? {
        Value::String(text) => out.push_str(text),
        Value::Number(number) => _ = write!(out, "#{number}"),
        Value::Bool(flag) => _ = write!(out, "#{flag}"),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    }
    Some(())
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(identity: Identity) -> Request<()> {
        let mut request = Request::new(());
        request.extensions_mut().insert(identity);
        request
    }

    fn jwt(issuer: &str, subject: &str) -> Request<()> {
        with(Identity::new(IdentityKind::Jwt, issuer, subject))
    }

    #[test]
    fn issuer_and_subject_cannot_be_cut_differently() {
        let a = Key::Subject.eval(&jwt("ab", "c")).unwrap();
        let b = Key::Subject.eval(&jwt("a", "bc")).unwrap();
        assert_ne!(a, b);
    }

    #[test]
    fn tuples_cannot_collide() {
        let key = Key::tuple([Key::header("x-a"), Key::header("x-b")]);
        let request = |a: &str, b: &str| {
            Request::builder()
                .header("x-a", a)
                .header("x-b", b)
                .body(())
                .unwrap()
        };
        let one = key.eval(&request("1", "2header:x-b=3")).unwrap();
        let two = key.eval(&request("12", "header:x-b=3")).unwrap();
        assert_ne!(one, two);
    }

    #[test]
    fn a_missing_part_is_nothing() {
        assert!(Key::Subject.eval(&Request::new(())).is_none());
        assert!(
            Key::tuple([Key::Global, Key::Subject])
                .eval(&Request::new(()))
                .is_none()
        );
        assert_eq!(
            Key::Subject
                .or(Key::Global)
                .eval(&Request::new(()))
                .unwrap()
                .as_str(),
            "*"
        );
        assert!(Key::ApiKey.eval(&jwt("a", "b")).is_none());
    }

    #[test]
    fn identities_are_separated_by_the_first_choice() {
        assert!(Key::Subject.or(Key::ClientIp).separates_identities());
        assert!(!Key::ClientIp.or(Key::Subject).separates_identities());
        assert!(Key::tuple([Key::Tenant, Key::Subject]).separates_identities());
        assert!(!Key::Tenant.separates_identities());
    }
}
