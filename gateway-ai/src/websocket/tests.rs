use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::{Close, Fault, Message, Peer, Reader, write};

const LIMIT: usize = 1 << 20;

fn read(from: Peer, limit: usize, parts: &[&[u8]]) -> (Vec<Message>, Option<Fault>) {
    let (mut reader, mut messages) = (Reader::new(from, limit), Vec::new());
    for part in parts {
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
}

fn fault(from: Peer, wire: &[u8]) -> Option<Fault> {
    read(from, 1000, &[wire]).1
}

fn text(text: &'static str) -> Message {
    Message::Text(Bytes::from_static(text.as_bytes()))
}

#[test]
fn the_examples_of_the_rfc() {
    for (from, wire, expected) in [
        (Peer::Server, &b"\x81\x05Hello"[..], text("Hello")),
        (
            Peer::Client,
            b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
            text("Hello"),
        ),
        (Peer::Server, b"\x01\x03Hel\x80\x02lo", text("Hello")),
        (
            Peer::Server,
            b"\x89\x05Hello",
            Message::Ping(Bytes::from_static(b"Hello")),
        ),
        (
            Peer::Client,
            b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
            Message::Pong(Bytes::from_static(b"Hello")),
        ),
    ] {
        assert_eq!(read(from, LIMIT, &[wire]), (vec![expected], None));
    }
}

#[test]
fn control_frames_come_between_fragments() {
    let wire = b"\x01\x01a\x89\x01p\x00\x01b\x88\x00\x80\x01c";
    let (messages, fault) = read(Peer::Server, LIMIT, &[wire]);
    let ping = Message::Ping(Bytes::from_static(b"p"));
    assert_eq!(messages, [ping, Message::Close(None), text("abc")]);
    assert_eq!(fault, None);
}

#[test]
fn who_breaks_the_protocol_is_told_how() {
    let protocol = |wire: &[u8]| matches!(fault(Peer::Server, wire), Some(Fault::Protocol(_)));
    for wire in [
        &b"\xc1\x00"[..],                            // compressed
        b"\x83\x00",                                 // unknown opcode
        b"\x81\x80\0\0\0\0",                         // a mask
        b"\x09\x00",                                 // half a ping
        b"\x89\x7e\x00\x7e",                         // a long ping
        b"\x80\x00",                                 // a continuation of nothing
        b"\x01\x00\x81\x00",                         // a message within another
        b"\x81\x7e\x00\x05",                         // a wide length
        b"\x81\x7f\0\0\0\0\0\0\xff\xff",             // a wider one
        b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", // a negative one
        b"\x88\x01\x03",                             // half a code
        b"\x88\x02\x03\xed",                         // 1005, which is never sent
    ] {
        assert!(protocol(wire), "{wire:x?}");
    }
    assert!(fault(Peer::Client, b"\x81\x00").is_some());
    let too_long = fault(Peer::Server, b"\x81\x7e\x03\xe9");
    assert_eq!(too_long.map(|fault| fault.code()), Some(1009));
    let summed = fault(
        Peer::Server,
        &[b"\x01\x7e\x03\xe8", &[b'a'; 1000][..], b"\x80\x01"].concat(),
    );
    assert_eq!(summed, Some(Fault::TooLong(1000)));
    for not_utf8 in [&b"\x81\x01\xff"[..], b"\x88\x03\x03\xe8\xff"] {
        let fault = fault(Peer::Server, not_utf8);
        assert_eq!(fault.map(|fault| fault.code()), Some(1007));
    }
}

#[test]
fn a_fault_stays() {
    let mut reader = Reader::new(Peer::Server, LIMIT);
    reader.push(b"\x83\x00");
    let fault = reader.next_message();
    reader.push(b"\x81\x05Hello");
    assert!(fault.is_err() && reader.next_message() == fault);
}

#[test]
fn a_long_reason_is_cut_between_characters() {
    let close = Close::new(1011, &"é".repeat(100));
    assert_eq!(close.reason.len(), 122);
    let mut wire = BytesMut::new();
    write(&Message::Close(Some(close.clone())), None, &mut wire);
    let (messages, _) = read(Peer::Server, LIMIT, &[&wire]);
    assert_eq!(messages, [Message::Close(Some(close))]);
}

fn message() -> impl Strategy<Value = Message> {
    let long = || proptest::collection::vec(any::<u8>(), 0..300).prop_map(Bytes::from);
    let short = || proptest::collection::vec(any::<u8>(), 0..=125).prop_map(Bytes::from);
    prop_oneof![
        ".{0,200}".prop_map(|text| Message::Text(Bytes::from(text))),
        long().prop_map(Message::Binary),
        proptest::collection::vec(any::<u8>(), 65_530..65_550)
            .prop_map(|bytes| Message::Binary(Bytes::from(bytes))),
        short().prop_map(Message::Ping),
        short().prop_map(Message::Pong),
        Just(Message::Close(None)),
        (1000..=1003_u16, ".{0,40}")
            .prop_map(|(code, why)| Message::Close(Some(Close::new(code, &why)))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is written is read, wherever the bytes are cut.
    #[test]
    fn what_is_written_is_read(
        messages in proptest::collection::vec(message(), 0..5),
        mask in any::<Option<[u8; 4]>>(),
        cut in 1_usize..5000,
    ) {
        let mut wire = BytesMut::new();
        for message in &messages {
            write(message, mask, &mut wire);
        }
        let from = if mask.is_some() { Peer::Client } else { Peer::Server };
        let parts: Vec<&[u8]> = wire.chunks(cut).collect();
        prop_assert_eq!(read(from, LIMIT, &parts), (messages, None));
    }

    /// Arbitrary bytes never panic, and mean the same wherever they are cut.
    #[test]
    fn cuts_mean_nothing(
        wire in proptest::collection::vec(
            prop_oneof![any::<u8>(), Just(0x81), Just(0x01), Just(0x80), Just(0x02), Just(0x89)],
            0..64,
        ),
        client in any::<bool>(),
        cut in 1_usize..8,
    ) {
        let from = if client { Peer::Client } else { Peer::Server };
        let parts: Vec<&[u8]> = wire.chunks(cut).collect();
        prop_assert_eq!(read(from, 20, &[&wire]), read(from, 20, &parts));
    }
}
