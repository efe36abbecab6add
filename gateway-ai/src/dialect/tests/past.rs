//! What a request says of the turns before it, in every dialect that has to say it again.

use serde_json::{Value, json};

use super::{
    asked::{CLAUDE, called, chat, to},
    translate,
};
use crate::dialect::{Dialect, Target};

#[test]
fn a_refusal_of_before_is_plain_text() {
    let asked = [
        (
            Dialect::Chat,
            json!({ "model": "m", "messages": [
                { "role": "user", "content": "a" },
                { "role": "assistant", "content": null, "refusal": "I cannot" },
                { "role": "user", "content": "b" },
            ] }),
        ),
        (
            Dialect::Responses,
            json!({ "model": "m", "input": [
                { "role": "user", "content": "a" },
                { "type": "message", "role": "assistant", "content": [{ "type": "refusal", "refusal": "I cannot" }] },
                { "role": "user", "content": "b" },
            ] }),
        ),
    ];
    for (from, body) in asked {
        let (sent, _) = to(Dialect::Messages, "claude-haiku-4-5", from, &body);
        let text = json!([{ "type": "text", "text": "I cannot" }]);
        let said = &sent["messages"][1]["content"];
        assert!(*said == text || *said == "I cannot", "{from}: {said}");
        let (sent, _) = to(Dialect::Gemini, "gemini-2.5-flash", from, &body);
        assert_eq!(
            sent["contents"][1]["parts"],
            json!([{ "text": "I cannot" }])
        );
        let (sent, _) = to(Dialect::Converse, CLAUDE, from, &body);
        assert_eq!(
            sent["messages"][1]["content"],
            json!([{ "text": "I cannot" }])
        );
    }
}

#[test]
fn what_a_provider_did_itself_stays_in_its_own_history() {
    let content = json!([
        { "type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": { "query": "q" } },
        { "type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [
            { "type": "web_search_result", "url": "https://a", "title": "A", "encrypted_content": "eA==" }] },
        { "type": "text", "text": "found" },
    ]);
    let body = json!({ "model": "m", "max_tokens": 20, "messages": [
        { "role": "user", "content": "a" }, { "role": "assistant", "content": content }, { "role": "user", "content": "b" },
    ] });
    let same = Target::verbatim(Dialect::Messages, "m");
    let (sent, losses) = translate(Dialect::Messages, &body, &same, Dialect::Messages);
    assert_eq!(
        (&sent["messages"][1]["content"], losses.as_str()),
        (&content, "")
    );
    for (elsewhere, model) in [
        (Dialect::Chat, "gpt-4.1"),
        (Dialect::Responses, "gpt-4.1"),
        (Dialect::Gemini, "gemini-2.5-flash"),
        (Dialect::Converse, CLAUDE),
    ] {
        let (sent, losses) = to(elsewhere, model, Dialect::Messages, &body);
        assert_eq!(
            losses, "content.server_tool_use, content.web_search_tool_result",
            "{elsewhere}"
        );
        assert!(
            sent.to_string().contains("\"found\""),
            "{elsewhere}: {sent}"
        );
    }
}

#[test]
fn text_after_a_call_comes_before_it_and_is_said() {
    let body = json!({ "model": "m", "max_tokens": 9, "messages": [
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": [
            { "type": "tool_use", "id": "x", "name": "f", "input": {} }, { "type": "text", "text": "after" }] },
        { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "x", "content": "r" }] },
    ] });
    let (sent, losses) = to(Dialect::Chat, "gpt-4.1", Dialect::Messages, &body);
    assert_eq!(sent["messages"][1]["content"], "after");
    assert_eq!(losses, "messages.block_order");
    let (sent, losses) = to(
        Dialect::Gemini,
        "gemini-2.5-flash",
        Dialect::Messages,
        &body,
    );
    assert_eq!(sent["contents"][1]["parts"][1], json!({ "text": "after" }));
    assert_eq!(losses, "");
}

