use serde_json::json;

use super::*;

#[test]
fn limits_take_the_field_of_the_family() {
    let body =
        json!({ "model": "m", "max_tokens": 77, "messages": [{ "role": "user", "content": "a" }] });
    for (model, field) in [
        ("gpt-4o", "max_completion_tokens"),
        ("o3-mini", "max_completion_tokens"),
        ("llama-3.3-70b", "max_tokens"),
    ] {
        let target = Target::new(Dialect::Chat, model);
        let (printed, _) = translate(Dialect::Messages, &body, &target, Dialect::Chat);
        assert_eq!(printed[field], 77, "{model}");
        assert!(printed["max_tokens"].is_null() || printed["max_completion_tokens"].is_null());
    }
    let (printed, _) =
        to_messages(&json!({ "model": "m", "messages": [{ "role": "user", "content": "a" }] }));
    assert_eq!(printed["max_tokens"], 4096);
}

#[test]
fn sampling_is_clamped_or_dropped_and_said() {
    let ask = |extra: Value| {
        let mut body = json!({ "model": "m", "messages": [{ "role": "user", "content": "a" }] });
        body.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        body
    };
    let (body, losses) = to_messages(&ask(json!({ "temperature": 1.7, "top_p": 0.5 })));
    assert_eq!(
        (&body["temperature"], &body["top_p"]),
        (&json!(1), &json!(0.5))
    );
    assert_eq!(losses, "temperature");
    let newer = Target::new(Dialect::Messages, "claude-sonnet-4-5");
    let both = ask(json!({ "temperature": 0.2, "top_p": 0.5 }));
    let (body, losses) = translate(Dialect::Chat, &both, &newer, Dialect::Messages);
    assert_eq!(
        (&body["temperature"], losses.as_str()),
        (&json!(0.2), "top_p")
    );
    let thinks =
        ask(json!({ "temperature": 0.2, "reasoning_effort": "high", "max_tokens": 20000 }));
    let (body, losses) = translate(Dialect::Chat, &thinks, &newer, Dialect::Messages);
    assert_eq!(
        body["thinking"],
        json!({ "type": "enabled", "budget_tokens": 16384 })
    );
    assert_eq!(
        (&body["temperature"], losses.as_str()),
        (&Value::Null, "temperature")
    );
    let reasons = Target::new(Dialect::Chat, "o3");
    let messages = json!({ "model": "m", "max_tokens": 9, "temperature": 0.5, "top_k": 3,
        "messages": [{ "role": "user", "content": "a" }] });
    let (body, losses) = translate(Dialect::Messages, &messages, &reasons, Dialect::Chat);
    assert!(body["temperature"].is_null());
    assert_eq!(losses, "temperature, top_k");
}

#[test]
fn numbers_keep_their_spelling() {
    let text = r#"{"model":"m","temperature":1.0,"seed":123456789012345678901,"messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"z":1.0,"a":12345678901234567890123}}}]}"#;
    let request = Dialect::Chat
        .parse_request(text.as_bytes(), Url::default())
        .unwrap();
    let mut out = BytesMut::new();
    let target = Target::verbatim(Dialect::Chat, "m");
    Dialect::Chat
        .print_request(&request, &target, &mut out)
        .unwrap();
    let printed = String::from_utf8(out.to_vec()).unwrap();
    for spelled in [
        "\"temperature\":1.0",
        "\"seed\":123456789012345678901",
        r#"{"z":1.0,"a":12345678901234567890123}"#,
    ] {
        assert!(printed.contains(spelled), "{printed}");
    }
}

#[test]
fn stop_texts_users_and_tiers_cross() {
    let (body, losses) = to_messages(&json!({ "model": "m", "stop": "END", "user": "u1",
        "service_tier": "default", "stream": true, "messages": [{ "role": "user", "content": "a" }] }));
    assert_eq!(body["stop_sequences"], json!(["END"]));
    assert_eq!(body["metadata"], json!({ "user_id": "u1" }));
    assert_eq!(
        (&body["service_tier"], &body["stream"]),
        (&json!("standard_only"), &json!(true))
    );
    assert_eq!(losses, "");
    let (_, losses) = to_messages(
        &json!({ "model": "m", "stop": ["a", "  "], "service_tier": "flex",
        "messages": [{ "role": "user", "content": "a" }] }),
    );
    assert_eq!(losses, "stop, service_tier");
    let (chat, losses) = to_chat(
        &json!({ "model": "m", "max_tokens": 1, "stop_sequences": ["1", "2", "3", "4", "5"],
        "metadata": { "user_id": "u2" }, "stream": true, "messages": [{ "role": "user", "content": "a" }] }),
    );
    assert_eq!(
        (chat["stop"].as_array().map(Vec::len), &chat["user"]),
        (Some(4), &json!("u2"))
    );
    assert_eq!(chat["stream_options"], json!({ "include_usage": true }));
    assert_eq!(losses, "stop");
}

