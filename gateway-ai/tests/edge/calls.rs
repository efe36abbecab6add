//! A tool that is called twice, as clients and providers of two dialects write it.

use serde_json::{Value, json};

use crate::support::{CHAT_STREAM, MESSAGES_STREAM, Step};

pub(crate) const CHAT_TOOLS: &str = r#"{"model":"MODEL","stream":STREAM,"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"weather?"}],"tools":[{"type":"function","function":{"name":"weather","description":"w","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}],"tool_choice":"required"}"#;

pub(crate) const MESSAGES_TOOLS: &str = r#"{"model":"MODEL","max_tokens":50,"stream":STREAM,"system":"be brief","messages":[{"role":"user","content":"weather?"}],"tools":[{"name":"weather","description":"w","input_schema":{"type":"object","properties":{"city":{"type":"string"}}}}],"tool_choice":{"type":"any"}}"#;

pub(crate) const CHAT_CALLS: &str = r#"{"id":"chatcmpl-2","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Bonn\"}"}},{"id":"call_2","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":20,"completion_tokens":8,"total_tokens":28}}"#;

pub(crate) const MESSAGES_CALLS: &str = r#"{"id":"msg_2","type":"message","role":"assistant","model":"claude-haiku-4-5","content":[{"type":"tool_use","id":"call_1","name":"weather","input":{"city":"Bonn"}},{"type":"tool_use","id":"call_2","name":"weather","input":{"city":"Rome"}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":20,"output_tokens":8}}"#;

pub(crate) fn request(body: &str, model: &str, stream: bool) -> String {
    body.replace("MODEL", model)
        .replace("STREAM", if stream { "true" } else { "false" })
}

pub(crate) fn chat_calls() -> Vec<Step> {
    let chunk = |delta: Value, finish: Value| {
        let chunk = json!({
            "id": "chatcmpl-2", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini",
            "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
        });
        Step::Data(format!("data: {chunk}\n\n"))
    };
    let part = |index: u32, more: Value| {
        let mut call = json!({ "index": index });
        call.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        chunk(json!({ "tool_calls": [call] }), Value::Null)
    };
    let head = |id: &str| json!({ "id": id, "type": "function", "function": { "name": "weather", "arguments": "" } });
    let more = |text: &str| json!({ "function": { "arguments": text } });
    vec![
        chunk(json!({ "role": "assistant", "content": null }), Value::Null),
        part(0, head("call_1")),
        part(0, more("{\"city\":")),
        part(0, more("\"Bonn\"}")),
        part(1, head("call_2")),
        part(1, more("{\"city\":\"Rome\"}")),
        chunk(json!({}), json!("tool_calls")),
        Step::Data(CHAT_STREAM[4].to_owned()),
        Step::Data(CHAT_STREAM[5].to_owned()),
    ]
}

pub(crate) fn messages_calls() -> Vec<Step> {
    let event = |kind: &str, body: Value| {
        let mut full = json!({ "type": kind });
        full.as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        Step::Data(format!("event: {kind}\ndata: {full}\n\n"))
    };
    let mut steps = vec![Step::Data(MESSAGES_STREAM[0].to_owned())];
    for (index, id, parts) in [
        (0, "call_1", &["", "{\"city\":", "\"Bonn\"}"][..]),
        (1, "call_2", &["{\"city\":\"Rome\"}"][..]),
    ] {
        let block = json!({ "type": "tool_use", "id": id, "name": "weather", "input": {} });
        steps.push(event(
            "content_block_start",
            json!({ "index": index, "content_block": block }),
        ));
        for part in parts {
            let delta = json!({ "type": "input_json_delta", "partial_json": part });
            steps.push(event(
                "content_block_delta",
                json!({ "index": index, "delta": delta }),
            ));
        }
        steps.push(event("content_block_stop", json!({ "index": index })));
    }
    let delta = json!({ "stop_reason": "tool_use", "stop_sequence": null });
    steps.push(event(
        "message_delta",
        json!({ "delta": delta, "usage": { "output_tokens": 2 } }),
    ));
    steps.push(event("message_stop", json!({})));
    steps
}
