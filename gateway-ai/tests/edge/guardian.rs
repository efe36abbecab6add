//! The turns of a conversation stay where its beginning is cached.

use gateway_ai::{
    edge::AiService,
    guardian::Guardian,
    models::{Alias, target},
    providers::{Provider, table},
};
use gateway_core::{Outcome, PrefixLost};
use serde_json::json;

use crate::support::{Answer, Double, MESSAGES, ask, models, post, text};

fn service(double: &Double) -> AiService {
    let anthropic = Provider::builder("anthropic", table::find("anthropic").unwrap());
    let split = Alias::split([
        target("anthropic/claude-sonnet-4-5").weight(50),
        target("anthropic/claude-haiku-4-5").weight(50),
    ]);
    models(double)
        .alias("split", split)
        .provider("anthropic", anthropic.key("k1").key("k2").key("k3"))
        .service()
        .unwrap()
}

/// What turn `turns` of a conversation about a subject looks like.
fn turn(model: &str, subject: &str, turns: usize) -> String {
    let mut messages = vec![json!({ "role": "user", "content": subject })];
    for number in 0..turns {
        messages.push(json!({ "role": "assistant", "content": format!("{number}") }));
        messages.push(json!({ "role": "user", "content": "and?" }));
    }
    json!({ "model": model, "max_tokens": 9, "system": "s", "messages": messages }).to_string()
}

fn counted(read: u32, write: u32) -> Answer {
    Answer::json(200, json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
        "content": [{ "type": "text", "text": "Hello" }], "stop_reason": "end_turn",
        "usage": { "input_tokens": 9, "cache_read_input_tokens": read, "cache_creation_input_tokens": write, "output_tokens": 2 },
    }).to_string())
}

async fn say(ai: &AiService, body: String) -> Option<PrefixLost> {
    let outcome = Outcome::new();
    let mut request = post(MESSAGES, body);
    request.extensions_mut().insert(outcome.clone());
    text(ask(ai.clone(), request).await).await;
    outcome.take().prefix_lost
}

/// The keys the provider was called with.
fn keys(double: &Double) -> Vec<String> {
    let seen = double.seen();
    let key = |headers: &http::HeaderMap| headers["x-api-key"].to_str().unwrap().to_owned();
    seen.iter().map(|seen| key(&seen.headers)).collect()
}

#[tokio::test]
async fn a_conversation_keeps_its_key_and_its_target() {
    let double = Double::new((0..36).map(|_| counted(0, 0)));
    let ai = service(&double);
    for subject in 0..12 {
        for number in 0..3 {
            say(&ai, turn("split", &format!("about {subject}"), number)).await;
        }
    }
    let asked: Vec<(String, String)> = (keys(&double).into_iter())
        .zip(double.seen())
        .map(|(key, seen)| (key, seen.json()["model"].as_str().unwrap().to_owned()))
        .collect();
    for conversation in asked.chunks(3) {
        assert!(
            conversation.iter().all(|one| one == &conversation[0]),
            "{asked:?}"
        );
    }
    let mut different = asked;
    different.sort();
    different.dedup();
    assert!(different.len() > 2, "{different:?}");
}

#[tokio::test]
async fn without_a_guardian_keys_take_turns() {
    let double = Double::new((0..3).map(|_| counted(0, 0)));
    let ai = service(&double).guardian(None::<Guardian>);
    for number in 0..3 {
        say(&ai, turn("anthropic/claude-sonnet-4-5", "x", number)).await;
    }
    assert_eq!(keys(&double), ["k1", "k2", "k3"]);
}

#[tokio::test]
async fn what_moves_after_a_refusal_stays_there_and_is_told() {
    let refused = Answer::Whole(
        429,
        &[("retry-after", "1")],
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}"#.to_owned(),
    );
    let double = Double::new([
        counted(0, 900),
        counted(900, 50),
        refused,
        counted(0, 950),
        counted(950, 50),
    ]);
    let ai = service(&double);
    let model = "anthropic/claude-sonnet-4-5";
    let mut lost = Vec::new();
    for number in 0..4 {
        lost.push(say(&ai, turn(model, "x", number)).await);
    }
    assert_eq!(lost, [None, None, Some(PrefixLost::Moved), None]);
    let keys = keys(&double);
    assert_eq!((&keys[0], &keys[0]), (&keys[1], &keys[2]));
    assert_ne!(keys[0], keys[3]);
    assert_eq!(keys[3], keys[4]);
}

/// One key, and a client that marks what is to be cached.
#[tokio::test]
async fn a_marked_beginning_that_is_not_read_is_told() {
    let double = Double::new([counted(0, 900), counted(0, 950)]);
    let ai = models(&double).service().unwrap();
    let marked = |turns| {
        let mut body: serde_json::Value =
            serde_json::from_str(&turn("anthropic/claude-sonnet-4-5", "x", turns)).unwrap();
        body["system"] =
            json!([{ "type": "text", "text": "s", "cache_control": { "type": "ephemeral" } }]);
        body.to_string()
    };
    assert_eq!(say(&ai, marked(0)).await, None);
    assert_eq!(say(&ai, marked(1)).await, Some(PrefixLost::Unread));
    // What others see of the same words is their own affair.
    let seen = double.seen();
    assert_eq!(
        seen[0].json()["system"][0]["cache_control"]["type"],
        "ephemeral"
    );
}
