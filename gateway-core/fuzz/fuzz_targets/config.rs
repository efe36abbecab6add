//! Config text in each format.
#![no_main]

use gateway_core::config::{Diagnostics, Format, Source, Tree};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str)| {
    let (pick, text) = input;
    let format = [Format::Yaml, Format::Toml, Format::Json][usize::from(pick) % 3];
    let _ = Tree::parse(Source::new("fuzz", text), format, &mut Diagnostics::new());
});
