//! Bodies that are read and written anew, and what was in one.

mod rewritten;
mod whole;

pub(crate) use self::{rewritten::rewritten, whole::whole};
