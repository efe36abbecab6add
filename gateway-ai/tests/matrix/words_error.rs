//! A word nobody has told us of in a provider's error: it is no other error than without the word,
//! in an answer and in a stream, whole or with nothing said beside it.

use bytes::BytesMut;
use gateway_ai::{
    canonical::{Event, Start},
    dialect::{Dialect, ReplyContext},
    error::AiError,
};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{DIALECTS, words_stream::rewritten};

const WORD: &str = "of_tomorrow";

const STATUSES: [u16; 17] = [
    400, 401, 402, 403, 404, 408, 409, 413, 418, 422, 429, 451, 500, 502, 503, 504, 529,
];

/// The words of an error, each of which may be unknown.
fn words(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Messages => &["type", "code"],
        Dialect::Gemini => &["status"],
        Dialect::Converse => &["__type", "code"],
        _ => &["type", "code", "status"],
    }
}

/// What a provider says of itself, with these words and perhaps a text.
fn members(words: &[&str], message: Option<&str>) -> Value {
    let mut error = json!({});
    for word in words {
        error[*word] = json!(WORD);
    }
    if let Some(message) = message {
        error["message"] = json!(message);
    }
    error
}

/// A whole answer around it.
fn whole(dialect: Dialect, error: &Value) -> String {
    match dialect {
        Dialect::Converse => error.clone(),
        Dialect::Messages => json!({ "type": "error", "error": error }),
        _ => json!({ "error": error }),
    }
    .to_string()
}

fn frame(headers: &[(&str, &str)], payload: &Value) -> Vec<u8> {
    let mut around = Vec::new();
    for (name, value) in headers {
        around.push(u8::try_from(name.len()).unwrap());
        around.extend_from_slice(name.as_bytes());
        around.push(7);
        around.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        around.extend_from_slice(value.as_bytes());
    }
    rewritten(Dialect::Converse, &around, payload)
}

/// Every way in which a stream may end with it.
fn streamed(dialect: Dialect, error: &Value) -> Vec<Vec<u8>> {
    let event = |value: &Value| format!("data: {value}\n\n").into_bytes();
    let named = json!({ "type": "error", "error": error });
    match dialect {
        Dialect::Chat | Dialect::Gemini => vec![event(&json!({ "error": error }))],
        Dialect::Messages => vec![event(&named), event(&json!({ "error": error }))],
        Dialect::Responses => {
            let failed = json!({ "status": "failed", "output": [], "error": error });
            let mut flat = error.clone();
            flat["type"] = json!("error");
            vec![
                event(&named),
                event(&flat),
                event(&json!({ "type": "response.failed", "response": failed })),
            ]
        }
        _ => {
            let kind = [(":message-type", "exception"), (":exception-type", WORD)];
            let text = error["message"].as_str().unwrap_or_default();
            let unmodelled = [
                (":message-type", "error"),
                (":error-code", WORD),
                (":error-message", text),
            ];
            vec![frame(&kind, error), frame(&unmodelled, &json!({}))]
        }
    }
}

/// Every choice of the words, none among them.
fn choices(words: &'static [&'static str]) -> impl Iterator<Item = Vec<&'static str>> {
    (0..1_usize << words.len()).map(|chosen| {
        let words = words.iter().enumerate();
        let words = words.filter(|(number, _)| chosen >> number & 1 == 1);
        words.map(|(_, word)| *word).collect()
    })
}

/// What a client of `to` reads in an answer must be the same error.
fn whole_arrives(error: &AiError, to: Dialect, case: &str) {
    let (status, body) = to.print_error(error);
    let again = to.parse_error(status, &HeaderMap::new(), &body);
    assert_eq!(again.message(), error.client_message(), "{case}→{to}");
    assert!(!again.message().trim().is_empty(), "{case}→{to}");
    let passes = error.code() == Some(WORD) && !error.is_gateway_credential();
    if passes && matches!(to, Dialect::Chat | Dialect::Responses) {
        assert_eq!(again.code(), Some(WORD), "{case}→{to}");
    }
}

