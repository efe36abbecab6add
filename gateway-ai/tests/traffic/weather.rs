//! Recorded streams in other weather: line ends, comments and fields of server-sent events, events
//! and fields nobody has heard of, numbers with fractions. What is said stays the same.

use gateway_ai::{
    canonical::{Event, Fold},
    dialect::Dialect,
};
use serde_json::{Value, json};

use super::{
    streams::recorded,
    tomorrow::{Wrong, pick},
    truth::{self, Truth},
    vary::{CHANGES, OF_REPLIES, vary},
};

/// The dialects whose streams are text.
pub(crate) const TEXT: [Dialect; 4] = [
    Dialect::Chat,
    Dialect::Responses,
    Dialect::Messages,
    Dialect::Gemini,
];

/// One event: its name, if it has one, and its data.
pub(crate) type Sse = (Option<String>, String);

pub(crate) fn split(body: &[u8]) -> Vec<Sse> {
    let text = String::from_utf8_lossy(body).replace("\r\n", "\n");
    let blocks = text.split("\n\n");
    blocks
        .filter_map(|block| {
            let field = |name: &str| {
                let lines = block
                    .lines()
                    .filter_map(move |line| line.strip_prefix(name));
                lines
                    .map(|data| data.strip_prefix(' ').unwrap_or(data).to_owned())
                    .collect::<Vec<_>>()
            };
            let data = field("data:");
            (!data.is_empty()).then(|| (field("event:").pop(), data.join("\n")))
        })
        .collect()
}

pub(crate) fn write(events: &[Sse], end: &str) -> String {
    let mut out = String::new();
    for (name, data) in events {
        if let Some(name) = name {
            out += &format!("event: {name}{end}");
        }
        for line in data.split('\n') {
            out += &format!("data: {line}{end}");
        }
        out += end;
    }
    out
}

/// What a stream says when it is folded; `None` where it ends in an error.
fn said(dialect: Dialect, body: &[u8]) -> Option<Truth> {
    let mut parser = dialect.stream_parser();
    let mut events: Vec<Event> = Vec::new();
    parser.push(body, &mut events);
    parser.finish(&mut events);
    let mut fold = Fold::new(dialect, usize::MAX);
    events.into_iter().for_each(|event| fold.push(event));
    fold.finish().ok().map(|reply| truth::of_reply(&reply))
}

/// The wire in other weather, data untouched.
fn wires(events: &[Sse]) -> Vec<(&'static str, String)> {
    let plain = write(events, "\n");
    let spread: Vec<Sse> = events
        .iter()
        .map(|(name, data)| {
            let value: Option<Value> = serde_json::from_str(data).ok();
            let pretty = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
            (name.clone(), pretty.unwrap_or_else(|| data.clone()))
        })
        .collect();
    vec![
        ("ends of two letters", write(events, "\r\n")),
        ("ends of carriage returns", write(events, "\r")),
        ("a mark of byte order", format!("\u{feff}{plain}")),
        ("data over many lines", write(&spread, "\n")),
        (
            "comments and other fields",
            plain.replace(
                "data: ",
                ": OPENROUTER PROCESSING\n\nid: 7\nretry: 10\nunheard: of\ndata: ",
            ),
        ),
        ("no space after the colon", plain.replace("data: ", "data:")),
        ("no last empty line", plain.trim_end().to_owned()),
        ("empty lines before", format!("\n\n\r\n{plain}")),
    ]
}

/// Events with something more in them, or between them.
fn contents(dialect: Dialect, events: &[Sse], id: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for change in CHANGES {
        let varied: Vec<Sse> = events
            .iter()
            .map(|(name, data)| {
                let Ok(mut value) = serde_json::from_str::<Value>(data) else {
                    return (name.clone(), data.clone());
                };
                vary(&mut value, change, None, OF_REPLIES);
                (name.clone(), value.to_string())
            })
            .collect();
        out.push((format!("{change:?}"), write(&varied, "\n")));
    }
    let unheard = match dialect {
        Dialect::Messages | Dialect::Responses => Some((
            Some("weather.report".to_owned()),
            json!({ "type": "weather.report", "index": 0, "rain": [1] }).to_string(),
        )),
        Dialect::Chat => Some((
            None,
            json!({ "object": "weather", "choices": [] }).to_string(),
        )),
        _ => None,
    };
    if let Some(unheard) = unheard {
        let mut between = events.to_vec();
        between.insert(pick(id, 3, events.len().min(9)), unheard);
        out.push((
            "an event nobody has heard of".to_owned(),
            write(&between, "\n"),
        ));
    }
    out
}

#[test]
fn streams_say_the_same_in_all_weather() {
    let (mut wrong, mut count) = (Wrong::default(), 0);
    for dialect in TEXT {
        let Some(found) = recorded(dialect) else {
            return;
        };
        for exchange in found {
            let body = exchange.response_body();
            // One JSON array in pieces is another wire.
            let Some(expected) = said(dialect, &body).filter(|_| !body.starts_with(b"[")) else {
                continue;
            };
            let events = split(&body);
            let wires = wires(&events).into_iter();
            let wires = wires.map(|(kind, stream)| (kind.to_owned(), stream));
            for (kind, stream) in wires.chain(contents(dialect, &events, &exchange.id)) {
                count += 1;
                let now = said(dialect, stream.as_bytes());
                if now.as_ref() != Some(&expected) {
                    let example = format!("{}: {now:?}, not {expected:?}", exchange.name());
                    wrong.add(format!("{dialect} {kind}"), example);
                }
            }
        }
    }
    wrong.end(count, "streams in other weather");
}

/// An error in the middle is the end, whatever came before it.
#[test]
fn an_error_in_the_middle_is_the_end_of_every_stream() {
    let mut count = 0;
    for dialect in TEXT {
        let Some(found) = recorded(dialect) else {
            return;
        };
        let error = match dialect {
            Dialect::Messages => {
                json!({ "type": "error", "error": { "type": "overloaded_error", "message": "busy" } })
            }
            Dialect::Responses => {
                json!({ "type": "error", "code": "server_error", "message": "busy", "param": null, "sequence_number": 9 })
            }
            Dialect::Gemini => {
                json!({ "error": { "code": 503, "message": "busy", "status": "UNAVAILABLE" } })
            }
            _ => json!({ "error": { "message": "busy", "type": "server_error", "code": 502 } }),
        };
        for exchange in found {
            let body = exchange.response_body();
            let events = split(&body);
            if said(dialect, &body).is_none() || body.starts_with(b"[") || events.len() < 3 {
                continue;
            }
            let mut broken = events[..events.len() / 2].to_vec();
            broken.push((Some("error".to_owned()), error.to_string()));
            broken.extend_from_slice(&events[events.len() / 2..]);
            let mut parser = dialect.stream_parser();
            let mut out = Vec::new();
            parser.push(write(&broken, "\n").as_bytes(), &mut out);
            parser.finish(&mut out);
            let Some(Event::Error(error)) = out.last() else {
                panic!("{}: {:?}", exchange.name(), out.last());
            };
            assert!(
                error.message().contains("busy"),
                "{}: {error}",
                exchange.name()
            );
            count += 1;
        }
    }
    eprintln!("{count} streams broken off by an error");
}
