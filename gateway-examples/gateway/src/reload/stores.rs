use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;

/// State that survives a reload, by type and name.
///
/// A stack is built from a [`Draft`], which gives it what is there and keeps what it asks for;
/// what the new stack does not ask for goes when the draft is adopted. A name must hold all that
/// makes the state what it is: a cache asked for as `cache/orders/64MiB` starts afresh when its
/// size changes.
#[derive(Default)]
pub struct Stores {
    current: ArcSwap<Map>,
}

/// The stores of a stack that is being built.
pub struct Draft {
    previous: Arc<Map>,
    next: Mutex<Map>,
}

type Map = HashMap<(TypeId, String), Arc<dyn Any + Send + Sync>>;

impl Stores {
    /// No stores.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The stores for the next stack. Dropping the draft changes nothing.
    #[must_use]
    pub fn draft(&self) -> Draft {
        Draft {
            previous: self.current.load_full(),
            next: Mutex::default(),
        }
    }

    /// Keeps what `draft` was asked for, and nothing else.
    pub fn adopt(&self, draft: Draft) {
        let next = draft
            .next
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        self.current.store(Arc::new(next));
    }

    /// How many stores are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.current.load().len()
    }

    /// Whether no store is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Draft {
    /// The store called `name`: the one of the stack before, or else a new one.
    pub fn get_or<T, F>(&self, name: &str, make: F) -> Arc<T>
    where
        T: Send + Sync + 'static,
        F: FnOnce() -> T,
    {
        let made: Result<_, std::convert::Infallible> = self.try_get_or(name, || Ok(make()));
        match made {
            Ok(store) => store,
            Err(never) => match never {},
        }
    }

    /// The store called `name`, or a new one, which may fail to be made.
    ///
    /// # Errors
    ///
    /// Those of `make`.
    pub fn try_get_or<T, E, F>(&self, name: &str, make: F) -> Result<Arc<T>, E>
    where
        T: Send + Sync + 'static,
        F: FnOnce() -> Result<T, E>,
    {
        let key = (TypeId::of::<T>(), name.to_owned());
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let found = next.get(&key).or_else(|| self.previous.get(&key)).cloned();
        let store = match found.and_then(|any| any.downcast::<T>().ok()) {
            Some(store) => store,
            None => Arc::new(make()?),
        };
        next.insert(key, Arc::clone(&store) as Arc<dyn Any + Send + Sync>);
        Ok(store)
    }
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let map = self.current.load();
        f.debug_set()
            .entries(map.keys().map(|(_, name)| name))
            .finish()
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(type_name::<Self>()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn a_store_survives_while_it_is_asked_for() {
        let stores = Stores::new();
        let first = stores.draft();
        first
            .get_or("a", || AtomicU32::new(0))
            .fetch_add(7, Ordering::Relaxed);
        first.get_or("b", || AtomicU32::new(0));
        stores.adopt(first);
        assert_eq!(stores.len(), 2);

        let second = stores.draft();
        let kept = second.get_or("a", || AtomicU32::new(0));
        assert_eq!(kept.load(Ordering::Relaxed), 7);
        stores.adopt(second);
        assert_eq!(stores.len(), 1);

        let third = stores.draft();
        assert_eq!(
            third
                .get_or("b", || AtomicU32::new(1))
                .load(Ordering::Relaxed),
            1
        );
    }

    #[test]
    fn a_draft_that_is_dropped_changes_nothing() {
        let stores = Stores::new();
        stores.draft().get_or("a", || 1_u8);
        assert!(stores.is_empty());
    }

    #[test]
    fn types_have_names_of_their_own() {
        let draft = Stores::new().draft();
        assert_eq!(*draft.get_or("a", || 1_u8), 1);
        assert_eq!(*draft.get_or("a", || 2_u16), 2);
        assert_eq!(*draft.get_or("a", || 3_u8), 1);
        assert_eq!(draft.try_get_or("c", || Err::<u8, _>("no")), Err("no"));
    }
}
