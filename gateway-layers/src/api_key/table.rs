//! Finding a key. Time is an argument.

use std::{collections::HashMap, fmt, time::SystemTime};

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
        let digest = digest(key);
        let bucket = self
            .entries
            .get(&prefix(&digest))
            .map_or(&[][..], Vec::as_slice);
        let entry = bucket
            .iter()
            .find(|entry| bool::from(entry.digest.ct_eq(&digest)))
            .ok_or(ErrorKind::KeyInvalid)?;
        match entry.expires {
            Some(at) if at <= now => Err(ErrorKind::KeyExpired),
            _ => Ok(entry),
        }
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
        let megabyte = "k".repeat(1 << 20);
        assert_eq!(find(&megabyte, 0), Err(ErrorKind::KeyInvalid));
    }
}
