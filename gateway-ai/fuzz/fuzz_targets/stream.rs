//! A stream of any dialect: the same events however it is cut, and a printer that survives them.
#![no_main]

use bytes::BytesMut;
use gateway_ai::dialect::{Dialect, ReplyContext};
use libfuzzer_sys::fuzz_target;

const DIALECTS: [Dialect; 5] = Dialect::ALL;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (pick, cut, bytes) = input;
    let dialect = DIALECTS[usize::from(pick) % DIALECTS.len()];
    let read = |size: usize| {
        let mut parser = dialect.stream_parser();
        let mut events = Vec::new();
        for part in bytes.chunks(size.max(1)) {
            parser.push(part, &mut events);
        }
        parser.finish(&mut events);
        events
    };
    let whole = read(bytes.len());
    assert_eq!(whole, read(usize::from(cut)));
    for to in DIALECTS {
        let mut printer = to.stream_printer(ReplyContext::default());
        let mut out = BytesMut::new();
        for event in &whole {
            printer.push(event, &mut out);
        }
    }
});
