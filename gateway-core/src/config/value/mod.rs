//! A config file as a tree in which every key and every value knows where it stands.

mod locate;
mod node;
mod redact;
mod source;

pub(in crate::config) use self::locate::join;
pub use self::{
    locate::{Place, Step},
    node::{Entry, KeyNode, Node, Number, Span, Text, Value},
    source::Source,
};

/// A parsed file: its text and the values in it.
#[derive(Clone, Debug)]
pub struct Tree {
    source: Source,
    root: Node,
}

impl Tree {
    pub(super) const fn new(source: Source, root: Node) -> Self {
        Self { source, root }
    }

    /// The text the tree was read from.
    #[must_use]
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// The outermost value.
    #[must_use]
    pub const fn root(&self) -> &Node {
        &self.root
    }

    pub(super) const fn root_mut(&mut self) -> &mut Node {
        &mut self.root
    }
}
