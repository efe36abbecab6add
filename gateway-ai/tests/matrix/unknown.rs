//! A field nobody has told us of, in every object of every body: it comes through or is named.

use std::collections::{BTreeMap, BTreeSet};

use bytes::BytesMut;
use gateway_ai::{
    dialect::{Dialect, ReplyContext},
    loss::Losses,
};
use serde_json::{Value, json};

use super::{DIALECTS, URL, target};

const NAME: &str = "x_unknown";
const LEAF: &str = "UNIQUE";

/// The bodies of a page of features, each with its dialect.
fn bodies(page: &str, whole: bool) -> Vec<(Dialect, Value)> {
    let features: Vec<BTreeMap<String, Value>> = serde_json::from_str(page).unwrap();
    let mut out = Vec::new();
    for mut feature in features {
        for dialect in DIALECTS {
            let body = feature.remove(dialect.as_str());
            let body = body.map(|mut body| if whole { body["whole"].take() } else { body });
            out.extend(body.map(|body| (dialect, body)));
        }
    }
    out
}

/// Adds the field to the object of this number; gives its place, or none if there are not so many.
fn plant(value: &mut Value, left: &mut usize, place: &mut Vec<String>) -> bool {
    match value {
        Value::Object(map) => {
            if *left == 0 {
                map.insert(NAME.to_owned(), json!({ "leaf": LEAF }));
                return true;
            }
            *left -= 1;
            map.iter_mut().any(|(key, value)| {
                place.push(key.clone());
                let planted = plant(value, left, place);
                if !planted {
                    place.pop();
                }
                planted
            })
        }
        Value::Array(list) => list.iter_mut().any(|value| plant(value, left, place)),
        _ => false,
    }
}

/// Every body with the field in one of its objects, and where.
fn planted(body: &Value) -> impl Iterator<Item = (String, Value)> {
    (0..).map_while(|number| {
        let (mut body, mut place) = (body.clone(), Vec::new());
        plant(&mut body, &mut { number }, &mut place).then(|| (place.join("."), body))
    })
}

/// What is neither in the output nor among the losses, by place, and how much was looked at.
#[derive(Default)]
struct Search {
    wrong: BTreeSet<String>,
    looked: usize,
}

impl Search {
    /// What comes through is not said to be lost where nothing was translated.
    fn look_again(&mut self, pair: &str, place: &str, body: &Value, out: &[u8], losses: &Losses) {
        let out = String::from_utf8_lossy(out);
        if out.contains(LEAF) && losses.to_string().contains(NAME) {
            let what = format!("{pair} at {place:?} named for nothing [{losses}] {body}");
            self.wrong.insert(what);
        }
    }

    fn look(&mut self, pair: &str, place: &str, body: &Value, out: &[u8], losses: &Losses) {
        self.looked += 1;
        let out = String::from_utf8_lossy(out);
        let (arrives, named) = (out.contains(LEAF), losses.to_string().contains(NAME));
        if !arrives && !named && !is_lost_whole(place, body, losses) {
            let what = format!(
                "{pair} at {place:?} in silence [{losses}] {:.400}",
                body.to_string()
            );
            self.wrong.insert(what);
        }
    }

    fn end(&self, least: usize) {
        eprintln!("{} looked at, {} silent", self.looked, self.wrong.len());
        let wrong: Vec<&str> = self.wrong.iter().map(String::as_str).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(self.looked >= least, "only {} looked at", self.looked);
    }
}

/// Whether the object is one that another dialect lacks as a whole, and the report says so.
fn is_lost_whole(place: &str, body: &Value, losses: &Losses) -> bool {
    let tools = place.starts_with("tools") || place.starts_with("toolConfig");
    let kind = |name: &str| {
        let holder = holder(body).unwrap_or(&Value::Null);
        holder["type"] == name || holder.get(name).is_some()
    };
    // How long the provider took is no part of what it said.
    place == "metrics"
        || losses.iter().any(|loss| match loss {
            // Nothing may be called, so none is offered.
            "tool_choice.none" => tools,
            // Gemini's choice with more in it than others have words for.
            "tool_choice" => place.starts_with("toolConfig"),
            "thinking" => ["thinking", "thought", "reasoning", "reasoningText"]
                .into_iter()
                .chain(["signature", "reasoningContent"])
                .any(kind),
            "reply.additionalModelResponseFields" => place == "additionalModelResponseFields",
            loss if loss == place => true,
            loss => match loss.split_once('.') {
                Some(("tools", name)) => tools && (kind(name) || place.ends_with(name)),
                Some(("content", name)) => kind(name) || place.ends_with(name),
                _ => false,
            },
        })
}

/// The object that has the field.
fn holder(value: &Value) -> Option<&Value> {
    match value {
        Value::Object(map) if map.contains_key(NAME) => Some(value),
        Value::Object(map) => map.values().find_map(holder),
        Value::Array(list) => list.iter().find_map(holder),
        _ => None,
    }
}

#[test]
fn no_unknown_field_of_a_request_is_dropped_in_silence() {
    let mut search = Search::default();
    for (from, body) in bodies(include_str!("requests.json"), false) {
        for (place, body) in planted(&body) {
            let Ok(request) = from.parse_request(body.to_string().as_bytes(), URL) else {
                continue;
            };
            for to in DIALECTS {
                let mut out = BytesMut::new();
                let printed = to.print_request(&request, &target(from, to), &mut out);
                if let Ok(printed) = printed {
                    let pair = format!("{from}→{to}");
                    search.look(&pair, &place, &body, &out, &printed.losses);
                    if from == to {
                        search.look_again(&pair, &place, &body, &out, &printed.losses);
                    }
                }
            }
        }
    }
    search.end(7000);
}

#[test]
fn no_unknown_field_of_a_reply_is_dropped_in_silence() {
    let mut search = Search::default();
    for (from, body) in bodies(include_str!("replies.json"), true) {
        for (place, body) in planted(&body) {
            let Ok(reply) = from.parse_reply(body.to_string().as_bytes()) else {
                continue;
            };
            for to in DIALECTS {
                let mut out = BytesMut::new();
                let losses = to.print_reply(&reply, &ReplyContext::default(), &mut out);
                let pair = format!("{from}→{to}");
                search.look(&pair, &place, &body, &out, &losses);
                if from == to {
                    search.look_again(&pair, &place, &body, &out, &losses);
                }
            }
        }
    }
    search.end(2000);
}
