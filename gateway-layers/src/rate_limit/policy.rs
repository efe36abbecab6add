use std::{fmt, sync::Arc};

use gateway_core::Key;

use super::Quota;

/// A quota with a name, and perhaps a key of its own.
///
/// The name is what `RateLimit` headers and `violated-policies` say, and – with the key – what
/// identifies a counter: two layers that share a store count together where their policies have one
/// name.
#[derive(Clone, Debug)]
pub struct Policy {
    name: Arc<str>,
    quota: Quota,
    key: Option<Key>,
}

impl Policy {
    /// A policy by name.
    ///
    /// # Errors
    ///
    /// If the name is not 1 to 64 of letters, digits, `-`, `_` and `.`: it is printed in headers.
    pub fn new(name: &str, quota: Quota) -> Result<Self, InvalidName> {
        let fits = (1..=64).contains(&name.len());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !fits || !name.bytes().all(plain) {
            return Err(InvalidName(name.into()));
        }
        Ok(Self {
            name: name.into(),
            quota,
            key: None,
        })
    }

    pub(super) fn default_of(quota: Quota) -> Self {
        Self {
            name: "default".into(),
            quota,
            key: None,
        }
    }

    /// Counts by `key`. Defaults to the key of the layer.
    #[must_use]
    pub fn key(mut self, key: Key) -> Self {
        self.key = Some(key);
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The quota.
    #[must_use]
    pub const fn quota(&self) -> Quota {
        self.quota
    }

    pub(super) fn key_or<'a>(&'a self, default: &'a Key) -> &'a Key {
        self.key.as_ref().unwrap_or(default)
    }
}

/// A name that cannot be printed in a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidName(Box<str>);

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a policy name: write 1 to 64 letters, digits, `-`, `_` or `.`",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for InvalidName {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate_limit::per_second;

    #[test]
    fn names_fit_into_headers() {
        assert!(Policy::new("per-user.v1", per_second(1)).is_ok());
        for name in ["", "a b", "a\"b", "é", "a\r\nb", &"a".repeat(65)] {
            assert!(Policy::new(name, per_second(1)).is_err(), "{name}");
        }
    }
}
