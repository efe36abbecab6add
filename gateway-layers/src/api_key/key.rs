use std::{collections::HashMap, fmt, time::SystemTime};

use gateway_core::{Identity, context::IdentityKind};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A key and what its bearer may do.
///
/// Only the digest of the secret is kept.
#[derive(Clone)]
pub struct ApiKey {
    digest: Digest,
    empty: bool,
    id: Option<Box<str>>,
    tenant: Option<Box<str>>,
    scopes: Vec<Box<str>>,
    models: Option<Vec<Box<str>>>,
    expires: Option<SystemTime>,
}

type Digest = [u8; 32];

impl ApiKey {
    /// The key with this secret.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self {
            digest: digest(secret.as_bytes()),
            empty: secret.trim().is_empty(),
            id: None,
            tenant: None,
            scopes: Vec::new(),
            models: None,
            expires: None,
        }
    }

    /// Names the key: the subject of its identity, in keys and logs. Defaults to `key-` and the first
    /// eight hex digits of the digest, which identify a key and do not help to guess it.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The tenant the bearer acts for. Defaults to none.
    #[must_use]
    pub fn tenant(mut self, tenant: &str) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// What the bearer may do. Defaults to nothing in particular.
    #[must_use]
    pub fn scopes<'a>(mut self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The models the bearer may call, as the claim `models`. Defaults to all.
    #[must_use]
    pub fn models<'a>(mut self, models: impl IntoIterator<Item = &'a str>) -> Self {
        self.models = Some(models.into_iter().map(Into::into).collect());
        self
    }

    /// When the key stops working. Defaults to never.
    #[must_use]
    pub const fn expires_at(mut self, expires: SystemTime) -> Self {
        self.expires = Some(expires);
        self
    }

    fn name(&self) -> String {
        let [a, b, c, d, ..] = self.digest;
        self.id.as_deref().map_or_else(
            || format!("key-{a:02x}{b:02x}{c:02x}{d:02x}"),
            str::to_owned,
        )
    }

    fn identity(&self, name: &str) -> Identity {
        let identity = Identity::new(IdentityKind::ApiKey, "api_key", name)
            .with_scopes(self.scopes.iter().map(AsRef::as_ref));
        let identity = match &self.tenant {
            Some(tenant) => identity.with_tenant(tenant),
            None => identity,
        };
        let Some(models) = &self.models else {
            return identity;
        };
        let models = models.iter().map(|model| Value::from(&**model)).collect();
        identity.with_claims(Map::from_iter([(
            "models".to_owned(),
            Value::Array(models),
        )]))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// Why a set of keys was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A key is empty.
    #[error("key {0} is empty")]
    Empty(usize),
    /// A key stands twice; which rights it has would depend on the order.
    #[error("keys {0} and {1} are the same")]
    Repeated(usize, usize),
    /// Two keys have one id, so that neither logs nor limits could tell them apart.
    #[error("keys {0} and {1} have the same id")]
    SameId(usize, usize),
}

/// All keys, by digest.
#[derive(Clone, Debug)]
pub(super) struct KeySet {
    keys: HashMap<Digest, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    digest: Digest,
    identity: Identity,
    expires: Option<SystemTime>,
}

/// What a key in a request is.
#[derive(Debug)]
pub(super) enum Found<'a> {
    Valid(&'a Identity),
    Expired,
    Unknown,
}

impl KeySet {
    pub(super) fn new(keys: impl IntoIterator<Item = ApiKey>) -> Result<Self, KeyError> {
        let mut by_digest = HashMap::new();
        let mut seen: HashMap<Digest, usize> = HashMap::new();
        let mut names: HashMap<String, usize> = HashMap::new();
        for (at, key) in keys.into_iter().enumerate() {
            if key.empty {
                return Err(KeyError::Empty(at));
            }
            if let Some(first) = seen.insert(key.digest, at) {
                return Err(KeyError::Repeated(first, at));
            }
            let name = key.name();
            let identity = key.identity(&name);
            if let Some(first) = names.insert(name, at) {
                return Err(KeyError::SameId(first, at));
            }
            let known = Known {
                digest: key.digest,
                identity,
                expires: key.expires,
            };
            by_digest.insert(key.digest, known);
        }
        Ok(Self { keys: by_digest })
    }

    pub(super) fn find(&self, secret: &[u8], now: SystemTime) -> Found<'_> {
        let digest = digest(secret);
        match self.keys.get(&digest) {
            Some(known) if !bool::from(known.digest.ct_eq(&digest)) => Found::Unknown,
            Some(known) if known.expires.is_some_and(|expires| expires <= now) => Found::Expired,
            Some(known) => Found::Valid(&known.identity),
            None => Found::Unknown,
        }
    }
}

fn digest(secret: &[u8]) -> Digest {
    Sha256::digest(secret).into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn finds_keys_by_their_secret_until_they_expire() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let keys = KeySet::new([
            ApiKey::new("one").id("first"),
            ApiKey::new("two").expires_at(now),
        ])
        .unwrap();
        assert!(matches!(keys.find(b"one", now), Found::Valid(who) if who.subject() == "first"));
        assert!(matches!(keys.find(b"two", now), Found::Expired));
        assert!(matches!(
            keys.find(b"two", now - Duration::from_secs(1)),
            Found::Valid(_)
        ));
        assert!(matches!(keys.find(b"onE", now), Found::Unknown));
    }

    #[test]
    fn a_set_is_checked_when_it_is_made() {
        let set = |keys: Vec<ApiKey>| KeySet::new(keys).unwrap_err();
        assert_eq!(set(vec![ApiKey::new(" ")]), KeyError::Empty(0));
        let twice = vec![ApiKey::new("a").id("x"), ApiKey::new("a").id("y")];
        assert_eq!(set(twice), KeyError::Repeated(0, 1));
        let named = vec![ApiKey::new("a").id("x"), ApiKey::new("b").id("x")];
        assert_eq!(set(named), KeyError::SameId(0, 1));
    }

    #[test]
    fn no_secret_is_printed() {
        let key = ApiKey::new("hunter2");
        assert!(!format!("{key:?}").contains("hunter2"));
        let set = KeySet::new([key]).unwrap();
        assert!(!format!("{set:?}").contains("hunter2"));
    }
}
