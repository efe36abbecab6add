//! What clients of Responses are told, and what its providers say.

use serde_json::json;

use super::*;

#[test]
fn interleaved_calls_keep_to_their_items() {
    let text = print(
        Dialect::Responses,
        &events(Dialect::Chat, &super::stream_calls::interleaved()),
        ReplyContext::default(),
    );
    let frames = frames(&text);
    let last = frames.last().unwrap();
    assert_eq!(last["type"], "response.completed");
    for (number, frame) in frames.iter().enumerate() {
        assert_eq!(frame["sequence_number"], number);
    }
    let output = last["response"]["output"].as_array().unwrap();
    assert_eq!(output.len(), 3);
    for (number, item) in output.iter().enumerate() {
        let of = |kind: &str| -> Vec<&Value> {
            frames
                .iter()
                .filter(|frame| frame["type"] == kind && frame["output_index"] == number)
                .collect()
        };
        assert_eq!(of("response.output_item.done")[0]["item"], *item);
        assert_eq!(
            of("response.output_item.added")[0]["item"]["id"],
            item["id"]
        );
        if item["type"] == "function_call" {
            assert_ne!(item["id"], item["call_id"]);
            let sum: String = of("response.function_call_arguments.delta")
                .iter()
                .filter_map(|frame| frame["delta"].as_str())
                .collect();
            assert_eq!(item["arguments"], sum);
            assert_eq!(
                of("response.function_call_arguments.done")[0]["arguments"],
                sum
            );
            assert_eq!(
                of("response.output_item.added")[0]["item"]["name"],
                item["name"]
            );
        }
    }
    let ids: std::collections::BTreeSet<String> =
        output.iter().map(|item| item["id"].to_string()).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn a_refusal_is_a_part_of_its_own() {
    let body = json!({ "id": "c", "model": "m", "choices": [{ "index": 0, "message": { "role": "assistant", "content": null, "refusal": "no" }, "finish_reason": "stop" }] });
    let (printed, _) = print_reply(
        Dialect::Responses,
        &reply(Dialect::Chat, &body),
        &ReplyContext::default(),
    );
    assert_eq!(
        printed["output"][0]["content"],
        json!([{ "type": "refusal", "refusal": "no" }])
    );
}

#[test]
fn how_it_ended_has_a_status() {
    for (finish, status, reason) in [
        ("stop", "completed", Value::Null),
        ("length", "incomplete", json!("max_output_tokens")),
        ("content_filter", "incomplete", json!("content_filter")),
    ] {
        let body = json!({ "id": "c", "model": "m", "choices": [{ "index": 0, "message": { "content": "x" }, "finish_reason": finish }] });
        let (printed, _) = print_reply(
            Dialect::Responses,
            &reply(Dialect::Chat, &body),
            &ReplyContext::default(),
        );
        assert_eq!(printed["status"], status);
        assert_eq!(printed["incomplete_details"]["reason"], reason);
        assert_eq!(printed["object"], "response");
        assert_eq!(printed["parallel_tool_calls"], true);
    }
}

#[test]
fn a_failed_answer_is_an_error_wherever_it_says_so() {
    let failed = json!({ "id": "r", "status": "failed", "output": [], "error": { "code": "rate_limit_exceeded", "message": "slow down" } });
    let error = Dialect::Responses
        .parse_reply(failed.to_string().as_bytes())
        .unwrap_err();
    assert_eq!(error.kind(), crate::error::AiErrorKind::RateLimited);
    for text in [
        format!(
            "data: {}\n\n",
            json!({ "type": "response.failed", "response": failed })
        ),
        format!(
            "data: {}\n\n",
            json!({ "type": "error", "code": "rate_limit_exceeded", "message": "slow down" })
        ),
        format!(
            "data: {}\n\n",
            json!({ "type": "error", "error": { "code": "rate_limit_exceeded", "message": "slow down" } })
        ),
    ] {
        let events = events(Dialect::Responses, &text);
        let Some(Event::Error(error)) = events.last() else {
            unreachable!("{events:?}");
        };
        assert_eq!(
            error.kind(),
            crate::error::AiErrorKind::RateLimited,
            "{text}"
        );
    }
}

#[test]
fn what_a_server_leaves_out_of_its_stream_is_taken_from_the_end() {
    let item = json!({ "id": "m1", "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "hi", "annotations": [] }] });
    let call = json!({ "id": "f1", "type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}" });
    let done = json!({ "type": "response.completed", "response": { "id": "r", "status": "completed", "output": [item, call], "usage": { "input_tokens": 3, "output_tokens": 1 } } });
    let folded = fold(
        Dialect::Responses,
        events(Dialect::Responses, &format!("data: {done}\n\n")),
    );
    let content = &folded.choices[0].content;
    assert_eq!(content[0].as_text(), Some("hi"));
    assert!(matches!(&content[1], crate::canonical::Block::ToolCall(call) if call.id == "c1"));
    assert_eq!(folded.usage.and_then(|usage| usage.prompt()), Some(3));
}
