//! Unknown fields of events have nowhere to go: they are told.

use std::collections::{BTreeMap, BTreeSet};

use bytes::BytesMut;
use gateway_ai::dialect::{Dialect, ReplyContext};
use serde_json::{Value, json};

use super::{
    converse,
    load::{endpoints, exchanges},
    weather::{TEXT, split, write},
};

/// The objects of an event that have fields of their own.
const SHELLS: [&str; 8] = [
    "",
    "/choices/0",
    "/choices/0/delta",
    "/candidates/0",
    "/delta",
    "/message",
    "/usage",
    "/response",
];

/// What a stream loses on its way to a client of another dialect.
fn lost(dialect: Dialect, stream: &[u8]) -> String {
    let (mut parser, mut events) = (dialect.stream_parser(), Vec::new());
    parser.push(stream, &mut events);
    parser.finish(&mut events);
    let other = match dialect {
        Dialect::Chat => Dialect::Messages,
        _ => Dialect::Chat,
    };
    let mut context = ReplyContext::default();
    context.include_usage = true;
    let mut printer = other.stream_printer(context);
    let mut out = BytesMut::new();
    events
        .iter()
        .for_each(|event| printer.push(event, &mut out));
    let mut losses = parser.losses().clone();
    losses.merge(printer.losses().clone());
    losses.to_string()
}

#[test]
fn a_field_planted_in_an_event_is_told() {
    let mut count = 0;
    for dialect in TEXT {
        let Some(found) = exchanges(endpoints(dialect)) else {
            return;
        };
        for exchange in found {
            let body = exchange.response_body();
            let is_stream = exchange.is_ok() && exchange.response.streaming;
            // One JSON array in pieces is another wire.
            if !is_stream || body.starts_with(b"[") {
                continue;
            }
            let events = split(&body);
            let plain = lost(dialect, write(&events, "\n").as_bytes());
            assert!(!plain.contains("planted"), "{}", exchange.name());
            for shell in SHELLS {
                let mut events = events.clone();
                if !plant(&mut events, shell) {
                    continue;
                }
                let told = lost(dialect, write(&events, "\n").as_bytes());
                let is_full = told.ends_with("...");
                let name = exchange.name();
                assert!(
                    told.contains("planted") || is_full,
                    "{name} {shell}: {told}"
                );
                count += 1;
            }
        }
    }
    eprintln!("{count} fields planted in events");
    assert!(count > 0, "no event to plant in");
}

/// The objects of Converse's events, each of which is one kind of event.
const FRAME_SHELLS: [&str; 8] = [
    "",
    "/start",
    "/start/toolUse",
    "/delta",
    "/delta/toolUse",
    "/delta/reasoningContent",
    "/usage",
    "/metrics",
];

#[test]
fn a_field_planted_in_a_frame_is_told() {
    let Some(found) = exchanges(endpoints(Dialect::Converse)) else {
        return;
    };
    let (mut places, mut wrong) = (BTreeMap::new(), BTreeMap::new());
    for exchange in found {
        let body = exchange.response_body();
        let streams = exchange.is_ok() && exchange.response.streaming;
        let Some(frames) = streams.then(|| converse::frames(&body)).flatten() else {
            continue;
        };
        let plain = lost(Dialect::Converse, &converse::written(&frames));
        let is_plain = !plain.contains("planted") && !plain.contains("usage.metrics");
        assert!(is_plain, "{}: {plain}", exchange.name());
        // The first of each kind of event that has such an object.
        let mut seen = BTreeSet::new();
        for (number, (event, payload)) in frames.iter().enumerate() {
            for shell in FRAME_SHELLS {
                let is_object = payload.pointer(shell).is_some_and(Value::is_object);
                if !is_object || !seen.insert((event, shell)) {
                    continue;
                }
                let mut frames = frames.clone();
                let planted = frames[number].1.pointer_mut(shell);
                planted.expect("an object")["planted"] = json!([{ "a": 1 }]);
                let told = lost(Dialect::Converse, &converse::written(&frames));
                // Metrics pass and are lost as a whole.
                let name = if shell == "/metrics" {
                    "usage.metrics"
                } else {
                    "planted"
                };
                let is_told = told.contains(name) || told.ends_with("...");
                if !is_told {
                    let (place, exchange) = (format!("{event}{shell}"), exchange.name());
                    wrong.insert(place, format!("{exchange}: {told}"));
                }
                *places.entry(format!("{event}{shell}")).or_insert(0) += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    eprintln!("fields planted in frames: {places:?}");
    assert!(places.len() > 8, "few places to plant in: {places:?}");
}

/// Puts a field into the first object of that place; `false` where no event has one.
fn plant(events: &mut [(Option<String>, String)], shell: &str) -> bool {
    for (_, data) in events {
        let Ok(mut value) = serde_json::from_str::<Value>(data) else {
            continue;
        };
        let is_error = value.get("error").is_some_and(|error| !error.is_null());
        if let (Some(Value::Object(object)), false) = (value.pointer_mut(shell), is_error) {
            object.insert("planted".to_owned(), json!([{ "a": 1 }]));
            *data = value.to_string();
            return true;
        }
    }
    false
}
