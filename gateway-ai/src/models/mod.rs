//! Models by name: aliases, targets and the order in which they are tried.

mod alias;
mod target;

pub use self::{
    alias::{Alias, AliasError, Aliases, Plan},
    target::{Target, is_valid_model, target},
};
