//! What the translation checklist asks of Responses.

use serde_json::json;

use super::*;

fn from_responses(body: &Value, to: Dialect) -> (Value, String) {
    let model = match to {
        Dialect::Messages => "claude-sonnet-4-5",
        _ => "gpt-4o",
    };
    translate(Dialect::Responses, body, &Target::new(to, model), to)
}

fn to_responses(from: Dialect, body: &Value) -> (Value, String) {
    let target = Target::new(Dialect::Responses, "gpt-5-mini");
    translate(from, body, &target, Dialect::Responses)
}

fn tool_turn() -> Value {
    json!({
        "model": "m", "store": false, "include": ["reasoning.encrypted_content"],
        "instructions": "be brief",
        "input": [
            { "role": "developer", "content": "mind the units" },
            { "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "weather?" }] },
            { "type": "reasoning", "id": "rs_1", "summary": [{ "type": "summary_text", "text": "think" }], "encrypted_content": "gAAAA" },
            { "type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{ "type": "output_text", "text": "let me see", "annotations": [] }] },
            { "type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "weather", "arguments": "{\"city\":\"Bonn\"}", "status": "completed" },
            { "type": "function_call_output", "call_id": "call_1", "output": [{ "type": "input_text", "text": "18" }] },
        ],
        "tools": [{ "type": "function", "name": "weather", "parameters": { "type": "object", "properties": { "city": { "type": "string" } } } }],
    })
}

#[test]
fn items_of_the_model_are_one_turn_elsewhere() {
    let (sent, lost) = from_responses(&tool_turn(), Dialect::Messages);
    let system: Vec<&str> = sent["system"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|part| part["text"].as_str())
        .collect();
    assert_eq!(system, ["be brief", "mind the units"]);
    let turns = sent["messages"].as_array().unwrap();
    assert_eq!(turns.len(), 3);
    assert_eq!(turns[1]["content"][0]["text"], "let me see");
    assert_eq!(turns[1]["content"][1]["id"], "call_1");
    assert_eq!(turns[2]["content"][0]["tool_use_id"], "call_1");
    // OpenAI's proof means nothing to Anthropic; ids, defaults and wishes about storage are no loss.
    assert_eq!(lost, "thinking");
    let (sent, lost) = from_responses(&tool_turn(), Dialect::Chat);
    assert_eq!(sent["messages"].as_array().unwrap().len(), 5);
    assert_eq!(sent["messages"][3]["tool_calls"][0]["id"], "call_1");
    assert_eq!(lost, "thinking");
}

#[test]
fn strict_is_said_where_its_default_differs() {
    let tool = |schema: Value| json!({ "type": "function", "name": "f", "parameters": schema });
    let strict = json!({ "type": "object", "properties": { "a": {} }, "required": ["a"], "additionalProperties": false });
    for (schema, expected) in [
        (strict.clone(), json!(true)),
        (json!({ "type": "object" }), Value::Null),
    ] {
        let body = json!({ "model": "m", "input": "hi", "tools": [tool(schema)] });
        let (sent, _) = from_responses(&body, Dialect::Chat);
        assert_eq!(sent["tools"][0]["function"]["strict"], expected);
    }
    let chat = json!({
        "model": "m", "messages": [{ "role": "user", "content": "hi" }],
        "tools": [{ "type": "function", "function": { "name": "f", "parameters": strict } }],
    });
    let (sent, _) = to_responses(Dialect::Chat, &chat);
    assert_eq!(sent["tools"][0]["strict"], false);
    assert_eq!(sent["tools"][0]["name"], "f");
}

#[test]
fn nothing_is_stored_for_who_has_never_heard_of_it() {
    let chat = json!({ "model": "m", "messages": [{ "role": "user", "content": "hi" }] });
    let (sent, lost) = to_responses(Dialect::Chat, &chat);
    assert_eq!(sent["store"], false);
    assert_eq!(sent["include"], json!(["reasoning.encrypted_content"]));
    assert_eq!(lost, "");
}

#[test]
fn forms_of_the_answer_and_of_the_choice_cross() {
    let schema = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    let chat = json!({
        "model": "m", "messages": [{ "role": "user", "content": "hi" }], "max_tokens": 4,
        "response_format": { "type": "json_schema", "json_schema": { "name": "n", "schema": schema, "strict": true } },
        "verbosity": "low", "logprobs": true, "top_logprobs": 2, "stop": ["x"],
        "tools": [{ "type": "function", "function": { "name": "f" } }, { "type": "custom", "custom": { "name": "g", "format": { "type": "grammar", "grammar": { "syntax": "lark", "definition": "d" } } } }],
        "tool_choice": { "type": "allowed_tools", "allowed_tools": { "mode": "required", "tools": [{ "type": "function", "function": { "name": "f" } }] } },
    });
    let (sent, lost) = to_responses(Dialect::Chat, &chat);
    assert_eq!(
        sent["text"],
        json!({ "format": { "type": "json_schema", "name": "n", "schema": schema, "strict": true }, "verbosity": "low" })
    );
    assert_eq!(
        sent["tool_choice"],
        json!({ "type": "allowed_tools", "mode": "required", "tools": [{ "type": "function", "name": "f" }] })
    );
    assert_eq!(
        sent["tools"][1]["format"],
        json!({ "type": "grammar", "syntax": "lark", "definition": "d" })
    );
    assert_eq!(sent["include"][1], "message.output_text.logprobs");
    assert_eq!(sent["max_output_tokens"], 16);
    assert_eq!(lost, "max_tokens, stop");
    let back = from_responses(&sent, Dialect::Chat).0;
    for field in [
        "response_format",
        "tool_choice",
        "verbosity",
        "logprobs",
        "top_logprobs",
    ] {
        assert_eq!(back[field], chat[field], "{field}");
    }
    assert_eq!(
        back["tools"][1]["custom"]["format"],
        chat["tools"][1]["custom"]["format"]
    );
}

#[test]
fn calls_nobody_answered_and_results_of_no_call_are_mended() {
    let messages = json!({
        "model": "m", "max_tokens": 9,
        "messages": [
            { "role": "user", "content": "a" },
            { "role": "assistant", "content": [{ "type": "tool_use", "id": "t1", "name": "f", "input": {} }] },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "t9", "content": "late", "is_error": true }, { "type": "text", "text": "go on" }] },
        ],
    });
    let (sent, lost) = to_responses(Dialect::Messages, &messages);
    let kinds: Vec<&str> = sent["input"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|item| item["type"].as_str())
        .collect();
    assert_eq!(
        kinds,
        [
            "message",
            "function_call",
            "function_call_output",
            "message",
            "message"
        ]
    );
    assert_eq!(sent["input"][2]["call_id"], "t1");
    assert!(lost.contains("tool_call.unanswered") && lost.contains("tool_result.orphan"));
}