#[test]
fn structured_output_crosses_natively_or_as_a_forced_tool() {
    let schema = json!({ "type": "object", "properties": { "a": { "type": "string" } },
        "required": ["a"], "additionalProperties": false });
    let body = json!({ "model": "m", "messages": [{ "role": "user", "content": "a" }],
        "response_format": { "type": "json_schema", "json_schema": { "name": "out", "schema": schema, "strict": true } } });
    let newer = Target::new(Dialect::Messages, "claude-sonnet-4-5");
    let (native, losses) = translate(Dialect::Chat, &body, &newer, Dialect::Messages);
    assert_eq!(
        native["output_config"]["format"],
        json!({ "type": "json_schema", "schema": schema })
    );
    assert_eq!(losses, "");
    let (back, _) = to_chat(&native);
    assert_eq!(back["response_format"]["json_schema"]["strict"], true);
    let (emulated, losses) = to_messages(&body);
    assert_eq!(emulated["tools"][0]["input_schema"], schema);
    assert_eq!(
        emulated["tool_choice"],
        json!({ "type": "tool", "name": "out" })
    );
    assert_eq!(losses, "");
    let (object, losses) = to_messages(
        &json!({ "model": "m", "response_format": { "type": "json_object" },
        "messages": [{ "role": "system", "content": "s" }, { "role": "user", "content": "a" }] }),
    );
    assert_eq!(object["system"][0]["text"], "s");
    assert!(
        object["system"][1]["text"]
            .as_str()
            .is_some_and(|text| text.contains("JSON"))
    );
    assert_eq!(losses, "response_format.json_object");
}

#[test]
fn a_loose_schema_is_never_made_strict() {
    let (chat, _) = to_chat(
        &json!({ "model": "m", "max_tokens": 1, "messages": [{ "role": "user", "content": "a" }],
        "output_config": { "format": { "type": "json_schema", "schema": { "type": "object", "properties": { "a": {} } } } } }),
    );
    assert!(chat["response_format"]["json_schema"]["strict"].is_null());
}

#[test]
fn cache_marks_survive_where_they_are_understood() {
    let mark = json!({ "type": "ephemeral" });
    let body = json!({ "model": "m", "max_tokens": 1,
        "tools": [{ "name": "t", "input_schema": { "type": "object" }, "cache_control": mark }],
        "messages": [
            { "role": "user", "content": [{ "type": "text", "text": "a", "cache_control": mark }] },
            { "role": "assistant", "content": [{ "type": "tool_use", "id": "x", "name": "t", "input": {} }] },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "x", "content": "r", "cache_control": mark }] },
        ] });
    let mut target = Target::new(Dialect::Chat, "anthropic/claude-sonnet-4-5");
    target.cache_marks = true;
    let (chat, losses) = translate(Dialect::Messages, &body, &target, Dialect::Chat);
    assert_eq!(losses, "");
    assert_eq!(chat["tools"][0]["cache_control"], mark);
    assert_eq!(chat["messages"][2]["cache_control"], mark);
    let (_, losses) = to_chat(&body);
    assert_eq!(losses, "cache_control");
}

#[test]
fn policy_keys_in_another_case_are_refused() {
    for (dialect, body) in [
        (
            Dialect::Chat,
            json!({ "model": "a", "Model": "b", "messages": [] }),
        ),
        (
            Dialect::Messages,
            json!({ "model": "a", "MAX_TOKENS": 1, "messages": [] }),
        ),
    ] {
        let error = dialect
            .parse_request(body.to_string().as_bytes(), Url::default())
            .unwrap_err();
        assert!(error.param().is_some(), "{error}");
    }
}

#[test]
fn errors_name_the_field() {
    for (dialect, body, param) in [
        (Dialect::Chat, json!({ "messages": [] }), "model"),
        (Dialect::Chat, json!({ "model": "m" }), "messages"),
        (
            Dialect::Chat,
            json!({ "model": "m", "messages": [{ "role": "king" }] }),
            "messages[0].role",
        ),
        (
            Dialect::Chat,
            json!({ "model": "m", "messages": [], "temperature": "hot" }),
            "temperature",
        ),
        (
            Dialect::Chat,
            json!({ "model": "m", "messages": [{ "role": "user", "content": 5 }] }),
            "messages.content",
        ),
        (
            Dialect::Messages,
            json!({ "model": "m", "messages": [{ "role": "user", "content": [{ "type": "image", "source": { "type": "base64" } }] }] }),
            "messages.0.content.source",
        ),
        (
            Dialect::Messages,
            json!({ "model": "m", "messages": [], "tool_choice": { "type": "some" } }),
            "tool_choice",
        ),
    ] {
        let error = dialect
            .parse_request(body.to_string().as_bytes(), Url::default())
            .unwrap_err();
        assert_eq!(error.param(), Some(param), "{error}");
        assert!(!error.message().contains('\u{1}'), "{error}");
    }
}

#[test]
fn of_too_many_cache_marks_the_first_turns_go() {
    let part = |text: &str| json!({ "type": "text", "text": text, "cache_control": { "type": "ephemeral" } });
    let (body, losses) = to_messages(&json!({ "model": "m", "messages": [
        { "role": "system", "content": [part("s")] },
        { "role": "user", "content": [part("1"), part("2"), part("3"), part("4"), part("5")] },
    ] }));
    let marked: Vec<bool> = body["messages"][0]["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| !block["cache_control"].is_null())
        .collect();
    assert_eq!(marked, [false, false, true, true, true]);
    assert!(!body["system"][0]["cache_control"].is_null());
    assert_eq!(losses, "cache_control");
}
