//! Finding a key. Time is an argument.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use gateway_core::{ErrorKind, Identity};
use subtle::ConstantTimeEq as _;

use super::{
    ApiKey,
    key::{Digest, digest},
};
use crate::identity_headers::{IdentityHeaders, Values};

/// Keys by their digest.
#[derive(Clone, Default)]
pub(super) struct Table {
    entries: HashMap<u64, Vec<Entry>, foldhash::fast::RandomState>,
    seen: Arc<Seen>,
}

/// A key, and all that is said about its caller, made once.
#[derive(Clone)]
pub(super) struct Entry {
    digest: Digest,
    expires: Option<SystemTime>,
    pub(super) identity: Identity,
    pub(super) upstream: Values,
}

impl Table {
    pub(super) fn new(keys: &[ApiKey], issuer: &str, headers: &IdentityHeaders) -> Self {
        let mut table = Self::default();
        for key in keys {
            let identity = key.identity(issuer);
            let entry = Entry {
                digest: key.digest,
                expires: key.expires,
                upstream: headers.values(&identity),
                identity,
            };
            let bucket = table.entries.entry(prefix(&key.digest)).or_default();
            // The last definition of a key holds, as in any map.
            bucket.retain(|old| old.digest != key.digest);
            bucket.push(entry);
        }
        table
    }

    /// Whose `key` it is.
    ///
    /// What is compared are hashes, whose bits a caller cannot choose; the comparison of the whole
    /// takes the same time wherever they differ all the same.
    pub(super) fn find(&self, key: &[u8], now: SystemTime) -> Result<&Entry, ErrorKind> {
        let tag = self.seen.tag(key);
        let place = self.seen.place(tag).or_else(|| {
            let place = self.place(&digest(key))?;
            self.seen.note(tag, place);
            Some(place)
        });
        let entry = place.and_then(|(prefix, at)| self.entries.get(&prefix)?.get(at));
        match entry.ok_or(ErrorKind::KeyInvalid)? {
            Entry {
                expires: Some(at), ..
            } if *at <= now => Err(ErrorKind::KeyExpired),
            entry => Ok(entry),
        }
    }

    fn place(&self, digest: &Digest) -> Option<Place> {
        let prefix = prefix(digest);
        let mut bucket = self.entries.get(&prefix)?.iter();
        let at = bucket.position(|entry| bool::from(entry.digest.ct_eq(digest)))?;
        Some((prefix, at))
    }
}

/// A bucket, and the place in it.
type Place = (u64, usize);

/// Where the keys are that have come before.
///
/// Where a processor has no instructions for it, SHA-256 costs as much as routing a request. A tag
/// of 128 bits under keys that nobody knows (two SipHashes) says as surely that two texts are the
/// same, and nothing about either. Only keys that exist are noted, so there are no more of them.
#[derive(Default)]
struct Seen {
    secrets: [RandomState; 2],
    places: RwLock<HashMap<[u64; 2], Place, foldhash::fast::RandomState>>,
}

impl Seen {
    fn tag(&self, key: &[u8]) -> [u64; 2] {
        self.secrets.each_ref().map(|secret| secret.hash_one(key))
    }

    fn place(&self, tag: [u64; 2]) -> Option<Place> {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        places.get(&tag).copied()
    }

    fn note(&self, tag: [u64; 2], place: Place) {
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        places.insert(tag, place);
    }
}

/// Not even hashes are shown.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").finish_non_exhaustive()
    }
}

fn prefix(digest: &Digest) -> u64 {
    digest
        .first_chunk()
        .map_or(0, |head| u64::from_ne_bytes(*head))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn keys_are_found_until_they_expire() {
        let at = |secs| UNIX_EPOCH + Duration::from_secs(secs);
        let keys = [
            ApiKey::new("a", "key-a"),
            ApiKey::new("b", "key-b").expires(at(100)),
            ApiKey::new("old", "key-c"),
            ApiKey::new("new", "key-c"),
        ];
        let table = Table::new(&keys, "keys", &IdentityHeaders::default());
        let find = |key: &str, secs| {
            let entry = table.find(key.as_bytes(), at(secs));
            entry.map(|entry| entry.identity.subject().to_owned())
        };
        assert_eq!(find("key-a", 1_000), Ok("a".to_owned()));
        assert_eq!(find("key-b", 99), Ok("b".to_owned()));
        assert_eq!(find("key-b", 100), Err(ErrorKind::KeyExpired));
        assert_eq!(find("key-c", 0), Ok("new".to_owned()));
        for wrong in ["", "key-", "key-a ", "KEY-A", "a", "key-a\0"] {
            assert_eq!(find(wrong, 0), Err(ErrorKind::KeyInvalid), "{wrong}");
        }
        // As well when they are known already.
        assert_eq!(find("key-a", 1_000), Ok("a".to_owned()));
        assert_eq!(find("key-b", 100), Err(ErrorKind::KeyExpired));
        assert_eq!(table.seen.places.read().unwrap().len(), 3, "no wrong ones");
        let megabyte = "k".repeat(1 << 20);
        assert_eq!(find(&megabyte, 0), Err(ErrorKind::KeyInvalid));
    }
}
