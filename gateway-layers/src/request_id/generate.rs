use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::{SystemTime, UNIX_EPOCH},
};

use gateway_core::RequestId;
use http::HeaderValue;
use uuid::Builder;

/// A new id. A clock before 1970 gives ids that do not sort, but are as unique.
pub(super) fn fresh() -> RequestId {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.map_or(0, |since| since.as_millis());
    id(u64::try_from(millis).unwrap_or(u64::MAX), random())
}

/// The standard library draws keys from the system once per thread and steps them for each new
/// state; hashed, they are distinct and unpredictable enough for an id that is no secret.
fn random() -> u128 {
    let half = || u128::from(RandomState::new().build_hasher().finish());
    half() << 64 | half()
}

fn id(millis: u64, random: u128) -> RequestId {
    let [_, _, _, _, _, _, random @ ..] = random.to_be_bytes();
    let uuid = Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    let text = uuid.as_hyphenated().encode_lower(&mut text);
    HeaderValue::from_str(text)
        .ok()
        .and_then(RequestId::new)
        .expect("hex digits and hyphens are visible ASCII")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_version_7_and_sort_by_time() {
        let early = id(0x0192_0000_0000, u128::MAX);
        let late = id(0x0192_0000_0001, 0);
        assert_eq!(early.as_str(), "01920000-0000-7fff-bfff-ffffffffffff");
        assert_eq!(late.as_str(), "01920000-0001-7000-8000-000000000000");
        assert!(early.as_str() < late.as_str());
    }

    #[test]
    fn ids_are_unique_across_threads() {
        let make = || (0..20_000).map(|_| fresh()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(make)).collect();
        let ids: HashSet<_> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!(ids.len(), 80_000);
    }
}
