//! From the tree to a type, with every mistake on the way.
//!
//! serde stops at the first error. To show all of them, the value an error points at is noted and
//! left out, and the type is read again; what remains is read as if the broken part were not
//! there. A file with ten mistakes is read eleven times, which no one notices.

mod access;
mod context;
mod deserializer;
mod error;
mod report;

use serde::de::DeserializeOwned;

pub use self::report::Scope;
use self::{context::Context, deserializer::NodeDeserializer, error::At};
use super::{Diagnostics, Tree};

/// Reads types out of a [`Tree`].
///
/// ```
/// use gateway_core::config::{Diagnostics, Format, Reader, Source, Style, Tree};
///
/// #[derive(serde::Deserialize)]
/// struct Config { #[allow(dead_code)] listen: String }
///
/// let mut findings = Diagnostics::new();
/// let source = Source::new("gateway.yaml", "lisen: 127.0.0.1:8080\n");
/// let tree = Tree::parse(source, Format::Yaml, &mut findings).unwrap();
/// let config: Option<Config> = Reader::new(&tree).read(&mut findings);
///
/// assert!(config.is_none());
/// assert!(findings.render(Style::Human).contains("did you mean `listen`?"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    tree: &'a Tree,
    describe: fn(&str) -> Option<Scope>,
}

impl<'a> Reader<'a> {
    /// A reader of `tree`.
    #[must_use]
    pub const fn new(tree: &'a Tree) -> Self {
        Self {
            tree,
            describe: |_| None,
        }
    }

    /// Names the sections of the file: from the path of a map to what people call it and where its
    /// schema is found. Defaults to calling it by its path.
    #[must_use]
    pub const fn describe(mut self, describe: fn(&str) -> Option<Scope>) -> Self {
        self.describe = describe;
        self
    }

    /// Reads the whole tree as a `T`, adding everything that is wrong to `findings`.
    ///
    /// A `T` can come back although there were errors: then what was wrong is missing from it. It
    /// serves to look for further mistakes and must not be used otherwise.
    pub fn read<T: DeserializeOwned>(&self, findings: &mut Diagnostics) -> Option<T> {
        let context = Context::default();
        loop {
            let result = T::deserialize(NodeDeserializer::new(self.tree.root(), &context));
            let error = match result {
                Ok(value) => {
                    self.report_ignored(&context, findings);
                    return Some(value);
                }
                Err(error) => error,
            };
            let at = context.refine(self.tree, &error);
            if !context.is_consequence(self.tree, at, &error) {
                findings.push(self.diagnose(&error, at));
            }
            let root = At::node(self.tree.root());
            if at == root || context.tries() >= MAX_TRIES || !context.skip(at) {
                self.report_ignored(&context, findings);
                return None;
            }
        }
    }
}

/// How many mistakes one run shows; whoever has more begins with these.
const MAX_TRIES: usize = 100;

#[cfg(test)]
mod tests;
