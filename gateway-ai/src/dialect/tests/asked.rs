//! What a request says of its tools and its options, in every dialect that has to say it.

use serde_json::{Value, json};

use super::{translate, try_translate};
use crate::dialect::{Dialect, Target};

pub(super) const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

pub(super) fn to(to: Dialect, model: &str, from: Dialect, body: &Value) -> (Value, String) {
    translate(from, body, &Target::new(to, model), to)
}

/// A Chat request with one user turn and more.
pub(super) fn chat(more: &Value) -> Value {
    let mut body = json!({ "model": "m", "messages": [{ "role": "user", "content": "hi" }] });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

pub(super) fn called(result: &Value) -> Value {
    json!([
        { "role": "user", "content": "hi" },
        { "role": "assistant", "content": null, "tool_calls": [
            { "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}" } }] },
        { "role": "tool", "tool_call_id": "c", "content": result },
    ])
}

fn function(name: &str) -> Value {
    json!({ "type": "function", "function": { "name": name, "parameters": { "type": "object" } } })
}

#[test]
fn strictness_is_missed_where_there_is_none() {
    let mut tool = function("f");
    tool["function"]["strict"] = json!(true);
    let body = chat(&json!({ "tools": [tool] }));
    let (sent, losses) = to(Dialect::Messages, "claude-sonnet-4-5", Dialect::Chat, &body);
    assert_eq!(
        (&sent["tools"][0]["strict"], losses.as_str()),
        (&json!(true), "")
    );
    let (_, losses) = to(Dialect::Gemini, "gemini-2.5-flash", Dialect::Chat, &body);
    assert_eq!(losses, "tools.strict");
    let (_, losses) = to(
        Dialect::Converse,
        "us.meta.llama4-maverick-17b-instruct-v1:0",
        Dialect::Chat,
        &body,
    );
    assert_eq!(losses, "tools.strict");
}

#[test]
fn a_choice_of_none_keeps_the_tools() {
    let body = chat(
        &json!({ "messages": called(&json!("r")), "tools": [function("f")], "tool_choice": "none" }),
    );
    let (sent, losses) = to(Dialect::Messages, "claude-haiku-4-5", Dialect::Chat, &body);
    assert_eq!(
        (
            &sent["tool_choice"],
            &sent["tools"][0]["name"],
            losses.as_str()
        ),
        (&json!({ "type": "none" }), &json!("f"), "")
    );
    let (sent, losses) = to(Dialect::Gemini, "gemini-2.5-flash", Dialect::Chat, &body);
    let mode = &sent["toolConfig"]["functionCallingConfig"]["mode"];
    let declared = &sent["tools"][0]["functionDeclarations"][0]["name"];
    assert_eq!(
        (mode, declared, losses.as_str()),
        (&json!("NONE"), &json!("f"), "")
    );
}

