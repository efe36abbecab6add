//! Keys: what is printed reads back as the same key.
#![no_main]

use gateway_core::Key;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(key) = text.parse::<Key>() {
        assert_eq!(key.to_string().parse::<Key>().as_ref(), Ok(&key));
    }
});
