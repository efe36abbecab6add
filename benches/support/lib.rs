//! What the benches share: payloads like those of real traffic, and a counting allocator's reader.
#![forbid(unsafe_code)]

pub mod cases;
pub mod codecs;
pub mod payloads;
pub mod streams;
