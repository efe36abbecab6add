use serde_json::{Map, Value, json};

use crate::{canonical::Raw, loss::Losses};

/// Token probabilities in OpenAI's shape, if they are in Google's.
pub(crate) fn openai_logprobs(raw: &Raw, losses: &mut Losses) -> Option<Raw> {
    let fields: Map<String, Value> = raw.read().ok()?;
    if !OWN.iter().any(|name| fields.contains_key(*name)) {
        return None;
    }
    let list = |name: &str| fields.get(name).and_then(Value::as_array);
    let chosen = list(CHOSEN).into_iter().flatten();
    let rest = |at: usize| list(TOP)?.get(at)?.get("candidates")?.as_array();
    let content = chosen.enumerate().map(|(at, token)| {
        let mut entry = token_of(token, losses);
        let others = rest(at).into_iter().flatten();
        entry["top_logprobs"] = others.map(|other| token_of(other, losses)).collect();
        entry
    });
    let content: Vec<Value> = content.collect();
    if fields.contains_key(SUM) {
        losses.add_field("logprobs", SUM);
    }
    Some(Raw::from_value(
        &json!({ "content": content, "refusal": null }),
    ))
}

fn token_of(candidate: &Value, losses: &mut Losses) -> Value {
    if candidate.get(ID).is_some() {
        losses.add_field("logprobs", ID);
    }
    let token = candidate["token"].as_str().unwrap_or_default();
    let probability = candidate.get("logProbability").cloned();
    json!({
        "token": token,
        "logprob": probability.unwrap_or_else(|| 0.into()),
        "bytes": token.as_bytes(),
    })
}

const CHOSEN: &str = "chosenCandidates";
const TOP: &str = "topCandidates";
const SUM: &str = "logProbabilitySum";
const ID: &str = "tokenId";
const OWN: [&str; 3] = [CHOSEN, TOP, SUM];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_tokens_stand_with_what_else_they_could_have_been() {
        let google = json!({
            "chosenCandidates": [{ "token": "Hi", "tokenId": 7, "logProbability": -0.5 }],
            "topCandidates": [{ "candidates": [
                { "token": "Hi", "logProbability": -0.5 },
                { "token": "Ho", "logProbability": -1.5 },
            ] }],
        });
        let mut losses = Losses::new();
        let printed = openai_logprobs(&Raw::from_value(&google), &mut losses);
        let expected = json!({ "content": [{
            "token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": [
                { "token": "Hi", "logprob": -0.5, "bytes": [72, 105] },
                { "token": "Ho", "logprob": -1.5, "bytes": [72, 111] },
            ],
        }], "refusal": null });
        assert_eq!(printed, Some(Raw::from_value(&expected)));
        assert_eq!(losses.to_string(), "logprobs.tokenId");
    }

    #[test]
    fn openais_own_are_left_alone() {
        let own = Raw::from_value(&json!({ "content": [] }));
        assert_eq!(openai_logprobs(&own, &mut Losses::new()), None);
    }
}
