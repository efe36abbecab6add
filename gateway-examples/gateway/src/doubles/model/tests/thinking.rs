use super::*;

/// A question whose answer is a call: where it goes, where its turns lie, and where those of the answer
/// and its signature do.
struct Question {
    path: &'static str,
    turns: &'static str,
    request: Value,
    said: &'static str,
    signature: &'static str,
}

/// The same question with thinking in each dialect that signs.
fn questions() -> [Question; 4] {
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    let text = "weather in Paris";
    let budget = json!({ "type": "enabled", "budget_tokens": 1024 });
    let mut messages = message(text);
    messages["thinking"] = budget.clone();
    messages["tools"] = json!([{ "name": "get_weather", "input_schema": schema }]);
    let function =
        json!({ "type": "function", "name": "get_weather", "parameters": schema, "strict": false });
    let responses = json!({ "model": "m", "reasoning": { "effort": "low" }, "tools": [function],
        "input": [{ "role": "user", "content": text }] });
    let declared = json!([{ "name": "get_weather", "parametersJsonSchema": schema }]);
    let gemini = json!({ "contents": [{ "role": "user", "parts": [{ "text": text }] }],
        "tools": [{ "functionDeclarations": declared }],
        "generationConfig": { "thinkingConfig": { "includeThoughts": true } } });
    let spec = json!({ "toolSpec": { "name": "get_weather", "inputSchema": { "json": schema } } });
    let converse = json!({ "messages": [{ "role": "user", "content": [{ "text": text }] }],
        "toolConfig": { "tools": [spec] },
        "additionalModelRequestFields": { "thinking": budget } });
    let question = |path, turns, request, said, signature| Question {
        path,
        turns,
        request,
        said,
        signature,
    };
    [
        question(
            "/v1/messages",
            "/messages",
            messages,
            "/content",
            "signature",
        ),
        question(
            "/v1/responses",
            "/input",
            responses,
            "/output",
            "encrypted_content",
        ),
        question(
            "/v1beta/models/m:generateContent",
            "/contents",
            gemini,
            "/candidates/0/content",
            "thoughtSignature",
        ),
        question(
            "/model/m/converse",
            "/messages",
            converse,
            "/output/message",
            "signature",
        ),
    ]
}

/// What the call said is brought back as it came.
#[tokio::test]
async fn thinking_comes_back_with_its_own_signature_or_is_refused() {
    let server = server();
    for question in questions() {
        let Question {
            path,
            turns,
            request,
            said,
            signature,
        } = question;
        let (status, reply) = ask(&server, path, &request).await;
        assert_eq!(status, 200, "{path}: {reply}");
        let said = reply.pointer(said).unwrap().to_string();
        assert_eq!(
            said.matches(&format!("\"{signature}\":\"mock")).count(),
            1,
            "{path}: {said}"
        );
        for (said, expected) in [(said.clone(), 200), (said.replace("mock", "mick"), 400)] {
            let mut second = request.clone();
            let turns = second.pointer_mut(turns).unwrap().as_array_mut().unwrap();
            answered(path, turns, serde_json::from_str(&said).unwrap());
            let (status, reply) = ask(&server, path, &second).await;
            assert_eq!(status, expected, "{path}: {reply}");
        }
        let calls = server.stats().snapshot().calls;
        assert_eq!(calls.last().unwrap().proofs, 1, "{path}");
    }
}

/// Adds what the model said, and the result of its call.
fn answered(path: &str, turns: &mut Vec<Value>, said: Value) {
    let id = |pointer: &str| said.pointer(pointer).cloned().unwrap_or_default();
    let result = match path {
        "/v1/messages" => {
            json!([{ "type": "tool_result", "tool_use_id": id("/1/id"), "content": "x" }])
        }
        "/v1/responses" => {
            json!({ "type": "function_call_output", "call_id": id("/1/call_id"), "output": "x" })
        }
        "/model/m/converse" => {
            let id = id("/content/1/toolUse/toolUseId");
            json!([{ "toolResult": { "toolUseId": id, "content": [{ "text": "x" }] } }])
        }
        _ => {
            json!([{ "functionResponse": { "name": "get_weather", "response": { "result": "x" } } }])
        }
    };
    match (path, said) {
        ("/v1/responses", Value::Array(items)) => turns.extend(items.into_iter().chain([result])),
        ("/v1/messages", said) => turns.extend([
            json!({ "role": "assistant", "content": said }),
            json!({ "role": "user", "content": result }),
        ]),
        ("/model/m/converse", said) => {
            turns.extend([said, json!({ "role": "user", "content": result })]);
        }
        (_, said) => turns.extend([said, json!({ "role": "user", "parts": result })]),
    }
}

#[tokio::test]
async fn a_model_with_a_budget_wants_its_thinking_before_its_calls() {
    let server = server();
    let mut request = message("weather");
    request["thinking"] = json!({ "type": "enabled", "budget_tokens": 1024 });
    let call = json!([{ "type": "tool_use", "id": "a", "name": "f", "input": {} }]);
    let result = json!([{ "type": "tool_result", "tool_use_id": "a", "content": "x" }]);
    let turns = request["messages"].as_array_mut().unwrap();
    turns.push(json!({ "role": "assistant", "content": call }));
    turns.push(json!({ "role": "user", "content": result }));
    let (status, reply) = ask(&server, "/v1/messages", &request).await;
    assert_eq!(status, 400, "{reply}");
    request["thinking"] = json!({ "type": "adaptive" });
    let (status, reply) = ask(&server, "/v1/messages", &request).await;
    assert_eq!(status, 200, "{reply}");
}
