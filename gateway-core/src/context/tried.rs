use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The endpoints that earlier attempts at the same request went to.
///
/// A retry inserts it, a balancer adds what it chooses and chooses something else next time. Clones
/// share the list, so that it survives an attempt that never answers.
#[derive(Clone, Debug, Default)]
pub struct Tried {
    names: Arc<Mutex<Vec<Arc<str>>>>,
}

impl Tried {
    /// Nothing was tried.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The endpoint called `name` is being tried.
    pub fn add(&self, name: Arc<str>) {
        self.lock().push(name);
    }

    /// Whether the endpoint called `name` was tried.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.lock().iter().any(|tried| **tried == *name)
    }

    /// Whether nothing was tried yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<str>>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_list() {
        let tried = Tried::new();
        let clone = tried.clone();
        assert!(clone.is_empty());
        clone.add("a".into());
        assert!(tried.contains("a") && clone.contains("a"));
        assert!(!tried.contains("b") && !tried.is_empty());
    }
}
