use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, value::RawValue};

use super::*;
use crate::{
    canonical::{Count, Number},
    json::{Content, OneOrMany, Str, wire},
};

wire! {
    struct Thing<'a> {
        text: Str<'a> = "a",
        flag: bool = "b",
        number: Number = "c",
        content: Content<'a> = "d",
        things: Vec<Thing<'a>> = "e",
        words: OneOrMany = "f",
        raw: &'a RawValue = "g",
    }
}

wire! {
    struct Part<'a> ignoring { text: Str<'a> = "a", count: Count = "c" }
}

/// What was read, by whichever reader.
fn seen<'de, T: Deserialize<'de> + fmt::Debug, E>(read: Result<T, E>) -> Option<String> {
    read.ok().map(|value| format!("{value:?}"))
}

/// What is read here is what the library reads.
fn agrees<'de, T: Deserialize<'de> + fmt::Debug>(text: &'de str) -> Result<(), TestCaseError> {
    let ours = seen(read::<T>(text));
    if ours.is_some() {
        prop_assert_eq!(ours, seen(serde_json::from_str::<T>(text)), "{}", text);
    }
    Ok(())
}

fn all_agree(text: &str) -> Result<(), TestCaseError> {
    agrees::<Thing<'_>>(text)?;
    agrees::<Part<'_>>(text)?;
    agrees::<&RawValue>(text)?;
    agrees::<IgnoredAny>(text)?;
    agrees::<Value>(text)?;
    agrees::<BTreeMap<String, Option<&RawValue>>>(text)?;
    agrees::<Vec<Thing<'_>>>(text)?;
    agrees::<[&RawValue; 1]>(text)
}

#[test]
fn what_is_well_formed_is_read_here() {
    let text = " {\"a\" : \"x\\n\\u00e4\\ud83d\\ude00\\\\\", \"b\":false,\"c\":-1.50e3 , \"d\":[1,{\"y\":[]}],
        \"e\":[ {}, {\"a\":\"\",\"d\":\"z\"} ],\"f\":[\"v\",\"w\"],\"g\": [ null ] ,\"a\\u0062\":0,\"b\":null } ";
    let ours = seen(read::<Thing<'_>>(text)).unwrap();
    assert_eq!(ours, seen(serde_json::from_str::<Thing<'_>>(text)).unwrap());
    for part in [
        r#"x\nä😀\\"#,
        "-1.50e3",
        "[ null ]",
        "Some(false)",
        r#""ab""#,
    ] {
        assert!(ours.contains(part), "{part} in {ours}");
    }
}

#[test]
fn what_is_not_is_for_the_library_to_name() {
    for text in [
        "",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":\"x}",
        "{\"a\":\"x\ny\"}",
        "{\"g\":\"x\ny\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"b\":truth}",
        "{\"b\":nul}",
        "{\"e\":[{},]}",
        "{\"a\":\"\",}",
        "{\"a\":\"\"}}",
        "{\"a\":\"\"} x",
        "{\"g\":01}",
        "{\"g\":[1 2]}",
        "{\"c\":\"1\"}",
        "[]",
        "{,}",
        "{\"e\":[,]}",
        "{a:1}",
    ] {
        assert!(read::<Thing<'_>>(text).is_err(), "{text}");
        let theirs = serde_json::from_str::<Thing<'_>>(text).unwrap_err();
        let ours = from_str::<Thing<'_>>(text).unwrap_err();
        assert_eq!(ours.to_string(), theirs.to_string());
    }
}

#[test]
fn nesting_ends_somewhere() {
    let deep = |n: usize| format!("{}{}", "{\"e\":[".repeat(n), "]}".repeat(n));
    assert!(read::<Thing<'_>>(&deep(Raw::MAX_DEPTH / 2)).is_ok());
    assert!(read::<Thing<'_>>(&deep(Raw::MAX_DEPTH / 2 + 1)).is_err());
    assert!(from_str::<Thing<'_>>(&deep(100_000)).is_err());
}

#[test]
fn what_is_read_twice_is_missed_once() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let text = format!("{{\"kept\":1,\"e\":[{{\"lost\":1}}],\"g\":{deep}}}");
    assert!(read::<Thing<'_>>(&text).is_err());
    let (thing, losses) = unread::watch(|| {
        unread::missed("before");
        from_str::<Thing<'_>>(&text).unwrap()
    });
    assert_eq!(losses.to_string(), "unknown.before");
    let ((), losses) = unread::watch(|| drop(thing));
    assert_eq!(losses.to_string(), "unknown.lost, unknown.kept");
}

fn spelled() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "[1-9][0-9]{0,20}",
        Just("-0.5E+7".to_owned()),
        any::<String>().prop_map(|text| Value::from(text).to_string()),
        r#""([a-z ]{0,90}|\\[nt"u]|\\ud83d|00e4|\n)*""#,
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4);
        let members = prop::collection::vec(("[a-h]", inner), 0..5);
        prop_oneof![
            list.prop_map(|list| format!("[{}]", list.join(" ,\n"))),
            members.prop_map(|members| {
                let member = |(key, value)| format!("\"{key}\" :{value}");
                let members: Vec<_> = members.into_iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn well_formed_text_reads_as_the_library_reads_it(text in spelled()) {
        all_agree(&text)?;
    }

    #[test]
    fn so_does_text_with_a_fault(text in spelled(), at in any::<prop::sample::Index>(), put in r#"[{}\[\],:"\\ 0e\n]?"#) {
        let places: Vec<_> = text.char_indices().map(|(place, _)| place).collect();
        let place = places[at.index(places.len())];
        let next = text[place..].chars().next().map_or(place, |c| place + c.len_utf8());
        all_agree(&format!("{}{put}{}", &text[..place], &text[next..]))?;
    }

    #[test]
    fn so_does_what_is_no_json_at_all(text in r#"[\[{]?["{}\[\],:a1e.\-\\ntu \n]{0,24}[\]}]?"#) {
        all_agree(&text)?;
    }
}
