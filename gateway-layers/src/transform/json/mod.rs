//! Edits of JSON text that leave every byte alone which they are not about.
//!
//! Parsing into values and printing them again would lose what JSON leaves to its readers: numbers
//! beyond 64 bits, `1.0` against `1`, the order of members, white space. So the text itself is cut:
//! a scanner finds the spans of members along the pointer, and everything else is copied.

mod edit;
mod scan;

#[cfg(feature = "aggregate")]
pub(crate) use self::edit::find;
pub(super) use self::edit::{Op, apply};
pub(crate) use self::scan::is_json;
