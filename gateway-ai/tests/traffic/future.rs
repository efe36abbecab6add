//! A field nobody has heard of, in every kind of object that was ever recorded: it arrives, or it is
//! named among the losses, whatever is translated into what.

use std::collections::BTreeSet;

use bytes::BytesMut;
use gateway_ai::dialect::{Dialect, ReplyContext, Target, Url};
use serde_json::Value;

use super::{
    excuses::{Body, excused},
    leaves::{Held, Leaf, plain},
    load::{DIALECTS, Exchange, endpoints, exchanges},
    silent::model,
    tomorrow::Wrong,
    vary::{Change, NAME, vary},
};

const URL: Url<'static> = Url {
    model: Some("from-url"),
    stream: None,
};

fn recorded(from: Dialect) -> Option<impl Iterator<Item = &'static Exchange>> {
    let found = exchanges(endpoints(from))?;
    Some(found.into_iter().filter(|exchange| exchange.is_ok()))
}

/// The body with the field in one object of each kind that was not met before.
fn varied(original: &Value, met: &mut BTreeSet<String>) -> Vec<(String, Value)> {
    let objects = vary(&mut original.clone(), Change::Unknown, None, &[]);
    let fresh = objects.iter().map(|place| place.join(".")).enumerate();
    fresh
        .filter(|(_, place)| met.insert(place.clone()))
        .map(|(only, place)| {
            let mut varied = original.clone();
            vary(&mut varied, Change::Unknown, Some(only), &[]);
            (place, varied)
        })
        .collect()
}

fn is_accounted_for(
    place: &str,
    out: &[u8],
    losses: &gateway_ai::loss::Losses,
    body: Body,
) -> bool {
    let mut path: Vec<String> = place.split('.').map(str::to_owned).collect();
    path.push(NAME.to_owned());
    let leaf = Leaf {
        path,
        value: Value::from("tomorrow"),
    };
    let held = Held::of(&serde_json::from_slice(out).unwrap());
    // A block that had to be left out is named as a whole.
    // How long the provider took is no part of what it said.
    let left_out =
        (losses.contains("content.misplaced") && place.contains("content")) || place == "metrics";
    left_out || held.has_key(&plain(NAME)) || excused(&leaf, &held, losses, body)
}

#[test]
fn an_unknown_field_of_a_request_arrives_or_is_named() {
    let (mut wrong, mut count) = (Wrong::default(), 0);
    for from in DIALECTS {
        let Some(found) = recorded(from) else { return };
        let mut met = BTreeSet::new();
        for exchange in found {
            let Some(body) = exchange.request_body() else {
                continue;
            };
            if from.parse_request(body.as_bytes(), URL).is_err() {
                continue;
            }
            let original: Value = serde_json::from_str(&body).unwrap();
            for (place, body) in varied(&original, &mut met) {
                let request = match from.parse_request(body.to_string().as_bytes(), URL) {
                    Ok(request) => request,
                    Err(error) => {
                        wrong.add(
                            format!("{from} at {place} not read: {error}"),
                            exchange.name(),
                        );
                        continue;
                    }
                };
                for to in DIALECTS.into_iter().filter(|to| *to != from) {
                    let mut out = BytesMut::new();
                    let target = Target::new(to, model(to));
                    let Ok(printed) = to.print_request(&request, &target, &mut out) else {
                        continue;
                    };
                    count += 1;
                    if !is_accounted_for(&place, &out, &printed.losses, Body::Request) {
                        wrong.add(
                            format!("{from} at {place}"),
                            format!("→{to} [{}]", printed.losses),
                        );
                    }
                }
            }
        }
    }
    wrong.end(count, "requests with a field of tomorrow");
}

#[test]
fn an_unknown_field_of_a_reply_arrives_or_is_named() {
    let (mut wrong, mut count) = (Wrong::default(), 0);
    for from in DIALECTS {
        let Some(found) = recorded(from) else { return };
        let mut met = BTreeSet::new();
        for exchange in found.filter(|exchange| !exchange.response.streaming) {
            let body = exchange.response_body();
            if from.parse_reply(&body).is_err() {
                continue;
            }
            let original: Value = serde_json::from_slice(&body).unwrap();
            for (place, body) in varied(&original, &mut met) {
                let reply = match from.parse_reply(body.to_string().as_bytes()) {
                    Ok(reply) => reply,
                    Err(error) => {
                        wrong.add(
                            format!("{from} at {place} not read: {error}"),
                            exchange.name(),
                        );
                        continue;
                    }
                };
                for to in DIALECTS.into_iter().filter(|to| *to != from) {
                    let mut out = BytesMut::new();
                    let losses = to.print_reply(&reply, &ReplyContext::default(), &mut out);
                    count += 1;
                    if !is_accounted_for(&place, &out, &losses, Body::Reply) {
                        wrong.add(format!("{from} at {place}"), format!("→{to} [{losses}]"));
                    }
                }
            }
        }
    }
    wrong.end(count, "replies with a field of tomorrow");
}
