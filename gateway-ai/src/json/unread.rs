//! What readers leave of the objects they read.
//!
//! Unknown fields either move into an [`Extra`](crate::canonical::Extra) or are dropped with the
//! object they stand in: a choice, a mark, the shell around a union has no place to keep them. No
//! reader has to remember to say so – [`Fields`] that are dropped unread say it themselves, to
//! whoever [watches](watch) on this thread. Reading is synchronous, so the watch ends on the thread
//! it began on, and objects without unknown fields never look at it.

use std::{
    cell::RefCell,
    mem::take,
    ops::{Deref, DerefMut},
};

use serde_json::value::RawValue;

use super::Str;
use crate::loss::Losses;

thread_local! {
    static WATCH: RefCell<Option<Losses>> = const { RefCell::new(None) };
}

/// Runs a reader and tells which unknown fields it dropped, as `unknown.name`.
pub(crate) fn watch<T>(read: impl FnOnce() -> T) -> (T, Losses) {
    let mut losses = Losses::new();
    let out = watch_into(&mut losses, read);
    (out, losses)
}

/// Runs a reader of one piece of many and adds the unknown fields it dropped.
pub(crate) fn watch_into<T>(losses: &mut Losses, read: impl FnOnce() -> T) -> T {
    let outer = WATCH.replace(Some(take(losses)));
    let out = read();
    *losses = WATCH.replace(outer).unwrap_or_default();
    out
}

/// Says that an unknown field is dropped.
#[cold]
pub(crate) fn missed(name: &str) {
    WATCH.with_borrow_mut(|watch| {
        if let Some(losses) = watch {
            losses.add_field("unknown", name);
        }
    });
}

/// The fields a wire struct has no name for, in their order.
#[derive(Debug, Default)]
pub(crate) struct Fields<'a>(Vec<(Str<'a>, &'a RawValue)>);

impl Fields<'_> {
    /// Forgets the fields of an object that is kept whole beside them.
    pub(crate) fn kept(&mut self) {
        self.0.clear();
    }
}

impl<'a> Deref for Fields<'a> {
    type Target = Vec<(Str<'a>, &'a RawValue)>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Fields<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<'a> IntoIterator for Fields<'a> {
    type Item = (Str<'a>, &'a RawValue);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(mut self) -> Self::IntoIter {
        take(&mut self.0).into_iter()
    }
}

impl Drop for Fields<'_> {
    fn drop(&mut self) {
        for (name, _) in &self.0 {
            missed(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields<'_> {
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        Fields(vec![(Str("a".into()), raw), (Str("b".into()), raw)])
    }

    #[test]
    fn what_is_dropped_is_missed_and_what_is_taken_is_not() {
        let ((), losses) = watch(|| drop(fields("1")));
        assert_eq!(losses.to_string(), "unknown.a, unknown.b");
        let (taken, losses) = watch(|| fields("1").into_iter().count());
        assert_eq!((taken, losses.is_empty()), (2, true));
        let ((), losses) = watch(|| fields("1").kept());
        assert!(losses.is_empty());
    }

    #[test]
    fn pieces_add_up() {
        let mut losses = Losses::new();
        for _ in 0..2 {
            watch_into(&mut losses, || drop(fields("1")));
        }
        watch_into(&mut losses, || missed("c"));
        assert_eq!(losses.to_string(), "unknown.a, unknown.b, unknown.c");
    }

    #[test]
    fn a_watch_within_another_keeps_its_own() {
        let (inner, outer) = watch(|| {
            drop(fields("1"));
            watch(|| ()).1
        });
        assert!(inner.is_empty());
        assert_eq!(outer.len(), 2);
        // Nobody watches: nothing to tell, and nothing left for the next.
        drop(fields("1"));
        assert!(watch(|| ()).1.is_empty());
    }
}