fn stream_arrives(error: &AiError, to: Dialect, case: &str) {
    let mut printer = to.stream_printer(ReplyContext::default().with_identity("id_1", 1));
    let (mut out, mut events) = (BytesMut::new(), Vec::new());
    printer.push(&Event::Start(Start::default()), &mut out);
    printer.push(&Event::Error(error.clone()), &mut out);
    let mut parser = to.stream_parser();
    parser.push(&out, &mut events);
    parser.finish(&mut events);
    let Some(Event::Error(again)) = events.last() else {
        panic!("{case}→{to}: a stream ends in {events:?}");
    };
    assert_eq!(again.message(), error.client_message(), "{case}→{to}");
}

#[test]
fn no_unknown_word_changes_an_error() {
    let mut count = 0;
    for (from, status) in DIALECTS
        .into_iter()
        .flat_map(|from| STATUSES.map(|status| (from, StatusCode::from_u16(status).unwrap())))
    {
        for (chosen, message) in choices(words(from))
            .flat_map(|chosen| [Some("nope"), Some(""), None].map(|said| (chosen.clone(), said)))
        {
            let read = |words: &[&str]| {
                let body = whole(from, &members(words, message));
                from.parse_error(status, &HeaderMap::new(), body.as_bytes())
            };
            let (error, plain) = (read(&chosen), read(&[]));
            let case = format!("{from} {status} {chosen:?} {message:?}");
            assert_eq!(error.upstream_status(), Some(status), "{case}");
            assert_eq!(error.kind(), plain.kind(), "{case}");
            assert_eq!(error.class(), plain.class(), "{case}");
            assert!(!error.message().trim().is_empty(), "{case}");
            if message == Some("nope") {
                assert_eq!(error.message(), "nope", "{case}");
            }
            for to in DIALECTS {
                let (own, of_plain) = (to.print_error(&error).0, to.print_error(&plain).0);
                assert_eq!(own, of_plain, "{case}→{to}");
                whole_arrives(&error, to, &case);
                stream_arrives(&error, to, &case);
                count += 1;
            }
        }
    }
    eprintln!("{count} errors in answers");
    assert!(count > 5000, "only {count} errors");
}

#[test]
fn an_unknown_word_names_an_exception_in_a_header() {
    for status in STATUSES.map(|status| StatusCode::from_u16(status).unwrap()) {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static("x-amzn-errortype"),
            http::HeaderValue::from_static("com.amazon.coral#of_tomorrow:http://internal/"),
        )]);
        let read = |headers: &HeaderMap| {
            Dialect::Converse.parse_error(status, headers, br#"{"message":"nope"}"#)
        };
        let (error, plain) = (read(&headers), read(&HeaderMap::new()));
        assert_eq!(error.upstream_type(), Some(WORD), "{status}");
        assert_eq!(error.kind(), plain.kind(), "{status}");
        assert_eq!(error.message(), "nope", "{status}");
    }
}

#[test]
fn no_unknown_word_hides_an_error_of_a_stream() {
    let mut count = 0;
    for from in DIALECTS {
        for (chosen, message) in choices(words(from))
            .flat_map(|chosen| [Some("nope"), Some(""), None].map(|said| (chosen.clone(), said)))
        {
            for (way, stream) in streamed(from, &members(&chosen, message))
                .into_iter()
                .enumerate()
            {
                let (mut parser, mut events) = (from.stream_parser(), Vec::new());
                parser.push(&stream, &mut events);
                parser.finish(&mut events);
                let case = format!("{from} {way} {chosen:?} {message:?}");
                let Some(Event::Error(error)) = events.last() else {
                    panic!("{case}: {events:?}");
                };
                assert!(!error.message().trim().is_empty(), "{case}");
                if message == Some("nope") {
                    assert_eq!(error.message(), "nope", "{case}");
                    assert!(error.client_status().is_server_error(), "{case}: {error:?}");
                }
                for to in DIALECTS {
                    whole_arrives(error, to, &case);
                    stream_arrives(error, to, &case);
                    count += 1;
                }
            }
        }
    }
    eprintln!("{count} errors in streams");
    assert!(count > 500, "only {count} errors");
}