#[test]
fn all_functions_are_in_one_entry_of_geminis_tools() {
    let tools = ["f", "g", "h"].map(function);
    let (sent, _) = to(
        Dialect::Gemini,
        "gemini-2.5-flash",
        Dialect::Chat,
        &chat(&json!({ "tools": tools })),
    );
    assert_eq!(sent["tools"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        sent["tools"][0]["functionDeclarations"]
            .as_array()
            .map(Vec::len),
        Some(3)
    );
}

#[test]
fn what_a_tool_says_to_its_own_provider_stays() {
    let tool = json!({ "name": "f", "input_schema": { "type": "object" }, "cache_control": { "type": "ephemeral" },
        "defer_loading": true, "input_examples": [{ "a": 1.0 }], "eager_input_streaming": true });
    let body = json!({ "model": "m", "max_tokens": 9, "tools": [tool], "messages": [{ "role": "user", "content": "a" }] });
    let same = Target::verbatim(Dialect::Messages, "m");
    let (sent, losses) = translate(Dialect::Messages, &body, &same, Dialect::Messages);
    assert_eq!((&sent["tools"][0], losses.as_str()), (&tool, ""));
    let (_, losses) = to(Dialect::Chat, "gpt-4.1", Dialect::Messages, &body);
    for name in [
        "cache_control",
        "tools.defer_loading",
        "tools.input_examples",
        "tools.eager_input_streaming",
    ] {
        assert!(losses.contains(name), "{name}: {losses}");
    }
}

#[test]
fn who_thinks_is_not_told_how_to_sample() {
    let body = json!({ "model": "m", "contents": [{ "role": "user", "parts": [{ "text": "hi" }] }],
        "generationConfig": { "topK": 40, "topP": 0.5, "thinkingConfig": { "thinkingBudget": 2048 } } });
    let (sent, losses) = to(
        Dialect::Messages,
        "claude-sonnet-4-5",
        Dialect::Gemini,
        &body,
    );
    assert_eq!(sent["thinking"]["type"], "enabled");
    assert_eq!(
        (&sent["top_k"], &sent["top_p"]),
        (&Value::Null, &Value::Null)
    );
    assert!(
        losses.contains("top_k") && losses.contains("top_p"),
        "{losses}"
    );
}

#[test]
fn gemini_takes_five_stops_a_seed_and_penalties() {
    let body = chat(
        &json!({ "stop": ["1", "2", "3", "4", "5", "6"], "seed": 7, "presence_penalty": 0.5,
        "frequency_penalty": 0.25, "logprobs": true, "top_logprobs": 2 }),
    );
    let (sent, losses) = to(Dialect::Gemini, "gemini-2.5-flash", Dialect::Chat, &body);
    assert_eq!(
        sent["generationConfig"],
        json!({ "stopSequences": ["1", "2", "3", "4", "5"], "seed": 7, "presencePenalty": 0.5,
            "frequencyPenalty": 0.25, "responseLogprobs": true, "logprobs": 2 })
    );
    assert_eq!(losses, "stop");
}

#[test]
fn several_answers_are_refused_where_there_is_one() {
    for (elsewhere, model) in [
        (Dialect::Responses, "gpt-4.1"),
        (Dialect::Messages, "claude-haiku-4-5"),
        (Dialect::Converse, CLAUDE),
    ] {
        let target = Target::new(elsewhere, model);
        let refused = try_translate(Dialect::Chat, &chat(&json!({ "n": 2 })), &target, elsewhere);
        assert_eq!(refused.unwrap_err().param(), Some("n"), "{elsewhere}");
    }
}

#[test]
fn what_is_cached_at_one_provider_is_missed_elsewhere() {
    let body = json!({ "model": "m", "cachedContent": "cachedContents/x",
        "contents": [{ "role": "user", "parts": [{ "text": "hi" }] }] });
    let same = Target::verbatim(Dialect::Gemini, "gemini-2.5-flash");
    let (sent, losses) = translate(Dialect::Gemini, &body, &same, Dialect::Gemini);
    assert_eq!(
        (&sent["cachedContent"], losses.as_str()),
        (&body["cachedContent"], "")
    );
    for (elsewhere, model) in [
        (Dialect::Chat, "gpt-4.1"),
        (Dialect::Messages, "claude-haiku-4-5"),
        (Dialect::Converse, CLAUDE),
    ] {
        let target = Target::new(elsewhere, model);
        match try_translate(Dialect::Gemini, &body, &target, elsewhere) {
            Ok((_, printed)) => {
                assert_eq!(printed.losses.to_string(), "cachedContent", "{elsewhere}")
            }
            Err(error) => assert_eq!(error.param(), Some("cachedContent"), "{elsewhere}"),
        }
    }
}

#[test]
fn nobody_marks_what_the_client_did_not() {
    let body = chat(&json!({ "messages": called(&json!("r")), "tools": [function("f")] }));
    for (elsewhere, model) in [
        (Dialect::Messages, "claude-haiku-4-5"),
        (Dialect::Converse, CLAUDE),
    ] {
        let (sent, _) = to(elsewhere, model, Dialect::Chat, &body);
        let text = sent.to_string();
        assert!(
            !text.contains("cache_control") && !text.contains("cachePoint"),
            "{text}"
        );
    }
}

#[test]
fn what_was_cut_off_by_wish_is_not_imitated() {
    let body = json!({ "model": "m", "input": "hi", "truncation": "auto" });
    for (elsewhere, model) in [
        (Dialect::Chat, "gpt-4.1"),
        (Dialect::Messages, "claude-haiku-4-5"),
    ] {
        let (_, losses) = to(elsewhere, model, Dialect::Responses, &body);
        assert_eq!(losses, "truncation", "{elsewhere}");
    }
    let managed =
        json!({ "model": "m", "input": "hi", "context_management": [{ "type": "compaction" }] });
    let (_, losses) = to(Dialect::Chat, "gpt-4.1", Dialect::Responses, &managed);
    assert_eq!(losses, "context_management");
}
