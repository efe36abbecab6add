//! What an answer cost, in the classes of each dialect.

use serde_json::json;

use super::{replies::chat_reply, *};
use crate::canonical::Usage;

#[test]
fn usage_classes_convert_and_turn_back() {
    let (messages, _) = print_reply(
        Dialect::Messages,
        &reply(
            Dialect::Chat,
            &chat_reply(&json!({ "content": "a" }), "stop"),
        ),
        &ReplyContext::default(),
    );
    assert_eq!(messages["usage"]["input_tokens"], 40);
    assert_eq!(messages["usage"]["cache_read_input_tokens"], 60);
    assert!(messages["usage"]["cache_creation_input_tokens"].is_null());
    assert_eq!(
        messages["usage"]["output_tokens_details"]["thinking_tokens"],
        8
    );
    let anthropic = json!({ "content": [], "stop_reason": "end_turn", "usage": {
        "input_tokens": 10, "cache_read_input_tokens": 200, "cache_creation_input_tokens": 30,
        "cache_creation": { "ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10 }, "output_tokens": 7 } });
    let canonical = reply(Dialect::Messages, &anthropic);
    let (chat, _) = print_reply(Dialect::Chat, &canonical, &ReplyContext::default());
    assert_eq!(chat["usage"]["prompt_tokens"], 240);
    assert_eq!(chat["usage"]["prompt_tokens_details"]["cached_tokens"], 200);
    assert_eq!(chat["usage"]["total_tokens"], 247);
    let back = reply(Dialect::Chat, &chat).usage.unwrap();
    assert_eq!(
        (back.input, back.cache_read, back.cache_write, back.output),
        (Some(10), Some(200), Some(30), Some(7))
    );
}

#[test]
fn usage_of_every_vendor_is_found() {
    for (usage, cached) in [
        (
            json!({ "prompt_tokens": 50, "completion_tokens": 1, "prompt_cache_hit_tokens": 30 }),
            30,
        ),
        (
            json!({ "prompt_tokens": 50, "completion_tokens": 1, "num_cached_tokens": 32 }),
            32,
        ),
        (
            json!({ "prompt_tokens": 50, "completion_tokens": 1, "cached_tokens": 5 }),
            5,
        ),
        (
            json!({ "prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": { "cached_tokens": 161 } }),
            10,
        ),
    ] {
        let mut body = chat_reply(&json!({ "content": "a" }), "stop");
        let prompt = usage["prompt_tokens"].as_u64();
        body["usage"] = usage;
        let usage = reply(Dialect::Chat, &body).usage.unwrap();
        assert_eq!((usage.cache_read, usage.prompt()), (Some(cached), prompt));
    }
    assert_eq!(reply(Dialect::Chat, &json!({ "choices": [] })).usage, None);
    let silent = Usage {
        input: Some(3),
        output: Some(4),
        ..Usage::default()
    };
    assert_eq!((silent.total(), silent.cache_read), (Some(7), None));
}
