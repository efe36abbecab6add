use std::sync::Arc;

use super::{CacheStats, StoreUsage, state::State};

/// Looks into a cache and purges it.
///
/// A purge also keeps out what is on its way from the origin at that moment, whatever it is: better
/// one miss too many than one old answer.
#[derive(Clone, Debug)]
pub struct CacheHandle {
    state: Arc<State>,
}

impl CacheHandle {
    pub(super) const fn new(state: Arc<State>) -> Self {
        Self { state }
    }

    /// What the layer has done.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        self.state.counters.read()
    }

    /// How much the store keeps.
    #[must_use]
    pub fn usage(&self) -> StoreUsage {
        self.state.store.usage()
    }

    /// Forgets one URI in all its variants and partitions; returns how many keys that were.
    ///
    /// The URI is `http://host/path?query` or `host/path?query`; the scheme is not compared.
    #[must_use]
    pub fn purge_uri(&self, uri: &str) -> usize {
        let wanted = without_scheme(uri);
        self.state
            .store
            .purge(&|key, _| without_scheme(&key.uri()) == wanted)
    }

    /// Forgets all URIs that begin with `prefix`; the scheme is not compared.
    #[must_use]
    pub fn purge_prefix(&self, prefix: &str) -> usize {
        let wanted = without_scheme(prefix);
        self.state
            .store
            .purge(&|key, _| without_scheme(&key.uri()).starts_with(wanted))
    }

    /// Forgets all responses that carry `tag`.
    #[must_use]
    pub fn purge_tag(&self, tag: &str) -> usize {
        self.state.store.purge(&|_, entry| entry.has_tag(tag))
    }

    /// Forgets everything.
    #[must_use]
    pub fn purge_all(&self) -> usize {
        self.state.store.purge(&|_, _| true)
    }
}

fn without_scheme(uri: &str) -> &str {
    match uri.split_once("//") {
        Some((scheme, rest)) if scheme.is_empty() || scheme.ends_with(':') => rest,
        _ => uri,
    }
}
