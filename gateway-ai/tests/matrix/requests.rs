use std::collections::BTreeMap;

use bytes::BytesMut;
use gateway_ai::{
    canonical::Request,
    dialect::{Dialect, Target},
    loss::Losses,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    DIALECTS, URL,
    excuse::excused,
    facts::{self, Facts},
    table::Grid,
};

/// One thing a client may want, in the words of each dialect that has words for it.
#[derive(Debug, Deserialize)]
struct Feature {
    feature: String,
    /// What every spelling of it must be understood to say.
    says: Vec<String>,
    /// Why a dialect has no spelling.
    #[serde(default)]
    cannot: String,
    #[serde(flatten)]
    spellings: BTreeMap<String, Value>,
}

fn features() -> Vec<Feature> {
    serde_json::from_str(include_str!("requests.json")).unwrap()
}

fn parse(dialect: Dialect, body: &Value) -> Request {
    dialect
        .parse_request(body.to_string().as_bytes(), URL)
        .unwrap_or_else(|error| panic!("{dialect}: {error}: {body}"))
}

/// As [`super::target`], with both sampling options and an effort.
fn target(from: Dialect, to: Dialect) -> Target {
    let mut target = super::target(from, to);
    if from != to && (to == Dialect::Responses || to == Dialect::Chat) {
        // A reasoning model takes no temperature: the table has one line for each.
        target.thinking = gateway_ai::dialect::ThinkingSupport::Effort;
    }
    target
}

#[test]
fn each_spelling_says_what_it_is_for() {
    for feature in features() {
        assert!(
            DIALECTS
                .iter()
                .all(|d| feature.spellings.contains_key(d.as_str()))
                || !feature.cannot.is_empty(),
            "{}: no reason for a missing spelling",
            feature.feature
        );
        for dialect in DIALECTS {
            let Some(body) = feature.spellings.get(dialect.as_str()) else {
                continue;
            };
            let said = facts::of(&parse(dialect, body));
            for fact in &feature.says {
                assert!(
                    said.contains(fact),
                    "{} in {dialect} does not say {fact:?} but {said:#?}",
                    feature.feature
                );
            }
        }
    }
}

/// What became of a request elsewhere.
fn cell(feature: &Feature, from: Dialect, to: Dialect, wrong: &mut Vec<String>) -> String {
    let Some(body) = feature.spellings.get(from.as_str()) else {
        return "–".to_owned();
    };
    let request = parse(from, body);
    let mut out = BytesMut::new();
    let printed = match to.print_request(&request, &target(from, to), &mut out) {
        Ok(printed) => printed,
        Err(error) => {
            let name = &feature.feature;
            if error.param().is_none() || !error.client_status().is_client_error() {
                wrong.push(format!("{from}→{to} {name}: {error} names no field"));
            }
            return format!("400 `{}`", error.param().unwrap_or_default());
        }
    };
    let text = std::str::from_utf8(&out).unwrap();
    let sent: Value = serde_json::from_str(text).unwrap();
    let (before, after) = (facts::of(&request), facts::of(&parse(to, &sent)));
    for fact in silently_lost(&before, &after, &printed.losses) {
        wrong.push(format!(
            "{from}→{to} {}: lost {fact:?}, reported [{}]\n  {text}",
            feature.feature, printed.losses
        ));
    }
    if from == to && !printed.losses.is_empty() {
        wrong.push(format!(
            "{from}→{to} {}: {}",
            feature.feature, printed.losses
        ));
    }
    super::table::cell(&printed.losses)
}

fn silently_lost(before: &Facts, after: &Facts, losses: &Losses) -> Vec<String> {
    let lost = before.difference(after);
    lost.filter(|fact| !excused(fact, losses))
        .cloned()
        .collect()
}

/// The tables of what clients may want, and every loss nobody was told of.
pub(crate) fn grids() -> (Vec<Grid>, Vec<String>) {
    let mut wrong = Vec::new();
    let grids = features().into_iter().map(|feature| {
        Grid::new(&feature.feature, &feature.cannot, |from, to| {
            cell(&feature, from, to, &mut wrong)
        })
    });
    (grids.collect(), wrong)
}

#[test]
fn nothing_is_lost_in_silence() {
    let (_, wrong) = grids();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_silent_loss_is_noticed() {
    let body = serde_json::json!({ "model": "m", "seed": 7,
        "messages": [{ "role": "user", "content": "hi" }] });
    let before = facts::of(&parse(Dialect::Chat, &body));
    let mut after = before.clone();
    after.remove("seed 7");
    let mut losses = Losses::new();
    assert_eq!(silently_lost(&before, &after, &losses), ["seed 7"]);
    losses.add("top_k");
    assert_eq!(silently_lost(&before, &after, &losses), ["seed 7"]);
    losses.add("seed");
    assert!(silently_lost(&before, &after, &losses).is_empty());
}
