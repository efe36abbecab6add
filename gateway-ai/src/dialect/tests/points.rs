//! Points of the checklist that no other test looks at alone.

use serde_json::{Value, json};

use super::{translate, try_translate};
use crate::dialect::{Dialect, Target};

const ALL: [(Dialect, &str); 5] = [
    (Dialect::Chat, "gpt-4.1"),
    (Dialect::Responses, "gpt-4.1"),
    (Dialect::Messages, "claude-sonnet-4-5"),
    (Dialect::Gemini, "gemini-2.5-flash"),
    (
        Dialect::Converse,
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    ),
];

fn from_gemini(part: &Value, to: Dialect, model: &str) -> Result<(Value, String), String> {
    let body =
        json!({ "model": "m", "contents": [{ "role": "user", "parts": [{ "text": "?" }, part] }] });
    let target = Target::new(to, model);
    let printed = try_translate(Dialect::Gemini, &body, &target, to);
    printed
        .map(|(body, printed)| (body, printed.losses.to_string()))
        .map_err(|error| error.param().unwrap_or_default().to_owned())
}

#[test]
fn files_of_a_bucket_keep_their_type_and_do_not_leave() {
    let part = json!({ "fileData": { "mimeType": "image/png", "fileUri": "gs://b/a.png" } });
    let (body, losses) = from_gemini(&part, Dialect::Gemini, "gemini-2.5-flash").unwrap();
    assert_eq!(
        (&body["contents"][0]["parts"][1], losses.as_str()),
        (&part, "")
    );
    for to in [Dialect::Messages, Dialect::Converse] {
        let refused = from_gemini(&part, to, "claude-sonnet-4-5");
        assert!(refused.is_err_and(|param| !param.is_empty()), "{to}");
    }
}

#[test]
fn videos_cross_to_who_takes_them() {
    let part = json!({ "inlineData": { "mimeType": "video/mp4", "data": "AAAA" } });
    let (body, _) = from_gemini(&part, Dialect::Converse, "amazon.nova-pro-v1:0").unwrap();
    let video = &body["messages"][0]["content"][1]["video"];
    assert_eq!(
        (&video["format"], &video["source"]["bytes"]),
        (&json!("mp4"), &json!("AAAA"))
    );
    for to in [Dialect::Messages, Dialect::Responses] {
        let refused = from_gemini(&part, to, "m");
        assert!(refused.is_err_and(|param| !param.is_empty()), "{to}");
    }
    // OpenAI has no such part; servers that speak its dialect have.
    let (body, _) = from_gemini(&part, Dialect::Chat, "m").unwrap();
    let part = &body["messages"][0]["content"][1];
    assert_eq!(part["video_url"]["url"], "data:video/mp4;base64,AAAA");
}

#[test]
fn a_limit_too_small_is_raised_and_said() {
    let body = json!({ "model": "m", "max_completion_tokens": 5, "messages": [{ "role": "user", "content": "hi" }] });
    let target = Target::new(Dialect::Responses, "gpt-4.1");
    let (body, losses) = translate(Dialect::Chat, &body, &target, Dialect::Responses);
    assert_eq!(
        (&body["max_output_tokens"], losses.as_str()),
        (&json!(16), "max_tokens")
    );
}

#[test]
fn content_of_null_is_no_text() {
    let body = json!({ "model": "m", "messages": [
        { "role": "user", "content": "hi" },
        { "role": "assistant", "content": null, "tool_calls": [
            { "id": "c", "type": "function", "function": { "name": "f", "arguments": "" } }] },
        { "role": "tool", "tool_call_id": "c", "content": "one" },
    ] });
    for (to, model) in ALL {
        let (body, _) = translate(Dialect::Chat, &body, &Target::new(to, model), to);
        assert!(!body.to_string().contains("\"null\""), "{to}: {body}");
    }
}

#[test]
fn a_schema_keeps_its_order() {
    let schema = r#"{"type":"object","properties":{"z":{"type":"integer"},"a":{"type":"string"}}}"#;
    let body = format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],
        "tools":[{{"type":"function","function":{{"name":"f","parameters":{schema}}}}}]}}"#
    );
    let request = Dialect::Chat
        .parse_request(body.as_bytes(), crate::dialect::Url::default())
        .unwrap();
    for (to, model) in ALL {
        let mut out = bytes::BytesMut::new();
        to.print_request(&request, &Target::new(to, model), &mut out)
            .unwrap();
        let text = std::str::from_utf8(&out).unwrap();
        assert!(text.contains(schema), "{to}: {text}");
    }
}

#[test]
fn gemini_gets_a_level_or_a_budget() {
    let body = json!({ "model": "m", "reasoning_effort": "low", "messages": [{ "role": "user", "content": "hi" }] });
    for model in ["gemini-2.5-flash", "gemini-3-pro-preview"] {
        let target = Target::new(Dialect::Gemini, model);
        let (body, _) = translate(Dialect::Chat, &body, &target, Dialect::Gemini);
        let config = &body["generationConfig"]["thinkingConfig"];
        let (level, budget) = (config.get("thinkingLevel"), config.get("thinkingBudget"));
        assert!(level.is_some() != budget.is_some(), "{model}: {config}");
    }
}

