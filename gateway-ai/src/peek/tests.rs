use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn spliced(body: &'static str, model: Option<&str>, include_usage: bool) -> String {
    let body = Bytes::from_static(body.as_bytes());
    let out = Peek::read(&body).unwrap().splice(
        &body,
        &Edits {
            model,
            include_usage,
        },
    );
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn finds_what_routing_needs() {
    let peek = Peek::read(
        br#" {"messages":[{"model":"inner","stream":true}],"model":"a\u0062","stream":false} "#,
    )
    .unwrap();
    assert_eq!(peek.model(), Some("ab"));
    assert!(!peek.is_stream() && !peek.includes_usage());
}

#[test]
fn every_other_byte_stays() {
    assert_eq!(
        spliced(
            r#"{ "n" : 1.0,"model" :  "a" ,"seed":12345678901234567890123 }"#,
            Some("b\"c"),
            true
        ),
        r#"{ "n" : 1.0,"model" :  "b\"c" ,"seed":12345678901234567890123 }"#
    );
    assert_eq!(
        spliced(
            r#"{"stream_options":{"x":1},"model":"a","stream":true}"#,
            Some("bc"),
            true
        ),
        r#"{"stream_options":{"include_usage":true,"x":1},"model":"bc","stream":true}"#
    );
}

#[test]
fn usage_is_asked_for_in_every_form() {
    for (from, to) in [
        (
            r#"{"stream":true}"#,
            r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#"{"stream_options":{},"stream":true}"#,
            r#"{"stream_options":{"include_usage":true},"stream":true}"#,
        ),
        (
            r#"{"stream":true,"stream_options":{ "x":1}}"#,
            r#"{"stream":true,"stream_options":{"include_usage":true, "x":1}}"#,
        ),
        (
            r#"{"stream":true,"stream_options":{"include_usage": false }}"#,
            r#"{"stream":true,"stream_options":{"include_usage": true }}"#,
        ),
        (
            r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
            "",
        ),
        (r#"{"stream":false}"#, ""),
        (r#"{}"#, ""),
    ] {
        assert_eq!(
            spliced(from, None, true),
            if to.is_empty() { from } else { to }
        );
    }
}

#[test]
fn a_body_without_changes_is_not_copied() {
    let body = Bytes::from_static(br#"{"model":"a"}"#);
    let out = Peek::read(&body).unwrap().splice(
        &body,
        &Edits {
            model: Some("a"),
            ..Edits::default()
        },
    );
    assert_eq!(out.as_ptr(), body.as_ptr());
}

#[test]
fn what_two_readers_could_read_differently_is_refused() {
    for body in [
        r#"{"model":"a","model":"b"}"#,
        r#"{"model":"a","Model":"b"}"#,
        r#"{"STREAM":true}"#,
        r#"{"model":"a","mod\u0065l":"b"}"#,
        r#"{"Max_Tokens":1}"#,
        r#"{"model":5}"#,
        "{\"model\":\"a\u{1}\"}",
        r#"{"stream":"yes"}"#,
        r#"[]"#,
        r#""#,
        r#"{"model":"a"} x"#,
    ] {
        let error = Peek::read(body.as_bytes()).unwrap_err();
        assert_eq!(
            error.client_status(),
            http::StatusCode::BAD_REQUEST,
            "{body}"
        );
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(peek) = Peek::read(&body) {
            let body = Bytes::from(body);
            let _ = peek.splice(&body, &Edits { model: Some("x"), include_usage: true });
        }
    }

    #[test]
    fn a_spliced_body_is_json(model in ".*", name in ".*") {
        let body = serde_json::json!({ "a": [1, 2], "model": name, "stream": true, "z": null });
        let body = Bytes::from(body.to_string());
        let edits = Edits { model: Some(&model), include_usage: true };
        let out = Peek::read(&body).unwrap().splice(&body, &edits);
        let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(&read["model"], &serde_json::Value::from(model));
        prop_assert_eq!(&read["stream_options"]["include_usage"], &serde_json::Value::from(true));
    }
}
