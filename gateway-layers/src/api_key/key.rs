use std::{fmt, time::SystemTime};

use gateway_core::{Identity, context::IdentityKind};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// A key, by its SHA-256, and whom it stands for.
///
/// The key itself is not kept. A plain hash is right for keys, which are random and long; it is not
/// for passwords, which are neither.
#[derive(Clone)]
pub struct ApiKey {
    pub(super) digest: Digest,
    id: Box<str>,
    tenant: Option<Box<str>>,
    scopes: Vec<Box<str>>,
    claims: Map<String, Value>,
    pub(super) expires: Option<SystemTime>,
}

pub(super) type Digest = [u8; 32];

impl ApiKey {
    /// The key `key` of the caller `id`.
    #[must_use]
    pub fn new(id: &str, key: &str) -> Self {
        Self::hashed(id, digest(key.as_bytes()))
    }

    /// A key without a name: its id is the beginning of its SHA-256, `sha256:0123456789ab`.
    #[must_use]
    pub fn unnamed(key: &str) -> Self {
        use fmt::Write as _;
        let digest = digest(key.as_bytes());
        let mut id = String::from("sha256:");
        for byte in &digest[..6] {
            _ = write!(id, "{byte:02x}");
        }
        Self::hashed(&id, digest)
    }

    /// The key with this SHA-256, of the caller `id`.
    #[must_use]
    pub fn hashed(id: &str, sha256: [u8; 32]) -> Self {
        Self {
            digest: sha256,
            id: id.into(),
            tenant: None,
            scopes: Vec::new(),
            claims: Map::new(),
            expires: None,
        }
    }

    /// The tenant the caller acts for. Defaults to none.
    #[must_use]
    pub fn tenant(mut self, tenant: &str) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// What the caller may do. Defaults to nothing in particular.
    #[must_use]
    pub fn scopes<'a>(mut self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The models the caller may ask for, as the claim `models`, which AI routes read. Defaults to
    /// all.
    #[must_use]
    pub fn models<'a>(self, models: impl IntoIterator<Item = &'a str>) -> Self {
        let models = models.into_iter().map(Value::from).collect();
        self.claim("models", Value::Array(models))
    }

    /// Something else that is known about the caller.
    #[must_use]
    pub fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims.insert(name.to_owned(), value);
        self
    }

    /// When the key stops working. Defaults to never.
    #[must_use]
    pub fn expires(mut self, at: SystemTime) -> Self {
        self.expires = Some(at);
        self
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn identity(&self, issuer: &str) -> Identity {
        let identity = Identity::new(IdentityKind::ApiKey, issuer, &self.id)
            .with_scopes(self.scopes.iter().map(AsRef::as_ref))
            .with_claims(self.claims.clone());
        match &self.tenant {
            Some(tenant) => identity.with_tenant(tenant),
            None => identity,
        }
    }
}

/// Not even the hash is shown.
impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("scopes", &self.scopes)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

pub(super) fn digest(key: &[u8]) -> Digest {
    Sha256::digest(key).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_unnamed_keys_are_stable_and_debug_hides_them_all() {
        let key = ApiKey::unnamed("abc");
        assert_eq!(key.id(), "sha256:ba7816bf8f01");
        assert!(!format!("{:?}", ApiKey::new("id", "s3cr3t")).contains("s3cr3t"));
    }
}
