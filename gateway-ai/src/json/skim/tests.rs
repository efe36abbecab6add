use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn members(text: &[u8]) -> Result<Vec<(String, String)>, SkimError> {
    let mut members = Members::of(text)?;
    let mut all = Vec::new();
    while let Some(Member { key, value }) = members.next()? {
        all.push((key.into_owned(), members.text(&value).to_owned()));
    }
    assert_eq!(members.next(), Ok(None));
    Ok(all)
}

#[test]
fn finds_the_outermost_members() {
    let text =
        br#" { "a" : [ {"a":1} , [] , "]" ] , "b":-1.5e+3,"c\"":"\\\"","d":{ } , "e":null } "#;
    let found = members(text).unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("a", r#"[ {"a":1} , [] , "]" ]"#),
            ("b", "-1.5e+3"),
            ("c\"", r#""\\\"""#),
            ("d", "{ }"),
            ("e", "null"),
        ]
    );
    assert_eq!(members(b"{}"), Ok(vec![]));
}

#[test]
fn refuses_what_json_does_not_allow() {
    for text in [
        "",
        " ",
        "[]",
        "1",
        "{",
        "}",
        "{]",
        "{,}",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{"a":1 "b":2}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[,1]}"#,
        r#"{"a":[1}"#,
        r#"{"a":{"b"}}"#,
        r#"{"a":{1:2}}"#,
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":-}"#,
        r#"{"a":1e}"#,
        r#"{"a":tru}"#,
        r#"{"a":nul"#,
        r#"{"a":"\x"}"#,
        r#"{"a":"\u12g4"}"#,
        r#"{"a":"\u12"#,
        r#"{"a":"b"#,
        r#"{"a":"\"#,
        r#"{"a":1}}"#,
        r#"{"a":1} x"#,
        r#"{a:1}"#,
        r#"{"a":'b'}"#,
        r#"{"a":[1]]}"#,
        r#"{"a":{"b":1,}}"#,
        r#"{"a":{"b":1 "c"}}"#,
        r#"{"a":true1}"#,
    ] {
        assert!(members(text.as_bytes()).is_err(), "{text}");
        assert!(serde_json::from_str::<serde_json::Map<String, Value>>(text).is_err());
    }
    assert_eq!(members(b"{\"a\":\"\xff\"}"), Err(SkimError::Utf8));
}

#[test]
fn nests_as_deeply_as_a_parser_would() {
    let deep = |n: usize| format!(r#"{{"x":{}{}}}"#, "[".repeat(n), "]".repeat(n));
    assert!(members(deep(Raw::MAX_DEPTH - 1).as_bytes()).is_ok());
    assert_eq!(
        members(deep(Raw::MAX_DEPTH).as_bytes()),
        Err(SkimError::Depth)
    );
    assert_eq!(members(deep(100_000).as_bytes()), Err(SkimError::Depth));
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        any::<i64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(".{0,20}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_a_parser_on_json(map in prop::collection::hash_map(".{0,20}", json(), 0..5), pretty: bool) {
        let whole: serde_json::Map<String, Value> = map.into_iter().collect();
        let text = if pretty { serde_json::to_string_pretty(&whole) } else { serde_json::to_string(&whole) };
        let text = text.unwrap();
        let mut members = Members::of(text.as_bytes()).unwrap();
        let mut left = whole.len();
        while let Some(Member { key, value }) = members.next().unwrap() {
            let value: Value = serde_json::from_str(members.text(&value)).unwrap();
            prop_assert_eq!(&whole[&*key], &value);
            left -= 1;
        }
        prop_assert_eq!(left, 0);
    }

    #[test]
    fn agrees_with_a_parser_on_what_is_none(text in r#"\{?["{}\[\],:a1e.\-\\ntu \n]{0,24}\}?"#) {
        // A number that overflows is no error of syntax, and neither is half a surrogate pair.
        let ours = members(text.as_bytes()).is_ok();
        let theirs: Result<std::collections::HashMap<String, serde::de::IgnoredAny>, _> = serde_json::from_str(&text);
        let controls = text.bytes().any(|byte| byte < b' ');
        if ours && !controls {
            prop_assert!(theirs.is_ok(), "{text:?}: {:?}", theirs.err());
        }
        if theirs.is_ok() {
            prop_assert!(ours, "{text:?}");
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(text in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = members(&text);
    }
}
