//! JSON without a tree: borrowing readers for the wire shapes and a writer straight into the
//! output buffer.
//!
//! A request or a chunk is read once into structs that borrow from the input, and written once into
//! the buffer that is sent. No `serde_json::Value` lies between.

mod object;
mod scan;
mod skim;
mod text;
mod unread;
mod writer;

pub(crate) use self::{
    object::{fill, locate, skip, wire},
    scan::is_plain,
    skim::{Member, Members, SkimError},
    text::{Content, Loose, OneOrMany, Str},
    unread::{Fields, missed, watch, watch_into},
    writer::Writer,
};

/// What some servers write before their JSON, though RFC 8259 (§8.1) forbids it.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
