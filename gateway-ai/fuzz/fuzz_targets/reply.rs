//! A reply of any dialect, read and printed in every other.
#![no_main]

use bytes::BytesMut;
use gateway_ai::dialect::{Dialect, ReplyContext};
use libfuzzer_sys::fuzz_target;

const DIALECTS: [Dialect; 5] = Dialect::ALL;

fuzz_target!(|input: (u8, &[u8])| {
    let (pick, body) = input;
    let from = DIALECTS[usize::from(pick) % DIALECTS.len()];
    let Ok(reply) = from.parse_reply(body) else { return };
    for to in DIALECTS {
        to.print_reply(&reply, &ReplyContext::default(), &mut BytesMut::new());
    }
});
