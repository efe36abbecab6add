use std::{collections::BTreeMap, fmt};

use crate::providers::table;

/// The operator's keys, by provider.
#[derive(Clone, Default)]
pub struct Keys {
    by_provider: BTreeMap<String, Vec<String>>,
}

impl Keys {
    /// No keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The keys in the environment variables the vendors' own tools use: `OPENAI_API_KEY`,
    /// `ANTHROPIC_API_KEY`, and so on for every vendor of the [`table`].
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let found = table::all().filter_map(|spec| {
            let key = lookup(spec.key_env?).filter(|key| !key.trim().is_empty())?;
            Some((spec.kind.to_owned(), vec![key]))
        });
        Self {
            by_provider: found.collect(),
        }
    }

    /// Adds a key of a provider.
    #[must_use]
    pub fn key(mut self, provider: &str, key: impl Into<String>) -> Self {
        self.by_provider
            .entry(provider.to_owned())
            .or_default()
            .push(key.into());
        self
    }

    pub(super) fn of(&self, provider: &str) -> &[String] {
        self.by_provider.get(provider).map_or(&[], Vec::as_slice)
    }

    pub(super) fn providers(&self) -> impl Iterator<Item = &str> {
        self.by_provider.keys().map(String::as_str)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_provider.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_vendors_tools_read_and_shows_none() {
        let keys = Keys::from_lookup(|name| match name {
            "OPENAI_API_KEY" => Some("sk-1".to_owned()),
            "GROQ_API_KEY" => Some("  ".to_owned()),
            _ => None,
        });
        assert_eq!(keys.providers().collect::<Vec<_>>(), ["openai"]);
        assert_eq!(keys.of("openai"), ["sk-1"]);
        assert_eq!(format!("{keys:?}"), r#"{"openai"}"#);
    }
}
