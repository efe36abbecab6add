//! Bodies that are not quite what came in: with something before them, or read and written anew.

mod prefixed;
mod rewritten;

pub(crate) use self::{prefixed::Prefixed, rewritten::rewritten};
