//! WebSocket frames: bounded, and the same messages however the bytes are cut.
#![no_main]

use gateway_ai::websocket::{Peer, Reader};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1 << 12;

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (client, cut, bytes) = input;
    let read = |size: usize| {
        let from = if client { Peer::Client } else { Peer::Server };
        let (mut reader, mut messages) = (Reader::new(from, LIMIT), Vec::new());
        for part in bytes.chunks(size.max(1)) {
            reader.push(part);
            loop {
                match reader.next_message() {
                    Ok(Some(message)) => messages.push(message),
                    Ok(None) => break,
                    Err(fault) => return (messages, Some(fault)),
                }
            }
        }
        (messages, None)
    };
    assert_eq!(read(bytes.len()), read(usize::from(cut)));
});
