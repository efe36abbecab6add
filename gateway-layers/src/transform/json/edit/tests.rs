use proptest::prelude::*;
use serde_json::{Value, json};

use super::{super::is_json, *};

fn pointer(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

fn set(place: &str, value: &str) -> Op {
    Op::Set(pointer(place), value.into())
}

fn add(place: &str, value: &str) -> Op {
    Op::Add(pointer(place), value.into())
}

fn remove(place: &str) -> Op {
    Op::Remove(pointer(place))
}

fn rename(from: &str, to: &str) -> Op {
    Op::Rename(pointer(from), pointer(to))
}

fn check(cases: &[(&str, Op, &str)]) {
    for (before, op, after) in cases {
        let edited = apply(before.as_bytes(), std::slice::from_ref(op));
        assert_eq!(
            std::str::from_utf8(&edited).unwrap(),
            *after,
            "{before} {op:?}"
        );
        assert!(is_json(&edited));
        let borrowed = matches!(edited, Cow::Borrowed(_));
        assert!(!borrowed || before == after);
    }
}

#[test]
fn every_other_byte_stays() {
    let before = "{ \"big\" : 123456789012345678901234567890,\n \"f\":1.0, \"e\":1e400, \"s\":\"\\u00e9\" , \"x\": {\"y\":-0.0} }\n";
    check(&[
        (before, remove("/f"), &before.replace("\n \"f\":1.0,", "")),
        (before, set("/x/y", "2"), &before.replace("-0.0", "2")),
        (
            before,
            rename("/s", "/t"),
            &before.replace("\"s\"", "\"t\""),
        ),
        (
            before,
            set("/n", "1"),
            &before.replace(" }\n", " ,\"n\":1}\n"),
        ),
    ]);
}

#[test]
fn set_makes_its_way_and_add_does_not() {
    check(&[
        ("{}", set("/a/b", "1"), r#"{"a":{"b":1}}"#),
        ("{}", add("/a/b", "1"), "{}"),
        ("{}", add("/a", "1"), r#"{"a":1}"#),
        (r#"{"a":0}"#, add("/a", "1"), r#"{"a":1}"#),
        (r#"{"a":5}"#, set("/a/b", "1"), r#"{"a":5}"#),
        ("[1,2]", set("/0", "9"), "[9,2]"),
        ("[1,2]", add("/0", "9"), "[9,1,2]"),
        ("[1,2]", add("/2", "9"), "[1,2,9]"),
        ("[1,2]", add("/3", "9"), "[1,2]"),
        ("[1,2]", set("/2", "9"), "[1,2]"),
        ("[1,2]", set("/-", "9"), "[1,2,9]"),
        ("[ ]", add("/-", "9"), "[9]"),
        ("{}", set("/a/0", "1"), "{}"),
        ("[1]", set("/a", "1"), "[1]"),
        (" 5 ", set("", "{}"), " {} "),
        ("{}", set("/é\"", "1"), "{\"é\\\"\":1}"),
    ]);
}

#[test]
fn remove_takes_the_comma_along() {
    check(&[
        (r#"{"a":1,"b":2}"#, remove("/a"), r#"{"b":2}"#),
        (r#"{"a":1,"b":2}"#, remove("/b"), r#"{"a":1}"#),
        (r#"{"a":1}"#, remove("/a"), "{}"),
        ("[1, 2, 3]", remove("/1"), "[1, 3]"),
        ("{ }", remove("/a"), "{ }"),
        (
            r#"{"a":{"s":1},"b":1,"a":{"s":2}}"#,
            remove("/a/s"),
            r#"{"a":{},"b":1,"a":{}}"#,
        ),
        (r#"{"a":1,"\u0061":2}"#, remove("/a"), "{}"),
    ]);
}

#[test]
fn rename_keeps_the_place_and_moves_across() {
    check(&[
        (r#"{"a":1,"b":2}"#, rename("/a", "/c"), r#"{"c":1,"b":2}"#),
        (r#"{"a":1,"b":2}"#, rename("/a", "/b"), r#"{"b":1}"#),
        (r#"{"b":2}"#, rename("/a", "/b"), r#"{"b":2}"#),
        (r#"{"a":1}"#, rename("/a", "/a"), r#"{"a":1}"#),
        (
            r#"{"a":{"x":1},"b":{}}"#,
            rename("/a/x", "/b/y"),
            r#"{"a":{},"b":{"y":1}}"#,
        ),
        (
            r#"{"a":{"x":1}}"#,
            rename("/a/x", "/c/y"),
            r#"{"a":{"x":1}}"#,
        ),
        ("[1,2,3]", rename("/0", "/2"), "[2,3,1]"),
    ]);
}

#[test]
fn many_repeated_names_take_linear_time() {
    let members = vec!["\"a\":1"; 200_000].join(",");
    let text = format!("{{{members}}}");
    assert_eq!(&*apply(text.as_bytes(), &[remove("/a")]), b"{}");
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-c\"\\\\é,}\\]]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-c\"~/]{0,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn place() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        "[a-c\"]{1,2}",
        "[0-3]",
        Just("~0".into()),
        Just("~1".into())
    ];
    proptest::collection::vec(token, 1..4)
        .prop_map(|tokens| tokens.iter().map(|token| format!("/{token}")).collect())
}

/// RFC 6902 `add` and `remove` on values, as the yardstick.
fn model(document: &mut Value, place: &str, value: Option<Value>) {
    let Some((parent, name)) = place.rsplit_once('/') else {
        return;
    };
    let name = name.replace("~1", "/").replace("~0", "~");
    match (document.pointer_mut(parent), value) {
        (Some(Value::Object(map)), Some(value)) => _ = map.insert(name, value),
        (Some(Value::Object(map)), None) => _ = map.remove(&name),
        (Some(Value::Array(list)), value) => {
            let Ok(index) = name.parse::<usize>() else {
                return;
            };
            match value {
                Some(value) if index <= list.len() => list.insert(index, value),
                None if index < list.len() => _ = list.remove(index),
                _ => {}
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn text_edits_equal_value_edits(document in document(), place in place(), pretty: bool) {
        let text = if pretty {
            serde_json::to_string_pretty(&document).unwrap()
        } else {
            document.to_string()
        };
        for (op, value) in [(add(&place, "[0]"), Some(json!([0]))), (remove(&place), None)] {
            let mut expected = document.clone();
            model(&mut expected, &place, value);
            let edited = apply(text.as_bytes(), &[op]);
            prop_assert_eq!(serde_json::from_slice::<Value>(&edited).unwrap(), expected);
        }
    }

    #[test]
    fn what_was_set_is_there(document in document(), place in place()) {
        let text = document.to_string();
        let edited = apply(text.as_bytes(), &[set(&place, "7")]);
        let value: Value = serde_json::from_slice(&edited).unwrap();
        prop_assert!(value.pointer(&place) == Some(&json!(7)) || value == document);
    }
}
