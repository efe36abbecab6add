//! A request of any dialect, read and printed in every other.
#![no_main]

use bytes::BytesMut;
use gateway_ai::dialect::{Dialect, Target, Url};
use libfuzzer_sys::fuzz_target;

const DIALECTS: [Dialect; 5] = Dialect::ALL;

fuzz_target!(|input: (u8, &[u8])| {
    let (pick, body) = input;
    let from = DIALECTS[usize::from(pick) % DIALECTS.len()];
    let url = Url { model: Some("model"), stream: Some(pick & 128 != 0) };
    let Ok(request) = from.parse_request(body, url) else { return };
    for to in DIALECTS {
        let mut out = BytesMut::new();
        let _ = to.print_request(&request, &Target::new(to, "model"), &mut out);
    }
});