#[test]
fn another_providers_proof_comes_back_to_it() {
    let reply_body = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "c", "stop_reason": "end_turn",
        "content": [
            { "type": "thinking", "thinking": "hm", "signature": "c2ln" },
            { "type": "redacted_thinking", "data": "ZGF0YQ" },
            { "type": "text", "text": "hi" },
        ],
    });
    let answer = reply(Dialect::Messages, &reply_body);
    let (printed, _) = print_reply(Dialect::Responses, &answer, &ReplyContext::default());
    assert_eq!(printed["output"][0]["summary"][0]["text"], "hm");
    let mut input = printed["output"].as_array().unwrap().clone();
    input.push(json!({ "role": "user", "content": "more" }));
    let (sent, lost) = from_responses(&json!({ "model": "m", "input": input }), Dialect::Messages);
    assert_eq!(sent["messages"][1]["content"], reply_body["content"]);
    assert_eq!(lost, "messages.first_role");
    // To OpenAI it is worth nothing.
    let (sent, lost) = to_responses(
        Dialect::Messages,
        &json!({
            "model": "m", "max_tokens": 99, "messages": [{ "role": "user", "content": "x" }, { "role": "assistant", "content": reply_body["content"] }, { "role": "user", "content": "y" }],
        }),
    );
    assert_eq!(sent["input"].as_array().unwrap().len(), 3);
    assert_eq!(lost, "thinking, redacted_thinking");
}

#[test]
fn unknown_items_stay_here_and_are_refused_elsewhere() {
    let item = json!({ "type": "computer_call", "id": "cu_1", "call_id": "c", "action": { "x": 1.0 }, "status": "completed" });
    let body = json!({ "model": "m", "input": [item] });
    let target = Target::verbatim(Dialect::Responses, "m");
    let (same, lost) = translate(Dialect::Responses, &body, &target, Dialect::Responses);
    assert_eq!((same, lost.as_str()), (body.clone(), ""));
    let target = Target::new(Dialect::Chat, "m");
    let error = try_translate(Dialect::Responses, &body, &target, Dialect::Chat).unwrap_err();
    assert_eq!(error.param(), Some("input"));
    assert!(error.message().contains("computer_call"));
    let searched = json!({ "model": "m", "input": [{ "role": "user", "content": "q" }, { "type": "web_search_call", "id": "ws_1", "status": "completed" }] });
    let (_, lost) = from_responses(&searched, Dialect::Chat);
    assert_eq!(lost, "content.web_search_call");
}
