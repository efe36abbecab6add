use serde_json::json;

use super::*;

fn with_tool(extra: &Value) -> Value {
    let mut body = json!({ "model": "m",
        "tools": [{ "type": "function", "function": { "name": "get", "description": "d" } }],
        "messages": [{ "role": "user", "content": "a" }] });
    body.as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    body
}

#[test]
fn choices_map_and_nothing_is_forced() {
    for (choice, expected) in [
        (json!("auto"), json!({ "type": "auto" })),
        (json!("none"), json!({ "type": "none" })),
        (json!("required"), json!({ "type": "any" })),
        (
            json!({ "type": "function", "function": { "name": "get" } }),
            json!({ "type": "tool", "name": "get" }),
        ),
    ] {
        let (body, losses) = to_messages(&with_tool(&json!({ "tool_choice": choice })));
        assert_eq!((&body["tool_choice"], losses.as_str()), (&expected, ""));
        let (back, _) = to_chat(&body);
        assert_eq!(back["tool_choice"], choice);
    }
    let thinks = Target::new(Dialect::Messages, "claude-sonnet-4-5");
    for (choice, expected, lost) in [
        (json!("required"), "auto", "tool_choice"),
        (json!("auto"), "auto", ""),
        (json!("none"), "none", ""),
    ] {
        let body = with_tool(&json!({ "tool_choice": choice, "reasoning_effort": "low" }));
        let (body, losses) = translate(Dialect::Chat, &body, &thinks, Dialect::Messages);
        assert_eq!(
            (&body["tool_choice"]["type"], losses.as_str()),
            (&json!(expected), lost)
        );
    }
    let unforced = with_tool(&json!({ "reasoning_effort": "low" }));
    let (body, _) = translate(Dialect::Chat, &unforced, &thinks, Dialect::Messages);
    assert!(body["tool_choice"].is_null());
}

#[test]
fn serial_calls_need_a_choice_to_be_said_in() {
    let (body, losses) = to_messages(&with_tool(&json!({ "parallel_tool_calls": false })));
    assert_eq!(
        body["tool_choice"],
        json!({ "type": "auto", "disable_parallel_tool_use": true })
    );
    assert_eq!(losses, "");
    let (back, _) = to_chat(&body);
    assert_eq!(back["parallel_tool_calls"], false);
}

#[test]
fn allowed_tools_filter_the_list_and_say_so() {
    let (body, losses) = to_messages(
        &json!({ "model": "m", "messages": [{ "role": "user", "content": "a" }],
        "tools": [{ "type": "function", "function": { "name": "a" } }, { "type": "function", "function": { "name": "b" } }],
        "tool_choice": { "type": "allowed_tools", "allowed_tools": { "mode": "required",
            "tools": [{ "type": "function", "function": { "name": "b" } }] } } }),
    );
    assert_eq!(
        (
            body["tools"].as_array().map(Vec::len),
            &body["tools"][0]["name"]
        ),
        (Some(1), &json!("b"))
    );
    assert_eq!(body["tool_choice"]["type"], "any");
    assert_eq!(losses, "tool_choice.allowed_tools");
}

#[test]
fn a_tool_without_schema_gets_an_objects() {
    let (body, _) = to_messages(&with_tool(&json!({})));
    assert_eq!(
        body["tools"][0]["input_schema"],
        json!({ "type": "object", "properties": {} })
    );
    let (body, _) = to_messages(
        &json!({ "model": "m", "messages": [{ "role": "user", "content": "a" }],
        "tools": [{ "type": "function", "function": { "name": "f", "parameters": { "properties": { "type": {} } } } }] }),
    );
    assert_eq!(
        body["tools"][0]["input_schema"],
        json!({ "type": "object", "properties": { "type": {} } })
    );
}

#[test]
fn server_tools_are_reported() {
    let (body, losses) = to_chat(
        &json!({ "model": "m", "max_tokens": 1, "messages": [{ "role": "user", "content": "a" }],
        "tools": [{ "type": "web_search_20250305", "name": "web_search" }] }),
    );
    assert!(body["tools"].is_null());
    assert_eq!(losses, "tools.web_search_20250305");
}

