//! Recorded bodies as they may come tomorrow, or from another client: varied in ways that change
//! nothing, they are accepted and say what they said.

use bytes::BytesMut;
use gateway_ai::{
    dialect::{Dialect, ReplyContext, Target},
    loss::Losses,
};
use serde_json::Value;

use super::{
    URL,
    equal::differences,
    excuses::{Body, excused},
    leaves::{Held, Leaf, plain},
    load::DIALECTS,
    recorded, truth,
    vary::{CHANGES, Change, NAME, OF_REPLIES, OF_REQUESTS, vary},
};

/// A number that is the same on every run and another for every body.
pub(crate) fn pick(name: &str, salt: usize, limit: usize) -> usize {
    let hash = name.bytes().fold(salt as u64 + 7, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    usize::try_from((hash >> 16) % limit.max(1) as u64).unwrap()
}

/// What went wrong, each kind once, with how often.
#[derive(Default)]
pub(crate) struct Wrong(std::collections::BTreeMap<String, (usize, String)>);

impl Wrong {
    pub(crate) fn add(&mut self, kind: impl Into<String>, example: impl Into<String>) {
        let entry = self.0.entry(kind.into());
        entry.or_insert_with(|| (0, example.into())).0 += 1;
    }

    pub(crate) fn end(&self, count: usize, what: &str) {
        eprintln!("{count} {what}");
        assert!(count > 0, "no {what}");
        let lines = self.0.iter();
        let lines =
            lines.map(|(kind, (count, example))| format!("{count:5} {kind}: {example:.900}"));
        let lines: Vec<String> = lines.collect();
        assert!(lines.is_empty(), "{}:\n{}", lines.len(), lines.join("\n"));
    }
}

#[test]
fn requests_of_tomorrow_are_taken() {
    let (mut wrong, mut count) = (Wrong::default(), 0);
    for from in DIALECTS {
        let Some(found) = recorded(from) else { return };
        for exchange in found {
            let Some(body) = exchange.request_body() else {
                continue;
            };
            if from.parse_request(body.as_bytes(), URL).is_err() {
                continue;
            }
            let original: Value = serde_json::from_str(&body).unwrap();
            let other = DIALECTS[pick(&exchange.id, 1, DIALECTS.len())];
            for to in [from, other] {
                let Ok(before) = print(from, to, &original) else {
                    continue;
                };
                for change in CHANGES {
                    let objects = vary(&mut original.clone(), change, None, OF_REQUESTS);
                    let only = pick(&exchange.id, 2, objects.len());
                    let mut varied = original.clone();
                    vary(&mut varied, change, Some(only), OF_REQUESTS);
                    count += 1;
                    let place = &objects[only];
                    let kind = format!("{from}→{to} {change:?} at {}", place.join("."));
                    match print(from, to, &varied) {
                        Ok(after) => compare(&before, &after, change, place, |what| {
                            let example = format!("{} {varied:.1000}", exchange.name());
                            wrong.add(format!("{kind} {what}"), example);
                        }),
                        Err(error) => wrong.add(format!("{kind} {error}"), exchange.name()),
                    }
                }
            }
        }
    }
    wrong.end(count, "varied requests");
}

fn print(from: Dialect, to: Dialect, body: &Value) -> Result<(Value, Losses), String> {
    let request = from
        .parse_request(body.to_string().as_bytes(), URL)
        .map_err(|error| format!("not read: {error}"))?;
    let mut out = BytesMut::new();
    let target = if from == to {
        Target::verbatim(to, request.model.as_str())
    } else {
        Target::new(to, super::silent::model(to))
    };
    let printed = to
        .print_request(&request, &target, &mut out)
        .map_err(|error| format!("not printed: {error}"))?;
    Ok((serde_json::from_slice(&out).unwrap(), printed.losses))
}

fn compare(
    before: &(Value, Losses),
    after: &(Value, Losses),
    change: Change,
    place: &[String],
    mut wrong: impl FnMut(String),
) {
    if change == Change::Unknown {
        let mut path = place.to_vec();
        path.push(NAME.to_owned());
        let value = Value::from("tomorrow");
        let leaf = Leaf { path, value };
        let held = Held::of(&after.0);
        if !goes_whole(place)
            && !held.has_key(&plain(NAME))
            && !excused(&leaf, &held, &after.1, Body::Request)
        {
            wrong(format!("lost in silence [{}]", after.1));
        }
        return;
    }
    let (before, after) = (comparable(&before.0), comparable(&after.0));
    if before != after {
        wrong(format!("differs at {:?}", differences(&before, &after)));
    }
}

/// Blocks and items, of which some say nothing and others have no words elsewhere: what is left out
/// whole takes its fields with it.
fn goes_whole(place: &[String]) -> bool {
    let words = place.iter().filter(|word| !word.starts_with('<'));
    let words: Vec<&str> = words.map(String::as_str).collect();
    matches!(
        words.as_slice(),
        ["contents", "parts"] | ["messages", "content"] | ["input"] | ["system"]
    )
}

/// Numbers by value, and nothing of `null`.
fn comparable(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), comparable(value)))
            .filter(|(_, value)| !value.is_null() && *value != serde_json::json!({}))
            .collect(),
        Value::Array(list) => list.iter().map(comparable).collect(),
        Value::Number(number) => serde_json::json!(number.as_f64()),
        value => value.clone(),
    }
}

#[test]
fn replies_of_tomorrow_say_the_same() {
    let (mut wrong, mut count) = (Wrong::default(), 0);
    for from in DIALECTS {
        let Some(found) = recorded(from) else { return };
        for exchange in found.filter(|exchange| !exchange.response.streaming) {
            let body = exchange.response_body();
            let Ok(reply) = from.parse_reply(&body) else {
                continue;
            };
            let said = truth::of_reply(&reply);
            let original: Value = serde_json::from_slice(&body).unwrap();
            for change in CHANGES {
                let objects = vary(&mut original.clone(), change, None, OF_REPLIES);
                for salt in 0..2 {
                    let mut varied = original.clone();
                    let only = (salt > 0).then(|| pick(&exchange.id, salt, objects.len()));
                    vary(&mut varied, change, only, OF_REPLIES);
                    count += 1;
                    let place = only.map(|only| objects[only].join("."));
                    let pair = format!("{from} {change:?} at {place:?}");
                    let example = || format!("{} {varied:.2000}", exchange.name());
                    match from.parse_reply(varied.to_string().as_bytes()) {
                        Err(error) => wrong.add(format!("{pair} not read: {error}"), example()),
                        Ok(reply) => {
                            let now = truth::of_reply(&reply);
                            if now != said {
                                let what = format!("{pair} says otherwise");
                                wrong.add(what, format!("{now:?}, not {said:?}: {}", example()));
                            }
                            let to = DIALECTS[pick(&exchange.id, salt, DIALECTS.len())];
                            let mut out = BytesMut::new();
                            to.print_reply(&reply, &ReplyContext::default(), &mut out);
                            if to.parse_reply(&out).is_err() {
                                wrong.add(format!("{pair} unreadable in {to}"), example());
                            }
                        }
                    }
                }
            }
        }
    }
    wrong.end(count, "varied replies");
}