#[test]
fn results_have_an_entry_of_their_own_in_gemini() {
    let body = json!({ "model": "m", "max_tokens": 9, "messages": [
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": [{ "type": "tool_use", "id": "x", "name": "f", "input": {} }] },
        { "role": "user", "content": [
            { "type": "tool_result", "tool_use_id": "x", "is_error": true, "content": "boom" },
            { "type": "text", "text": "and now?" } ] },
    ] });
    let (sent, _) = to(
        Dialect::Gemini,
        "gemini-3-flash-preview",
        Dialect::Messages,
        &body,
    );
    let contents = sent["contents"].as_array().unwrap();
    let with_results = contents
        .iter()
        .filter(|entry| entry["parts"].to_string().contains("functionResponse"));
    let [entry] = with_results.collect::<Vec<_>>()[..] else {
        unreachable!("{sent}")
    };
    let parts = entry["parts"].as_array().unwrap();
    assert!(
        parts
            .iter()
            .all(|part| part.get("functionResponse").is_some()),
        "{sent}"
    );
    assert_eq!(
        parts[0]["functionResponse"]["response"],
        json!({ "error": "boom" })
    );
    assert_eq!(
        contents.last().unwrap()["parts"],
        json!([{ "text": "and now?" }])
    );
}

#[test]
fn a_failure_is_a_status_where_there_is_one_and_success_is_not_claimed() {
    let result = |more: &Value| {
        let mut result = json!({ "type": "tool_result", "tool_use_id": "x", "content": "r" });
        result
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({ "model": "m", "max_tokens": 9, "messages": [
            { "role": "user", "content": "a" },
            { "role": "assistant", "content": [{ "type": "tool_use", "id": "x", "name": "f", "input": {} }] },
            { "role": "user", "content": [result] },
        ] })
    };
    for (more, status) in [
        (json!({ "is_error": true }), json!("error")),
        (json!({}), Value::Null),
    ] {
        let (sent, losses) = to(Dialect::Converse, CLAUDE, Dialect::Messages, &result(&more));
        assert_eq!(
            sent["messages"][2]["content"][0]["toolResult"]["status"],
            status
        );
        assert!(!losses.contains("is_error"), "{losses}");
    }
    let body = chat(&json!({ "messages": called(&json!("r")) }));
    let (sent, _) = to(Dialect::Converse, CLAUDE, Dialect::Chat, &body);
    assert_eq!(
        sent["messages"][2]["content"][0]["toolResult"]["status"],
        Value::Null
    );
}

#[test]
fn an_output_is_a_text_or_a_list() {
    for output in [json!("18"), json!([{ "type": "input_text", "text": "18" }])] {
        let body = json!({ "model": "m", "input": [
            { "role": "user", "content": "hi" },
            { "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}" },
            { "type": "function_call_output", "call_id": "c", "output": output },
        ] });
        let (sent, _) = to(Dialect::Chat, "gpt-4.1", Dialect::Responses, &body);
        assert_eq!(
            sent["messages"][2],
            json!({ "role": "tool", "tool_call_id": "c", "content": "18" })
        );
    }
}

#[test]
fn a_signature_returns_to_the_part_it_came_with() {
    let contents = json!([
        { "role": "user", "parts": [{ "text": "a" }] },
        { "role": "model", "parts": [
            { "functionCall": { "id": "1", "name": "f", "args": {} }, "thoughtSignature": "c2ln+/==" },
            { "functionCall": { "id": "2", "name": "f", "args": {} } } ] },
        { "role": "user", "parts": [
            { "functionResponse": { "id": "1", "name": "f", "response": { "result": "x" } } },
            { "functionResponse": { "id": "2", "name": "f", "response": { "result": "y" } } } ] },
        { "role": "model", "parts": [{ "text": "b" }, { "text": "", "thoughtSignature": "ZW5k" }] },
        { "role": "user", "parts": [{ "text": "c" }] },
    ]);
    let body = json!({ "model": "m", "contents": contents });
    let (sent, losses) = to(
        Dialect::Gemini,
        "gemini-3-pro-preview",
        Dialect::Gemini,
        &body,
    );
    assert_eq!((&sent["contents"], losses.as_str()), (&contents, ""));
}

#[test]
fn reasoning_stands_before_its_call_with_a_summary_and_no_id() {
    let items = json!([
        { "role": "user", "content": "a" },
        { "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA" },
        { "type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "c", "output": "r" },
    ]);
    let body = json!({ "model": "m", "store": false, "include": ["reasoning.encrypted_content"], "input": items });
    let (sent, losses) = to(Dialect::Responses, "gpt-5-mini", Dialect::Responses, &body);
    assert_eq!(losses, "");
    let kinds: Vec<&str> = sent["input"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|item| item["type"].as_str())
        .collect();
    assert!(
        kinds.ends_with(&["reasoning", "function_call", "function_call_output"]),
        "{kinds:?}"
    );
    let reasoning = &sent["input"][1];
    assert_eq!(
        (&reasoning["summary"], &reasoning["encrypted_content"]),
        (&json!([]), &json!("gAAAA"))
    );
}
