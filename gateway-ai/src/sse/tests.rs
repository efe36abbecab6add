use std::path::PathBuf;

use base64::Engine as _;
use proptest::prelude::*;

use super::*;

type Owned = (String, String, String);

fn collect(chunks: &[&[u8]]) -> Vec<Owned> {
    let mut framer = Framer::default();
    let mut out = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for chunk in chunks {
        framer
            .push(chunk, |frame| {
                out.push((text(frame.event), text(frame.data), frame.id.to_owned()))
            })
            .unwrap();
    }
    framer.finish(|frame| out.push((text(frame.event), text(frame.data), frame.id.to_owned())));
    out
}

fn data(bytes: &str) -> Vec<String> {
    collect(&[bytes.as_bytes()])
        .into_iter()
        .map(|(_, data, _)| data)
        .collect()
}

#[test]
fn line_ends_and_spaces() {
    for text in [
        "data: a\n\ndata:b\n\n",
        "data: a\r\n\r\ndata:b\r\n\r\n",
        "data: a\r\rdata:b\r\r",
    ] {
        assert_eq!(data(text), ["a", "b"], "{text:?}");
    }
    assert_eq!(data("data:  a\n\n"), [" a"]);
}

#[test]
fn several_data_lines_join() {
    assert_eq!(data("data: a\ndata:\ndata: b\n\n"), ["a\n\nb"]);
    assert_eq!(data("data\n\n"), [""]);
}

#[test]
fn comments_and_strangers_are_skipped() {
    assert_eq!(
        data(": hi\n\nretry: 5\nfoo: bar\ndata: a\n:x\n\n\n\n"),
        ["a"]
    );
}

#[test]
fn a_missing_blank_line_ends_the_last_event() {
    assert_eq!(data("data: a\n\ndata: [DONE]"), ["a", "[DONE]"]);
    assert_eq!(data("data: a\n\ndata: b\n"), ["a", "b"]);
}

#[test]
fn a_byte_order_mark_counts_at_the_start_only() {
    assert_eq!(
        data("\u{feff}data: a\n\n\u{feff}data: b\n\ndata: c\n\n"),
        ["a", "c"]
    );
}

#[test]
fn an_event_has_a_limit() {
    let mut framer = Framer::new(100);
    assert!(framer.push(b"data: ", |_| {}).is_ok());
    assert!(framer.push(&[b'x'; 94], |_| {}).is_ok());
    assert_eq!(
        framer.push(b"xxxxxxxxx", |_| {}),
        Err(TooLong { limit: 100 })
    );
    let mut framer = Framer::new(100);
    let lines = "data: 0123456789\n".repeat(20);
    assert_eq!(
        framer.push(lines.as_bytes(), |_| {}),
        Err(TooLong { limit: 100 })
    );
}

#[test]
fn events_within_a_chunk_are_not_copied() {
    let chunk = b"event: e\ndata: abc\n\n";
    let range = chunk.as_ptr_range();
    Framer::default()
        .push(chunk, |frame| {
            assert!(range.contains(&frame.data.as_ptr()) && range.contains(&frame.event.as_ptr()));
            assert_eq!(frame.end, chunk.len());
        })
        .unwrap();
}

#[test]
fn every_split_point_gives_the_same_events() {
    let text =
        "\u{feff}: c\r\nid: 1\r\nevent: äö\r\ndata: ü€😀\r\ndata: x\r\n\r\ndata:y\n\rdata: z\r\r\n";
    let whole = collect(&[text.as_bytes()]);
    assert_eq!(whole.len(), 3);
    for at in 0..=text.len() {
        let (head, tail) = text.as_bytes().split_at(at);
        assert_eq!(collect(&[head, tail]), whole, "cut at {at}");
    }
    let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    assert_eq!(collect(&bytes), whole);
}

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    bytes_b64: String,
    expect_events: Vec<Expected>,
}

#[derive(serde::Deserialize)]
struct Expected {
    event: String,
    data: String,
    id: String,
}

#[test]
fn conforms_to_the_web_platform_tests() {
    let path = std::env::var_os("GATEWAY_CONFORMANCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance"),
        PathBuf::from,
    );
    let Ok(cases) = std::fs::read_to_string(path.join("eventsource.jsonl")) else {
        eprintln!("SKIPPED: no eventsource.jsonl in {}", path.display());
        return;
    };
    assert!(!cases.is_empty(), "no case");
    for line in cases.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(&case.bytes_b64)
            .unwrap();
        let expected: Vec<Owned> = case
            .expect_events
            .into_iter()
            .map(|e| {
                (
                    if e.event == "message" {
                        String::new()
                    } else {
                        e.event
                    },
                    e.data,
                    e.id,
                )
            })
            .collect();
        for at in 0..=bytes.len() {
            let mut got = collect(&[&bytes[..at], &bytes[at..]]);
            // A browser drops an event without its blank line; this framer keeps it on purpose.
            got.truncate(
                expected
                    .len()
                    .max(got.len() - usize::from(!ends_blank(&bytes))),
            );
            assert_eq!(got, expected, "{} cut at {at}", case.name);
        }
    }
}

fn ends_blank(bytes: &[u8]) -> bool {
    [&b"\n\n"[..], b"\r\r", b"\r\n\r\n", b"\n\r"]
        .iter()
        .any(|end| bytes.ends_with(end))
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_events(
        bytes in prop::collection::vec(prop::sample::select(b"data: \r\n:xevnt\xef\xbb\xbf".to_vec()), 0..200),
        cuts in prop::collection::vec(0_usize..200, 0..8),
    ) {
        let whole = collect(&[&bytes]);
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|at| *at <= bytes.len()).collect();
        cuts.sort_unstable();
        let (mut chunks, mut from) = (Vec::new(), 0);
        for at in cuts {
            chunks.push(&bytes[from..at]);
            from = at;
        }
        chunks.push(&bytes[from..]);
        prop_assert_eq!(collect(&chunks), whole);
    }
}
