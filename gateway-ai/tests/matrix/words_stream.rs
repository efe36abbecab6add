//! A word nobody has told us of in an event of a stream: it comes through or is named, and the
//! stream goes on.

use base64::Engine as _;
use bytes::BytesMut;
use gateway_ai::{
    canonical::{Event, Fold},
    dialect::{Dialect, ReplyContext},
    loss::Losses,
};
use serde_json::Value;

use super::{
    DIALECTS,
    words::{Search, pages, planted},
};

/// The events that end a stream: without them it is one that broke off.
const LAST: [&str; 3] = ["message_stop", "response.completed", "response.incomplete"];

/// What Responses say of pieces that were sent already, or are sent again when they are whole.
const REPEATED: [&str; 3] = ["item.", "part.", "response.output."];

/// A stream's events, each with what stands around its JSON.
fn events(dialect: Dialect, stream: &str) -> Vec<(Vec<u8>, Value)> {
    if dialect == Dialect::Converse {
        let bytes = base64::engine::general_purpose::STANDARD.decode(stream);
        return frames(&bytes.unwrap());
    }
    let json = |line: &str| serde_json::from_str(line.strip_prefix("data:")?).ok();
    let lines = stream.split_inclusive('\n');
    lines
        .map(|line| (line.into(), json(line).unwrap_or_default()))
        .collect()
}

/// Binary messages: headers and payload.
fn frames(mut bytes: &[u8]) -> Vec<(Vec<u8>, Value)> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let number = |at: usize| {
            let number = bytes[at..at + 4].try_into().unwrap();
            usize::try_from(u32::from_be_bytes(number)).unwrap()
        };
        let (total, headers) = (number(0), number(4));
        let payload = &bytes[12 + headers..total - 4];
        let headers = bytes[12..12 + headers].to_vec();
        out.push((headers, serde_json::from_slice(payload).unwrap()));
        bytes = &bytes[total..];
    }
    out
}

pub(crate) fn rewritten(dialect: Dialect, around: &[u8], value: &Value) -> Vec<u8> {
    if dialect != Dialect::Converse {
        return format!("data: {value}\n").into_bytes();
    }
    let payload = value.to_string();
    let size = |len: usize| u32::try_from(len).unwrap().to_be_bytes();
    let mut out = size(16 + around.len() + payload.len()).to_vec();
    out.extend_from_slice(&size(around.len()));
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(around);
    out.extend_from_slice(payload.as_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out
}

/// The bytes of a stream with other JSON in one event.
fn with(dialect: Dialect, plain: &[(Vec<u8>, Value)], at: usize, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, (around, own)) in plain.iter().enumerate() {
        if number == at {
            out.extend(rewritten(dialect, around, value));
        } else if dialect == Dialect::Converse {
            out.extend(rewritten(dialect, around, own));
        } else {
            out.extend_from_slice(around);
        }
    }
    out
}

fn read(dialect: Dialect, stream: &[u8]) -> (Vec<Event>, Losses) {
    let (mut parser, mut events) = (dialect.stream_parser(), Vec::new());
    parser.push(stream, &mut events);
    parser.finish(&mut events);
    (events, parser.losses().clone())
}

fn printed(to: Dialect, events: &[Event]) -> (BytesMut, Losses) {
    let mut printer = to.stream_printer(ReplyContext::default());
    let mut out = BytesMut::new();
    events
        .iter()
        .for_each(|event| printer.push(event, &mut out));
    (out, printer.losses().clone())
}

#[test]
fn no_unknown_word_of_a_stream_is_dropped_in_silence_or_cuts_it() {
    let mut search = Search::default();
    for feature in pages(include_str!("replies.json")) {
        for from in DIALECTS {
            let Some(stream) = feature
                .get(from.as_str())
                .and_then(|of| of["stream"].as_str())
            else {
                continue;
            };
            let plain = events(from, stream);
            let known = read(from, &with(from, &plain, usize::MAX, &Value::Null));
            let words = plain.iter().enumerate();
            let words = words.flat_map(|(at, (_, own))| {
                planted(own).map(move |(place, body)| (at, place, body))
            });
            for (at, place, body) in words {
                let (events, unread) = read(from, &with(from, &plain, at, &body));
                let mut fold = Fold::new(from, usize::MAX);
                events.iter().cloned().for_each(|event| fold.push(event));
                let last = LAST.iter().any(|kind| plain[at].1["type"] == *kind) && place == "type";
                if let (Err(error), false) = (fold.finish(), last) {
                    search.note(from.as_str(), &place, format!("cut: {error} by {body}"));
                }
                if from == Dialect::Responses && REPEATED.iter().any(|of| place.starts_with(of)) {
                    continue;
                }
                for to in DIALECTS {
                    let (out, mut losses) = printed(to, &events);
                    losses.merge(unread.clone());
                    let mut before = printed(to, &known.0).1;
                    before.merge(known.1.clone());
                    let pair = format!("{from}→{to}");
                    search.look(&pair, &place, &body, (&out, &losses), &before);
                }
            }
        }
    }
    search.end(3000);
}
