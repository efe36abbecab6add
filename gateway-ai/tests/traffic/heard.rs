//! Unknown fields of events have nowhere to go: they are told.

use bytes::BytesMut;
use gateway_ai::dialect::{Dialect, ReplyContext};
use serde_json::{Value, json};

use super::{
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
fn lost(dialect: Dialect, stream: &str) -> String {
    let (mut parser, mut events) = (dialect.stream_parser(), Vec::new());
    parser.push(stream.as_bytes(), &mut events);
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
            let plain = lost(dialect, &write(&events, "\n"));
            assert!(!plain.contains("planted"), "{}", exchange.name());
            for shell in SHELLS {
                let mut events = events.clone();
                if !plant(&mut events, shell) {
                    continue;
                }
                let told = lost(dialect, &write(&events, "\n"));
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
