//! Server-sent events: bounded, and the same frames however the bytes are cut.
#![no_main]

use gateway_ai::sse::Framer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, bytes) = input;
    let read = |size: usize| {
        let mut framer = Framer::new(1 << 16);
        let mut data = Vec::new();
        for part in bytes.chunks(size.max(1)) {
            if framer.push(part, |frame| data.push(frame.data.to_vec())).is_err() {
                return None;
            }
        }
        framer.finish(|frame| data.push(frame.data.to_vec()));
        Some(data)
    };
    assert_eq!(read(bytes.len()), read(usize::from(cut)));
});
