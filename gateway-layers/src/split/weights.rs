use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;

use super::choose::choose;
use crate::rendezvous::{hash, mix};

/// Which share of the requests each target gets. Clones share the weights.
///
/// It is the handle of a running [`Split`](super::Split): [`set`](Self::set) is one atomic step,
/// seen by the next request. Targets are fixed; their weights are relative to each other and may be
/// zero, but not all of them.
#[derive(Clone, Debug)]
pub struct Weights {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    names: Box<[Arc<str>]>,
    hashes: Box<[u64]>,
    current: ArcSwap<Vec<u32>>,
    writer: Mutex<()>,
    random: AtomicU64,
}

/// Why weights were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// No target has a weight above zero.
    #[error("no target has a weight above zero")]
    Nothing,
    /// A target is named twice.
    #[error("`{0}` is named twice")]
    Twice(String),
    /// There is no such target.
    #[error("`{0}` is not a target of this split")]
    Unknown(String),
    /// A target has no new weight.
    #[error("`{0}` has no weight: name every target, with 0 for none")]
    Missing(String),
    /// The weights are no longer those the change was made for.
    #[error("the weights have been changed by somebody else")]
    Changed,
}

impl Weights {
    /// The weights of the targets with these names.
    ///
    /// # Errors
    ///
    /// A name that stands twice, or no weight above zero.
    pub fn new<N: Into<Arc<str>>>(
        targets: impl IntoIterator<Item = (N, u32)>,
    ) -> Result<Self, WeightsError> {
        let (names, weights): (Vec<Arc<str>>, Vec<u32>) = targets
            .into_iter()
            .map(|(name, weight)| (name.into(), weight))
            .unzip();
        let mut seen = HashSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(&***name)) {
            return Err(WeightsError::Twice(twice.as_ref().to_owned()));
        }
        something(&weights)?;
        Ok(Self {
            shared: Arc::new(Shared {
                hashes: names.iter().map(|name| hash(name)).collect(),
                names: names.into(),
                current: ArcSwap::from_pointee(weights),
                writer: Mutex::new(()),
                // A fleet of gateways should not decide in step.
                random: AtomicU64::new(RandomState::new().hash_one(0_u8)),
            }),
        })
    }

    /// Names and weights, in the order they were given.
    #[must_use]
    pub fn get(&self) -> Vec<(Arc<str>, u32)> {
        let current = self.shared.current.load();
        let names = self.shared.names.iter().cloned();
        names.zip(current.iter().copied()).collect()
    }

    /// Sets the weights of all targets in one step.
    ///
    /// # Errors
    ///
    /// Unless every target is named once, and one of them with more than zero. Nothing has changed
    /// then.
    pub fn set<N: AsRef<str>>(
        &self,
        weights: impl IntoIterator<Item = (N, u32)>,
    ) -> Result<(), WeightsError> {
        self.replace(None, weights)
    }

    /// Sets the weights if they are still those with this [`tag`](Self::tag).
    ///
    /// # Errors
    ///
    /// Those of [`set`](Self::set), and [`WeightsError::Changed`].
    pub fn set_if<N: AsRef<str>>(
        &self,
        tag: u64,
        weights: impl IntoIterator<Item = (N, u32)>,
    ) -> Result<(), WeightsError> {
        self.replace(Some(tag), weights)
    }

    /// A number that stands for the current weights: equal weights have equal tags.
    #[must_use]
    pub fn tag(&self) -> u64 {
        let current = self.shared.current.load();
        let pairs = self.shared.hashes.iter().zip(current.iter());
        pairs.fold(0, |tag, (name, weight)| {
            mix(tag ^ name.wrapping_add(u64::from(*weight)))
        })
    }

    fn replace<N: AsRef<str>>(
        &self,
        tag: Option<u64>,
        weights: impl IntoIterator<Item = (N, u32)>,
    ) -> Result<(), WeightsError> {
        let mut next = vec![None; self.shared.names.len()];
        for (name, weight) in weights {
            let name = name.as_ref();
            let index = self
                .index_of(name)
                .ok_or_else(|| WeightsError::Unknown(name.to_owned()))?;
            if next[index].replace(weight).is_some() {
                return Err(WeightsError::Twice(name.to_owned()));
            }
        }
        let pairs = next.into_iter().zip(&self.shared.names);
        let next: Vec<u32> = pairs
            .map(|(weight, name)| {
                weight.ok_or_else(|| WeightsError::Missing(name.as_ref().to_owned()))
            })
            .collect::<Result<_, _>>()?;
        something(&next)?;
        let _writing = self
            .shared
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if tag.is_some_and(|tag| tag != self.tag()) {
            return Err(WeightsError::Changed);
        }
        self.shared.current.store(Arc::new(next));
        Ok(())
    }

    pub(super) fn names(&self) -> &[Arc<str>] {
        &self.shared.names
    }

    pub(super) fn index_of(&self, name: &str) -> Option<usize> {
        self.shared.names.iter().position(|known| **known == *name)
    }

    /// The target of a key.
    pub(super) fn target_of(&self, key: &str) -> usize {
        self.choose(hash(key))
    }

    /// The target of a request without a key.
    pub(super) fn any_target(&self) -> usize {
        let step = 0x9e37_79b9_7f4a_7c15;
        let state = self.shared.random.fetch_add(step, Ordering::Relaxed);
        self.choose(mix(state.wrapping_add(step)))
    }

    fn choose(&self, key: u64) -> usize {
        let weights = self.shared.current.load();
        choose(key, &self.shared.hashes, &weights).expect("some weight is above zero")
    }
}

fn something(weights: &[u32]) -> Result<(), WeightsError> {
    if weights.iter().any(|weight| *weight > 0) {
        Ok(())
    } else {
        Err(WeightsError::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights() -> Weights {
        Weights::new([("a", 95), ("b", 5)]).unwrap()
    }

    #[test]
    fn a_change_is_whole_or_refused() {
        let weights = weights();
        for (bad, error) in [
            (vec![("a", 1)], WeightsError::Missing("b".to_owned())),
            (vec![("a", 0), ("b", 0)], WeightsError::Nothing),
            (
                vec![("a", 1), ("c", 1)],
                WeightsError::Unknown("c".to_owned()),
            ),
            (
                vec![("a", 1), ("a", 1)],
                WeightsError::Twice("a".to_owned()),
            ),
        ] {
            assert_eq!(weights.set(bad), Err(error));
            assert_eq!(weights.get(), [("a".into(), 95), ("b".into(), 5)]);
        }
        weights.set([("b", 2), ("a", 1)]).unwrap();
        assert_eq!(weights.get(), [("a".into(), 1), ("b".into(), 2)]);
    }

    #[test]
    fn no_change_is_made_on_top_of_another() {
        let weights = weights();
        let seen = weights.tag();
        weights.set_if(seen, [("a", 50), ("b", 50)]).unwrap();
        let late = weights.set_if(seen, [("a", 0), ("b", 100)]);
        assert_eq!(late, Err(WeightsError::Changed));
        weights.set([("a", 95), ("b", 5)]).unwrap();
        assert_eq!(weights.tag(), seen);
    }

    #[test]
    fn what_cannot_be_split_is_refused() {
        let none: [(&str, u32); 0] = [];
        assert_eq!(Weights::new(none).unwrap_err(), WeightsError::Nothing);
        assert_eq!(
            Weights::new([("a", 1), ("a", 2)]).unwrap_err(),
            WeightsError::Twice("a".to_owned())
        );
    }
}
