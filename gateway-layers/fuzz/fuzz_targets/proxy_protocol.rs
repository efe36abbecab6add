//! PROXY headers: a header never has more bytes than there are, and needs all of those it has.
#![no_main]

use gateway_layers::proxy_protocol::{Parsed, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Parsed::Header(header, used) = parse(bytes) else { return };
    assert_eq!(parse(&bytes[..used]), Parsed::Header(header, used));
    assert_eq!(parse(&bytes[..used - 1]), Parsed::Partial);
});
