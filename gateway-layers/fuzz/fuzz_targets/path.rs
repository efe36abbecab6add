//! Paths: what was cleaned once is clean.
#![no_main]

use gateway_layers::router::path;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(clean) = path::clean(text) else { return };
    let again = path::clean(clean.as_str()).expect("a clean path is a path");
    assert_eq!(clean.as_str(), again.as_str());
});
