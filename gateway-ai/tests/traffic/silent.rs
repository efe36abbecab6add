//! What is neither in the translation nor among its losses, leaf by leaf.

use std::collections::BTreeMap;

use bytes::BytesMut;
use gateway_ai::{
    dialect::{Dialect, ReplyContext, Target},
    loss::Losses,
};
use serde_json::Value;

use super::{
    URL,
    excuses::{Body, excused},
    leaves::{Held, leaves},
    load::DIALECTS,
    recorded,
};

/// Leaves nobody has heard of again, by place, and how many were looked up.
#[derive(Default)]
struct Search {
    silent: BTreeMap<String, (usize, String)>,
    leaves: usize,
    bodies: usize,
}

impl Search {
    fn look(&mut self, pair: &str, source: &Value, out: &[u8], losses: &Losses, body: Body) {
        let held = Held::of(&serde_json::from_slice(out).unwrap());
        self.bodies += 1;
        for leaf in leaves(source) {
            self.leaves += 1;
            if held.has(&leaf) || excused(&leaf, &held, losses, body) {
                continue;
            }
            let entry = self.silent.entry(format!("{pair} {}", leaf.place()));
            let shown: String = leaf.value.to_string().chars().take(60).collect();
            entry
                .or_insert_with(|| (0, format!("{shown}, reported [{losses}]")))
                .0 += 1;
        }
    }

    fn end(&self, what: &str) {
        let (leaves, bodies) = (self.leaves, self.bodies);
        eprintln!("{leaves} leaves of {bodies} translated {what} looked up");
        assert!(leaves > 0, "no leaf of any {what}");
        let lines = self.silent.iter();
        let lines = lines.map(|(place, (count, first))| format!("{count:6} {place}: {first}"));
        let lines: Vec<String> = lines.collect();
        assert!(lines.is_empty(), "lost in silence:\n{}", lines.join("\n"));
    }
}

pub(crate) const fn model(to: Dialect) -> &'static str {
    match to {
        Dialect::Messages => "claude-sonnet-4-5",
        Dialect::Gemini => "gemini-2.5-flash",
        Dialect::Converse => "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        _ => "gpt-4.1",
    }
}

#[test]
fn every_leaf_of_a_request_arrives_or_is_named() {
    let mut search = Search::default();
    for from in DIALECTS {
        let Some(found) = recorded(from) else { return };
        for exchange in found {
            let Some(body) = exchange.request_body() else {
                continue;
            };
            let Ok(request) = from.parse_request(body.as_bytes(), URL) else {
                continue;
            };
            let source: Value = serde_json::from_str(&body).unwrap();
            for to in DIALECTS.into_iter().filter(|to| *to != from) {
                let mut out = BytesMut::new();
                let target = Target::new(to, model(to));
                let Ok(printed) = to.print_request(&request, &target, &mut out) else {
                    continue;
                };
                let pair = format!("{from}→{to}");
                search.look(&pair, &source, &out, &printed.losses, Body::Request);
            }
        }
    }
    search.end("requests");
}

#[test]
fn every_leaf_of_a_reply_arrives_or_is_named() {
    let mut search = Search::default();
    for from in DIALECTS {
        let Some(found) = recorded(from) else { return };
        for exchange in found.filter(|exchange| !exchange.response.streaming) {
            let body = exchange.response_body();
            let Ok(reply) = from.parse_reply(&body) else {
                continue;
            };
            let source: Value = serde_json::from_slice(&body).unwrap();
            for to in DIALECTS.into_iter().filter(|to| *to != from) {
                let mut out = BytesMut::new();
                let losses = to.print_reply(&reply, &ReplyContext::default(), &mut out);
                search.look(&format!("{from}→{to}"), &source, &out, &losses, Body::Reply);
            }
        }
    }
    search.end("replies");
}
