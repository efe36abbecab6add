//! A field nobody has heard of, in every kind of object that was ever recorded: it arrives, or it is
//! named among the losses, whatever is translated into what.

use std::collections::BTreeSet;

use bytes::BytesMut;
use gateway_ai::{
    dialect::{Dialect, ReplyContext, Target},
    error::AiError,
    loss::Losses,
};
use serde_json::Value;

use super::{
    URL,
    excuses::{Body, excused},
    leaves::{Held, Leaf, plain},
    load::{DIALECTS, Exchange},
    recorded,
    silent::model,
    tomorrow::Wrong,
    vary::{Change, NAME, vary},
};

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

fn is_accounted_for(place: &str, out: &[u8], losses: &Losses, body: Body) -> bool {
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

/// A body read as one dialect's and printed as another's; `None` where that one refuses it.
type Translated = Result<Option<(BytesMut, Losses)>, AiError>;

/// Plants the field in all bodies of one sort, and looks for it behind every translation.
fn search(
    sort: Body,
    body_of: impl Fn(&Exchange) -> Option<Vec<u8>>,
    translate: impl Fn(Dialect, Dialect, &[u8]) -> Translated,
) {
    let (mut wrong, mut count) = (Wrong::default(), 0);
    for from in DIALECTS {
        let Some(found) = recorded(from) else { return };
        let mut met = BTreeSet::new();
        for exchange in found {
            let Some(body) = body_of(exchange) else {
                continue;
            };
            if translate(from, from, &body).is_err() {
                continue;
            }
            let original: Value = serde_json::from_slice(&body).unwrap();
            for (place, body) in varied(&original, &mut met) {
                let body = body.to_string();
                for to in DIALECTS.into_iter().filter(|to| *to != from) {
                    match translate(from, to, body.as_bytes()) {
                        Err(error) => {
                            let what = format!("{from} at {place} not read: {error}");
                            wrong.add(what, exchange.name());
                        }
                        Ok(None) => {}
                        Ok(Some((out, losses))) => {
                            count += 1;
                            if !is_accounted_for(&place, &out, &losses, sort) {
                                wrong
                                    .add(format!("{from} at {place}"), format!("→{to} [{losses}]"));
                            }
                        }
                    }
                }
            }
        }
    }
    wrong.end(count, &format!("{sort:?} bodies with a field of tomorrow"));
}

#[test]
fn an_unknown_field_of_a_request_arrives_or_is_named() {
    let body = |exchange: &Exchange| Some(exchange.request_body()?.as_bytes().to_vec());
    search(Body::Request, body, |from, to, body| {
        let request = from.parse_request(body, URL)?;
        let mut out = BytesMut::new();
        let printed = to.print_request(&request, &Target::new(to, model(to)), &mut out);
        Ok(printed.ok().map(|printed| (out, printed.losses)))
    });
}

#[test]
fn an_unknown_field_of_a_reply_arrives_or_is_named() {
    let whole = |exchange: &Exchange| !exchange.response.streaming;
    let body = |exchange: &Exchange| whole(exchange).then(|| exchange.response_body().to_vec());
    search(Body::Reply, body, |from, to, body| {
        let reply = from.parse_reply(body)?;
        let mut out = BytesMut::new();
        let losses = to.print_reply(&reply, &ReplyContext::default(), &mut out);
        Ok(Some((out, losses)))
    });
}