#[test]
fn foreign_names_are_renamed_and_restored() {
    let names = ["get.weather", "get_weather"];
    let tools: Vec<Value> = names
        .iter()
        .map(|name| json!({ "type": "function", "function": { "name": name } }))
        .collect();
    let body =
        json!({ "model": "m", "tools": tools, "messages": [{ "role": "user", "content": "a" }] });
    let target = Target::new(Dialect::Messages, "claude-haiku-4-5");
    let (printed, mut outcome) = try_translate(Dialect::Chat, &body, &target, Dialect::Messages)
        .map(|(b, p)| (b, p.restore))
        .unwrap();
    let sent = printed["tools"][0]["name"].as_str().unwrap().to_owned();
    assert_eq!(sent, "get_weather_2");
    let mut reply = reply(
        Dialect::Messages,
        &json!({ "content": [
        { "type": "tool_use", "id": "1", "name": sent, "input": { "a": 1 } },
        { "type": "tool_use", "id": "2", "name": "get_weather", "input": {} },
    ], "stop_reason": "tool_use" }),
    );
    let streamed = crate::canonical::unfold(reply.clone());
    outcome.reply(&mut reply);
    let (chat, _) = print_reply(Dialect::Chat, &reply, &ReplyContext::default());
    let calls = chat["choices"][0]["message"]["tool_calls"]
        .as_array()
        .unwrap();
    let got: Vec<&Value> = calls.iter().map(|call| &call["function"]["name"]).collect();
    assert_eq!(got, names);
    let mut restored = Vec::new();
    streamed
        .into_iter()
        .for_each(|event| outcome.event(event, &mut restored));
    assert_eq!(fold(Dialect::Messages, restored), reply);
}

#[test]
fn a_schema_tool_is_undone_in_replies_and_streams() {
    let body = json!({ "model": "m", "messages": [{ "role": "user", "content": "a" }],
        "response_format": { "type": "json_schema", "json_schema": { "name": "out", "schema": { "type": "object" } } } });
    let target = Target::new(Dialect::Messages, "claude-3-5-haiku-latest");
    let (_, printed) = try_translate(Dialect::Chat, &body, &target, Dialect::Messages).unwrap();
    let mut restore = printed.restore;
    let stream = messages_stream(&[
        json!({ "type": "message_start", "message": { "id": "m1", "content": [] } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "tool_use", "id": "t", "name": "out", "input": {} } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "input_json_delta", "partial_json": "{\"a\":" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "input_json_delta", "partial_json": "1}" } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" } }),
        json!({ "type": "message_stop" }),
    ]);
    let mut restored = Vec::new();
    events(Dialect::Messages, &stream)
        .into_iter()
        .for_each(|event| restore.event(event, &mut restored));
    let reply = fold(Dialect::Messages, restored);
    let (chat, _) = print_reply(Dialect::Chat, &reply, &ReplyContext::default());
    assert_eq!(chat["choices"][0]["message"]["content"], "{\"a\":1}");
    assert_eq!(chat["choices"][0]["finish_reason"], "stop");
}

#[test]
fn free_text_tools_are_wrapped_and_unwrapped() {
    let body = json!({ "model": "m", "messages": [{ "role": "user", "content": "a" }],
        "tools": [{ "type": "custom", "custom": { "name": "calc", "description": "d" } }] });
    let target = Target::new(Dialect::Messages, "claude-haiku-4-5");
    let (printed, outcome) =
        try_translate(Dialect::Chat, &body, &target, Dialect::Messages).unwrap();
    assert_eq!(
        printed["tools"][0]["input_schema"]["required"],
        json!(["input"])
    );
    let mut reply = reply(
        Dialect::Messages,
        &json!({ "stop_reason": "tool_use", "content": [
        { "type": "tool_use", "id": "1", "name": "calc", "input": { "input": "4 + 4" } }] }),
    );
    outcome.restore.reply(&mut reply);
    let (chat, _) = print_reply(Dialect::Chat, &reply, &ReplyContext::default());
    assert_eq!(
        chat["choices"][0]["message"]["tool_calls"][0],
        json!({ "id": "1", "type": "custom", "custom": { "name": "calc", "input": "4 + 4" } })
    );
}
