//! What providers cache: the same beginning must be the same bytes, whatever follows it.

use std::collections::BTreeMap;

use bytes::BytesMut;
use proptest::prelude::*;
use serde_json::{Value, json, value::RawValue};

use super::to_messages;
use crate::dialect::{Dialect, Target, Url};

const ALL: [(Dialect, &str, &str); 5] = [
    (Dialect::Chat, "gpt-4.1", "messages"),
    (Dialect::Responses, "gpt-4.1", "input"),
    (Dialect::Messages, "claude-sonnet-4-5", "messages"),
    (Dialect::Gemini, "gemini-2.5-flash", "contents"),
    (
        Dialect::Converse,
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "messages",
    ),
];

/// What the user says, which tools are called for it, and what is answered in the end.
type Said = (String, Vec<(usize, String)>, String);

const TOOLS: [&str; 3] = ["look", "search_the_web", "run"];

/// A conversation of Chat, up to the user's words of turn `last`.
fn chat(said: &[Said], last: usize) -> Value {
    let mut messages = vec![json!({ "role": "system", "content": "Be brief." })];
    for (turn, (user, calls, answer)) in said.iter().enumerate().take(last + 1) {
        messages.push(json!({ "role": "user", "content": user }));
        if turn == last {
            break;
        }
        let id = |call: usize| format!("call_{turn}_{call}");
        let made: Vec<Value> = (calls.iter().enumerate())
            .map(|(number, (tool, text))| {
                let arguments = json!({ "b": text, "a": number }).to_string();
                json!({ "id": id(number), "type": "function", "function": { "name": TOOLS[*tool], "arguments": arguments } })
            })
            .collect();
        if !made.is_empty() {
            messages.push(json!({ "role": "assistant", "content": null, "tool_calls": made }));
            messages.extend((0..calls.len()).map(
                |number| json!({ "role": "tool", "tool_call_id": id(number), "content": "found" }),
            ));
        }
        messages.push(json!({ "role": "assistant", "content": answer }));
    }
    let tools = TOOLS.map(|name| json!({ "type": "function", "function": { "name": name, "parameters": { "type": "object", "properties": { "b": { "type": "string" }, "a": { "type": "integer" } } } } }));
    json!({ "model": "m", "max_tokens": 100, "messages": messages, "tools": tools })
}

/// A body's members, as they are written.
fn members(from: Dialect, body: &[u8], to: (Dialect, &str)) -> (BTreeMap<String, String>, Vec<u8>) {
    let in_url = matches!(from, Dialect::Gemini | Dialect::Converse);
    let url = Url {
        model: in_url.then_some("m"),
        ..Url::default()
    };
    let request = from.parse_request(body, url).expect("a request");
    let mut out = BytesMut::new();
    to.0.print_request(&request, &Target::new(to.0, to.1), &mut out)
        .expect("printed");
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(&out).expect("JSON");
    let members = (members.iter()).map(|(name, value)| (name.clone(), value.get().to_owned()));
    (members.collect(), out.to_vec())
}

fn said() -> impl Strategy<Value = Vec<Said>> {
    let calls = proptest::collection::vec((0..TOOLS.len(), "[a-zß\"\\\\ ]{0,8}"), 0..3);
    let turn = ("[a-z][a-zé\"\\\\\n ]{0,12}", calls, "[a-z][a-z<> ]{0,12}");
    proptest::collection::vec(turn, 2..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// For every pair of dialects: the turns of before are the beginning of the turns now.
    #[test]
    fn a_longer_conversation_begins_with_the_bytes_of_the_shorter(said in said()) {
        for (from, model, _) in ALL {
            let source = |last: usize| {
                let body = chat(&said, last).to_string();
                members(Dialect::Chat, body.as_bytes(), (from, model)).1
            };
            for (to, model, turns) in ALL {
                let mut before: Option<BTreeMap<String, String>> = None;
                for last in 0..said.len() {
                    let (now, _) = members(from, &source(last), (to, model));
                    if let Some(mut before) = before {
                        let old = before.remove(turns).expect("turns");
                        let old = old.strip_suffix(']').expect("a list").to_owned();
                        prop_assert!(now[turns].starts_with(&old), "{from} to {to}:\n{old}\n{}", now[turns]);
                        for (name, old) in &before {
                            prop_assert_eq!(&now[name], old, "{} to {}: {}", from, to, name);
                        }
                    }
                    before = Some(now);
                }
            }
        }
    }
}

fn mark(ttl: Option<&str>) -> Value {
    match ttl {
        Some(ttl) => json!({ "type": "ephemeral", "ttl": ttl }),
        None => json!({ "type": "ephemeral" }),
    }
}

#[test]
fn a_long_mark_after_a_short_one_is_short() {
    let part = |ttl| json!({ "type": "text", "text": "x", "cache_control": mark(ttl) });
    let body = |system, user| {
        json!({ "model": "m", "messages": [
        { "role": "system", "content": [part(system)] },
        { "role": "user", "content": [part(user)] },
    ] })
    };
    let (sent, losses) = to_messages(&body(Some("1h"), None));
    assert_eq!(losses, "");
    assert_eq!(sent["system"][0]["cache_control"]["ttl"], "1h");
    let (sent, losses) = to_messages(&body(Some("5m"), Some("1h")));
    assert_eq!(losses, "cache_control.ttl");
    assert_eq!(
        sent["messages"][0]["content"][0]["cache_control"],
        mark(None)
    );
}

#[test]
fn of_too_many_marks_in_front_the_last_four_stay() {
    let tool = |name: &str| json!({ "type": "function", "function": { "name": name }, "cache_control": mark(None) });
    let part = json!({ "type": "text", "text": "x", "cache_control": mark(None) });
    let body = json!({ "model": "m",
        "tools": [tool("a"), tool("b"), tool("c")],
        "messages": [{ "role": "system", "content": [part, part] }, { "role": "user", "content": [part] }] });
    let (sent, losses) = to_messages(&body);
    assert_eq!(losses, "cache_control");
    let marked = |blocks: &Value| -> Vec<bool> {
        let blocks = blocks.as_array().expect("a list");
        blocks
            .iter()
            .map(|block| block.get("cache_control").is_some())
            .collect()
    };
    assert_eq!(marked(&sent["tools"]), [false, true, true]);
    assert_eq!(marked(&sent["system"]), [true, true]);
    assert_eq!(marked(&sent["messages"][0]["content"]), [false]);
}
