use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
};

use super::error::{At, Kind, ReadError};
use crate::config::{
    Tree, closest,
    value::{Entry, Node, Value},
};

/// What is known about the tree while it is read, again and again.
#[derive(Debug, Default)]
pub(super) struct Context {
    skipped: RefCell<HashSet<At>>,
    unknown: RefCell<Vec<Unknown>>,
    literal_secrets: RefCell<Vec<At>>,
    tries: Cell<usize>,
}

/// A key that nothing reads.
#[derive(Clone, Debug)]
pub(super) struct Unknown {
    pub(super) key: At,
    pub(super) name: String,
    /// Empty where the type does not say what it expects.
    pub(super) expected: Vec<String>,
}

/// What an [`At`] stands for.
#[derive(Clone, Copy)]
pub(super) enum Found<'a> {
    Node(&'a Node),
    Key(&'a Entry),
}

impl Context {
    pub(super) fn skips(&self, entry: &Entry) -> bool {
        let skipped = self.skipped.borrow();
        skipped.contains(&At::key(entry)) || skipped.contains(&At::node(&entry.node))
    }

    pub(super) fn skips_node(&self, node: &Node) -> bool {
        self.skipped.borrow().contains(&At::node(node))
    }

    /// Whether the key is an unknown one that was probably meant to be `name`.
    fn misspells(&self, entry: &Entry, name: &str) -> bool {
        let key = At::key(entry);
        self.unknown.borrow().iter().any(|unknown| {
            let expected = unknown.expected.iter().map(String::as_str);
            unknown.key == key && closest(&unknown.name, expected) == Some(name)
        })
    }

    /// Leaves `at` out from now on; false if it was left out already, so that nothing would change.
    pub(super) fn skip(&self, at: At) -> bool {
        self.tries.set(self.tries.get() + 1);
        self.skipped.borrow_mut().insert(at)
    }

    pub(super) fn tries(&self) -> usize {
        self.tries.get()
    }

    pub(super) fn unknown(&self, entry: &Entry, expected: &[&str]) {
        let key = At::key(entry);
        let mut unknown = self.unknown.borrow_mut();
        if unknown.iter().all(|known| known.key != key) {
            unknown.push(Unknown {
                key,
                name: entry.key.text.clone(),
                expected: expected.iter().map(|name| (*name).to_owned()).collect(),
            });
        }
    }

    pub(super) fn literal_secret(&self, node: &Node) {
        let at = At::node(node);
        let mut literals = self.literal_secrets.borrow_mut();
        if !literals.contains(&at) {
            literals.push(at);
        }
    }

    pub(super) fn take_unknown(&self) -> Vec<Unknown> {
        self.unknown.take()
    }

    pub(super) fn take_literal_secrets(&self) -> Vec<At> {
        self.literal_secrets.take()
    }

    /// The place of `error`, as close as it can be told.
    ///
    /// serde buffers maps for tagged and flattened types, and what goes wrong in the buffer has no
    /// place of its own; but it has a name, which is looked for below the place that is known.
    pub(super) fn refine(&self, tree: &Tree, error: &ReadError) -> At {
        let at = error.at.unwrap_or_else(|| At::node(tree.root()));
        let Some(Found::Node(node)) = find(tree.root(), at) else {
            return at;
        };
        let found = match &error.kind {
            Kind::UnknownField { name, .. } => first(node, &mut |found| match found {
                Found::Key(entry) if entry.key.text == *name && !self.skips(entry) => {
                    Some(At::key(entry))
                }
                Found::Key(_) | Found::Node(_) => None,
            }),
            Kind::UnknownVariant { name, .. } => first(node, &mut |found| match found {
                Found::Key(entry) if entry.key.text == *name && !self.skips(entry) => {
                    Some(At::key(entry))
                }
                Found::Node(node) if node.as_str() == Some(name) => Some(At::node(node)),
                Found::Key(_) | Found::Node(_) => None,
            }),
            Kind::WrongType { .. } | Kind::Invalid(_) | Kind::Missing(_) => None,
        };
        found.unwrap_or(at)
    }

    /// Whether the error only says again what has been reported: a field is missing because its
    /// value was wrong and left out or its name misspelt, or a value is wrong because its reference is not resolved.
    pub(super) fn is_consequence(&self, tree: &Tree, at: At, error: &ReadError) -> bool {
        let Some(Found::Node(node)) = find(tree.root(), at) else {
            return false;
        };
        if matches!(&node.value, Value::String(text) if text.unresolved) {
            return true;
        }
        match &error.kind {
            Kind::Missing(name) => {
                node.entry(name).is_some_and(|entry| self.skips(entry))
                    || node
                        .entries()
                        .iter()
                        .any(|entry| self.misspells(entry, name))
            }
            Kind::Invalid(_) | Kind::WrongType { .. } => {
                node.entries().iter().any(|entry| self.skips(entry))
                    || node.elements().iter().any(|node| self.skips_node(node))
            }
            Kind::UnknownField { .. } | Kind::UnknownVariant { .. } => false,
        }
    }
}

/// What stands at `at`.
pub(super) fn find(root: &Node, at: At) -> Option<Found<'_>> {
    first(root, &mut |found| {
        let hit = match found {
            Found::Node(node) => At::node(node) == at,
            Found::Key(entry) => At::key(entry) == at,
        };
        hit.then_some(found)
    })
}

/// The first key or value at or below `node` that `pick` accepts.
fn first<'a, T>(node: &'a Node, pick: &mut dyn FnMut(Found<'a>) -> Option<T>) -> Option<T> {
    if let Some(picked) = pick(Found::Node(node)) {
        return Some(picked);
    }
    for entry in node.entries() {
        if let Some(picked) = pick(Found::Key(entry)).or_else(|| first(&entry.node, pick)) {
            return Some(picked);
        }
    }
    node.elements().iter().find_map(|node| first(node, pick))
}
