use std::sync::OnceLock;

/// A few values by small keys, found without a lock.
///
/// A route answers with a handful of statuses; a chain of cells that are filled once is shorter
/// than the hashing of labels. It grows to a bound, then answers with its last value.
pub(super) struct Slots<K, V> {
    first: OnceLock<Box<Slot<K, V>>>,
}

struct Slot<K, V> {
    key: K,
    value: V,
    next: OnceLock<Box<Self>>,
}

impl<K: Copy + PartialEq, V> Slots<K, V> {
    pub(super) const fn new() -> Self {
        Self {
            first: OnceLock::new(),
        }
    }

    /// The value for `key`, made by `make` the first time. `make` hears `None` for the value that
    /// stands for all keys beyond the bound.
    pub(super) fn get(&self, key: K, make: impl Fn(Option<K>) -> V) -> &V {
        let (mut cell, mut index) = (&self.first, 0);
        loop {
            let last = index == MAX;
            let slot = cell.get_or_init(|| {
                Box::new(Slot {
                    key,
                    value: make((!last).then_some(key)),
                    next: OnceLock::new(),
                })
            });
            if slot.key == key || last {
                return &slot.value;
            }
            cell = &slot.next;
            index += 1;
        }
    }
}

/// Values with a key of their own.
const MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_gives_the_same_value_up_to_the_bound() {
        let slots = Slots::new();
        let get = |key: usize| *slots.get(key, |key| key.map_or(usize::MAX, |key| key * 2));
        assert_eq!((get(1), get(2), get(1)), (2, 4, 2));
        for key in 3..=MAX {
            assert_eq!(get(key), key * 2);
        }
        assert_eq!((get(100), get(101), get(2)), (usize::MAX, usize::MAX, 4));
    }
}
