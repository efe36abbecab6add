use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

/// Who is calling, as established by an authentication layer.
///
/// A reference count to clone. Claims are kept as JSON and typed where they are used.
#[derive(Clone)]
pub struct Identity {
    inner: Arc<Inner>,
}

#[derive(Clone, PartialEq)]
struct Inner {
    kind: IdentityKind,
    issuer: Box<str>,
    subject: Box<str>,
    tenant: Option<Box<str>>,
    scopes: Vec<Box<str>>,
    claims: Map<String, Value>,
}

/// How the caller proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdentityKind {
    /// A JSON Web Token.
    Jwt,
    /// An API key; the subject is the key's id, never the key.
    ApiKey,
    /// A TLS client certificate.
    Certificate,
    /// Something else.
    Other,
}

impl IdentityKind {
    /// The name in logs: `jwt`, `api_key`, `certificate`, `other`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::ApiKey => "api_key",
            Self::Certificate => "certificate",
            Self::Other => "other",
        }
    }
}

impl Identity {
    /// The caller `subject`, as named by `issuer`.
    ///
    /// Subjects are unique only within their issuer (RFC 7519 §4.1.2), so both are part of the
    /// identity; a key store uses its own name as the issuer.
    #[must_use]
    pub fn new(kind: IdentityKind, issuer: &str, subject: &str) -> Self {
        Self {
            inner: Arc::new(Inner {
                kind,
                issuer: issuer.into(),
                subject: subject.into(),
                tenant: None,
                scopes: Vec::new(),
                claims: Map::new(),
            }),
        }
    }

    fn edit(mut self, edit: impl FnOnce(&mut Inner)) -> Self {
        edit(Arc::make_mut(&mut self.inner));
        self
    }

    /// Sets the tenant (organisation, team) the caller acts for.
    #[must_use]
    pub fn with_tenant(self, tenant: &str) -> Self {
        self.edit(|inner| inner.tenant = Some(tenant.into()))
    }

    /// Sets what the caller may do.
    #[must_use]
    pub fn with_scopes<'a>(self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        self.edit(|inner| inner.scopes = scopes.into_iter().map(Into::into).collect())
    }

    /// Sets what else is known about the caller.
    #[must_use]
    pub fn with_claims(self, claims: Map<String, Value>) -> Self {
        self.edit(|inner| inner.claims = claims)
    }

    /// How the caller proved who it is.
    #[must_use]
    pub fn kind(&self) -> IdentityKind {
        self.inner.kind
    }

    /// Who names the subject.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    /// The caller.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.inner.subject
    }

    /// The tenant the caller acts for.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.inner.tenant.as_deref()
    }

    /// What the caller may do.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.inner.scopes.iter().map(AsRef::as_ref)
    }

    /// Whether the caller has `scope`.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|have| have == scope)
    }

    /// All claims.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.inner.claims
    }

    /// One claim, by name or by a dotted path into nested objects (`realm_access.roles`).
    ///
    /// A name that contains dots (`https://example.com/roles`) is found as it is first.
    #[must_use]
    pub fn claim(&self, path: &str) -> Option<&Value> {
        if let Some(value) = self.inner.claims.get(path) {
            return Some(value);
        }
        let (first, rest) = path.split_once('.')?;
        let first = self.inner.claims.get(first)?;
        rest.split('.')
            .try_fold(first, |value, part| value.get(part))
    }
}

/// The same caller with the same rights.
impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner) || self.inner == other.inner
    }
}

/// Claims may hold anything about a person, so `Debug` names the caller and nothing else.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("kind", &self.inner.kind)
            .field("issuer", &self.inner.issuer)
            .field("subject", &self.inner.subject)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_claims_have_dotted_paths() {
        let Value::Object(claims) = json!({ "a": { "b": 1 }, "x.y": 2 }) else {
            unreachable!()
        };
        let identity = Identity::new(IdentityKind::Jwt, "iss", "sub").with_claims(claims);
        assert_eq!(identity.claim("a.b"), Some(&json!(1)));
        assert_eq!(identity.claim("x.y"), Some(&json!(2)));
        assert_eq!(identity.claim("a.c"), None);
    }
}
