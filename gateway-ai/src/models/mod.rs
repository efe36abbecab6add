//! Models by name: aliases, targets and the order in which they are tried.

mod alias;
mod builder;
mod catalog;
mod keys;
mod target;

pub(crate) use self::catalog::may_use;
pub use self::{
    alias::{Alias, AliasError, Aliases, Plan},
    builder::{Models, ModelsError},
    catalog::Catalog,
    keys::Keys,
    target::{Target, is_valid_model, target},
};