#[test]
fn reasoning_goes_back_to_who_wants_it_back() {
    let body = json!({ "model": "m", "messages": [
        { "role": "user", "content": "hi" },
        { "role": "assistant", "content": "a", "reasoning_content": "hm" },
        { "role": "user", "content": "b" },
    ] });
    for (model, expected, lost) in [
        ("deepseek-reasoner", Some("hm"), ""),
        ("gpt-4.1", None, "thinking"),
    ] {
        let target = Target::new(Dialect::Chat, model);
        let (body, losses) = translate(Dialect::Chat, &body, &target, Dialect::Chat);
        assert_eq!(
            body["messages"][1]["reasoning_content"].as_str(),
            expected,
            "{model}"
        );
        assert_eq!(losses, lost, "{model}");
    }
}

#[test]
fn a_mark_on_a_result_survives() {
    let body = json!({ "model": "m", "max_tokens": 9, "messages": [
        { "role": "user", "content": "hi" },
        { "role": "assistant", "content": [{ "type": "tool_use", "id": "c", "name": "f", "input": {} }] },
        { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "c", "content": "one",
            "cache_control": { "type": "ephemeral" } }] },
    ] });
    let (to, model) = ALL[4];
    let (body, losses) = translate(Dialect::Messages, &body, &Target::new(to, model), to);
    let content = &body["messages"][2]["content"];
    assert_eq!(content[1], json!({ "cachePoint": { "type": "default" } }));
    assert!(!losses.contains("cache_control"), "{losses}");
}

#[test]
fn text_is_of_the_kind_its_role_has() {
    let body = json!({ "model": "m", "messages": [
        { "role": "system", "content": "s" },
        { "role": "user", "content": [{ "type": "text", "text": "u" }] },
        { "role": "assistant", "content": [{ "type": "text", "text": "a" }, { "type": "text", "text": "b" }] },
        { "role": "user", "content": "v" },
    ] });
    let target = Target::new(Dialect::Responses, "gpt-4.1");
    let (body, losses) = translate(Dialect::Chat, &body, &target, Dialect::Responses);
    assert_eq!(losses, "");
    let mut kinds = Vec::new();
    for item in body["input"].as_array().into_iter().flatten() {
        for part in item["content"].as_array().into_iter().flatten() {
            let field = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            kinds.push((field(&item["role"]), field(&part["type"])));
        }
    }
    let of = |role: &str, kind: &str| (role.to_owned(), kind.to_owned());
    assert!(kinds.contains(&of("assistant", "output_text")), "{body}");
    for (role, kind) in &kinds {
        let expected = if role == "assistant" {
            "output_text"
        } else {
            "input_text"
        };
        assert_eq!(kind, expected, "{role}: {body}");
    }
}

#[test]
fn a_summary_is_asked_for_where_the_client_sees_it() {
    let thinks = |display: Option<&str>| {
        let mut thinking = json!({ "type": "enabled", "budget_tokens": 2000 });
        if let Some(display) = display {
            thinking["display"] = display.into();
        }
        json!({ "model": "m", "max_tokens": 9000, "thinking": thinking,
                "messages": [{ "role": "user", "content": "u" }] })
    };
    let chat = json!({ "model": "m", "reasoning_effort": "high",
                       "messages": [{ "role": "user", "content": "u" }] });
    let responses = Target::new(Dialect::Responses, "o4-mini");
    let gemini = Target::new(Dialect::Gemini, "gemini-2.5-flash");
    let shown = |from: Dialect, body: &Value| {
        let (asked, _) = translate(from, body, &responses, Dialect::Responses);
        let (google, _) = translate(from, body, &gemini, Dialect::Gemini);
        let google = &google["generationConfig"]["thinkingConfig"]["includeThoughts"];
        (asked["reasoning"]["summary"].clone(), google.clone())
    };
    assert_eq!(
        shown(Dialect::Messages, &thinks(None)),
        (json!("auto"), json!(true))
    );
    let omitted = shown(Dialect::Messages, &thinks(Some("omitted")));
    assert_eq!(omitted, (Value::Null, json!(false)));
    // Chat has no words for a summary, and Google's costs nothing more than the thoughts themselves.
    assert_eq!(shown(Dialect::Chat, &chat), (Value::Null, json!(true)));
}

#[test]
fn a_profile_hides_a_family_and_nothing_is_guessed() {
    let body = json!({ "model": "m", "top_k": 5, "max_tokens": 9,
                       "messages": [{ "role": "user", "content": "u" }] });
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6";
    let asked = |model: &str| {
        let target = Target::new(Dialect::Converse, model);
        translate(Dialect::Messages, &body, &target, Dialect::Converse)
    };
    let (named, losses) = asked("eu.anthropic.claude-sonnet-4-5-20250929-v1:0");
    let field = &named["additionalModelRequestFields"];
    assert_eq!((&field["top_k"], losses.as_str()), (&json!(5), ""));
    let (hidden, losses) = asked(arn);
    assert_eq!(hidden.get("additionalModelRequestFields"), None, "{hidden}");
    assert_eq!(losses, "top_k");
}
