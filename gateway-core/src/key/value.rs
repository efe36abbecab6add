use std::{borrow::Borrow, fmt};

use compact_str::CompactString;

/// The value of a [`Key`](super::Key) for one request.
///
/// Up to 24 bytes are held inline, which covers an IPv4 address or a short id without allocating.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyValue(CompactString);

impl KeyValue {
    pub(super) const fn new(value: CompactString) -> Self {
        Self(value)
    }

    /// The value as text. It may name a person: hash it before it leaves the process.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for KeyValue {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for KeyValue {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for KeyValue {
    fn from(value: &str) -> Self {
        Self(value.into())
    }
}

impl fmt::Debug for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyValue").field(&self.0.as_str()).finish()
    }
}
