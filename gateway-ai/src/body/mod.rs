//! Bodies that are not quite what came in – with something before them, or read and written anew –
//! and what was in one.

mod prefixed;
mod rewritten;
mod whole;

pub(crate) use self::{prefixed::Prefixed, rewritten::rewritten, whole::whole};
