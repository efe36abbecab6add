//! Finding `model` and `stream` in anything that calls itself JSON.
#![no_main]

use gateway_ai::peek::Peek;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let _ = Peek::read(body);
});
