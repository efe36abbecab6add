use serde_json::json;

use super::*;

#[test]
fn all_system_messages_stay_in_order_with_their_parts() {
    let (body, losses) = to_messages(&json!({ "model": "m", "messages": [
        { "role": "system", "content": "one" },
        { "role": "developer", "content": [
            { "type": "text", "text": "two", "cache_control": { "type": "ephemeral", "ttl": "1h" } },
            { "type": "text", "text": "three" },
        ] },
        { "role": "user", "content": "hi" },
    ] }));
    assert_eq!(
        body["system"],
        json!([
            { "type": "text", "text": "one" },
            { "type": "text", "text": "two", "cache_control": { "type": "ephemeral", "ttl": "1h" } },
            { "type": "text", "text": "three" },
        ])
    );
    assert_eq!(
        body["messages"],
        json!([{ "role": "user", "content": "hi" }])
    );
    assert_eq!(losses, "");
}

#[test]
fn system_blocks_come_back_as_they_were() {
    let body = json!({ "model": "m", "max_tokens": 5, "system": [
        { "type": "text", "text": "a" }, { "type": "text", "text": "b" },
    ], "messages": [{ "role": "user", "content": "hi" }] });
    let (chat, _) = to_chat(&body);
    assert_eq!(
        chat["messages"][0]["content"].as_array().map(Vec::len),
        Some(2)
    );
    let (back, _) = to_messages(&chat);
    assert_eq!(back["system"], body["system"]);
}

#[test]
fn system_text_in_the_middle_is_folded_and_said() {
    let (body, losses) = to_messages(&json!({ "model": "m", "messages": [
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": "b" },
        { "role": "system", "content": "now in French" },
        { "role": "user", "content": "c" },
    ] }));
    assert_eq!(
        body["messages"][2],
        json!({ "role": "user", "content": [
        { "type": "text", "text": "<system>\nnow in French\n</system>" },
        { "type": "text", "text": "c" },
    ] })
    );
    assert_eq!(losses, "messages.system_position");
}

#[test]
fn neighbours_merge_and_empty_text_goes() {
    let (body, _) = to_messages(&json!({ "model": "m", "messages": [
        { "role": "user", "content": "a" },
        { "role": "user", "content": [{ "type": "text", "text": "" }, { "type": "text", "text": "b" }] },
        { "role": "assistant", "content": "  " },
        { "role": "user", "content": "c" },
    ] }));
    assert_eq!(
        body["messages"],
        json!([{ "role": "user", "content": [
        { "type": "text", "text": "a" }, { "type": "text", "text": "b" }, { "type": "text", "text": "c" },
    ] }])
    );
}

#[test]
fn the_first_turn_is_the_users() {
    let (body, losses) = to_messages(&json!({ "model": "m", "messages": [
        { "role": "assistant", "content": "welcome" }, { "role": "user", "content": "hi" },
    ] }));
    assert_eq!(body["messages"][0]["role"], "user");
    assert_eq!(losses, "messages.first_role");
    let (body, losses) = to_messages(&json!({ "model": "m", "messages": [
        { "role": "system", "content": "only this" },
    ] }));
    assert_eq!(body["messages"][0]["role"], "user");
    assert_eq!(losses, "messages.empty");
}

#[test]
fn nothing_said_is_not_made_up() {
    let none = json!({ "model": "m", "messages": [] });
    for to in [Dialect::Messages, Dialect::Gemini, Dialect::Converse] {
        let target = Target::new(to, "model");
        let error = try_translate(Dialect::Chat, &none, &target, to).unwrap_err();
        assert_eq!(error.param(), Some("messages"), "{to:?}");
    }
}

#[test]
fn a_trailing_assistant_turn_is_a_prefill_or_is_answered() {
    let body = json!({ "model": "m", "messages": [
        { "role": "user", "content": "a" }, { "role": "assistant", "content": "b  \n" },
    ] });
    let (printed, losses) = to_messages(&body);
    assert_eq!(printed["messages"][1]["content"], "b");
    assert_eq!(losses, "messages.prefill");
    let newer = Target::new(Dialect::Messages, "claude-opus-4-7");
    let (printed, losses) = translate(Dialect::Chat, &body, &newer, Dialect::Messages);
    assert_eq!(printed["messages"][2]["role"], "user");
    assert_eq!(losses, "messages.last_role");
}

#[test]
fn names_and_unknown_fields_are_reported() {
    let (_, losses) = to_messages(&json!({ "model": "m", "logit_bias": { "5": 1 }, "seed": 7,
        "verbosity": "low", "n": 1, "presence_penalty": 0, "logprobs": false,
        "messages": [{ "role": "user", "content": "a", "name": "bob", "prefix": true }] }));
    assert_eq!(
        losses,
        "messages.name, messages.prefix, seed, logit_bias, verbosity"
    );
    let target = Target::new(Dialect::Messages, "claude-haiku-4-5");
    let many = json!({ "model": "m", "n": 2, "messages": [{ "role": "user", "content": "a" }] });
    let error = try_translate(Dialect::Chat, &many, &target, Dialect::Messages).unwrap_err();
    assert_eq!(error.param(), Some("n"));
}

#[test]
fn images_keep_their_bytes_and_get_their_real_type() {
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ";
    let (body, losses) = to_messages(
        &json!({ "model": "m", "messages": [{ "role": "user", "content": [
        { "type": "text", "text": "what" },
        { "type": "image_url", "image_url": { "url": format!("data:image/jpeg;base64,{png}"), "detail": "high" } },
        { "type": "image_url", "image_url": { "url": "https://example.com/a.png" } },
    ] }] }),
    );
    assert_eq!(
        body["messages"][0]["content"][1],
        json!({ "type": "image", "source": {
        "type": "base64", "media_type": "image/png", "data": png } })
    );
    assert_eq!(
        body["messages"][0]["content"][2]["source"]["url"],
        "https://example.com/a.png"
    );
    assert_eq!(losses, "image.detail");
    let (chat, losses) =
        to_chat(&json!({ "model": "m", "max_tokens": 1, "messages": [body["messages"][0]] }));
    let url = format!("data:image/png;base64,{png}");
    assert_eq!(chat["messages"][0]["content"][1]["image_url"]["url"], url);
    assert_eq!(losses, "");
}

#[test]
fn what_cannot_cross_is_refused_by_name() {
    let target = Target::new(Dialect::Messages, "claude-haiku-4-5");
    for (part, param) in [
        (
            json!({ "type": "input_audio", "input_audio": { "data": "AA", "format": "wav" } }),
            "input_audio",
        ),
        (
            json!({ "type": "file", "file": { "file_id": "file-1" } }),
            "file",
        ),
        (
            json!({ "type": "image_url", "image_url": { "url": "data:image/svg+xml,%3Csvg%3E" } }),
            "image_url",
        ),
        (
            json!({ "type": "image_url", "image_url": { "url": "gs://bucket/a.png" } }),
            "image_url",
        ),
        (
            json!({ "type": "file", "file": { "file_data": "data:application/zip;base64,AAAA" } }),
            "file",
        ),
    ] {
        let body = json!({ "model": "m", "messages": [{ "role": "user", "content": [part] }] });
        let error = try_translate(Dialect::Chat, &body, &target, Dialect::Messages).unwrap_err();
        assert_eq!(error.param(), Some(param), "{error}");
        assert_eq!(error.client_status(), http::StatusCode::BAD_REQUEST);
    }
    let file = json!({ "model": "m", "max_tokens": 1, "messages": [{ "role": "user", "content": [
        { "type": "document", "source": { "type": "file", "file_id": "f" } }] }] });
    let chat = Target::new(Dialect::Chat, "gpt-4o");
    assert!(try_translate(Dialect::Messages, &file, &chat, Dialect::Chat).is_err());
}

#[test]
fn documents_cross_as_files_and_text() {
    let pdf = "JVBERi0xLjQK";
    let (body, losses) = to_messages(
        &json!({ "model": "m", "messages": [{ "role": "user", "content": [
        { "type": "file", "file": { "filename": "a.pdf", "file_data": format!("data:application/pdf;base64,{pdf}") } },
        { "type": "file", "file": { "filename": "a.txt", "file_data": "data:text/plain,hello%20you" } },
    ] }] }),
    );
    assert_eq!(
        body["messages"][0]["content"][0],
        json!({ "type": "document", "title": "a.pdf",
        "source": { "type": "base64", "media_type": "application/pdf", "data": pdf } })
    );
    assert_eq!(
        body["messages"][0]["content"][1]["source"]["data"],
        "hello you"
    );
    assert_eq!(losses, "");
    let (chat, losses) = to_chat(
        &json!({ "model": "m", "max_tokens": 1, "messages": [{ "role": "user", "content": [
        { "type": "document", "title": "t", "context": "c", "citations": { "enabled": true },
          "source": { "type": "text", "media_type": "text/plain", "data": "words" } } ] }] }),
    );
    assert_eq!(
        chat["messages"][0]["content"][0]["text"],
        "<document title=\"t\">\nwords\n</document>"
    );
    assert_eq!(
        losses,
        "document.citations, document.context, document.form"
    );
}

#[test]
fn thinking_is_replayed_with_its_proof_or_not_at_all() {
    let signed = json!({ "model": "m", "max_tokens": 1, "messages": [
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": [
            { "type": "thinking", "thinking": "hm", "signature": "sig" },
            { "type": "redacted_thinking", "data": "enc" },
            { "type": "text", "text": "b" },
        ] },
        { "role": "user", "content": "c" },
    ] });
    let (chat, losses) = to_chat(&signed);
    assert_eq!(
        chat["messages"][1],
        json!({ "role": "assistant", "content": "b" })
    );
    assert_eq!(losses, "thinking");
    let mut open_router = Target::new(Dialect::Chat, "anthropic/claude-sonnet-4-5");
    open_router.reasoning_history = crate::dialect::ReasoningHistory::Details;
    let (chat, losses) = translate(Dialect::Messages, &signed, &open_router, Dialect::Chat);
    assert_eq!(losses, "");
    let (back, losses) = to_messages(&chat);
    assert_eq!(
        back["messages"][1]["content"],
        signed["messages"][1]["content"]
    );
    assert_eq!(losses, "");
    let (unsigned, losses) = to_messages(&json!({ "model": "m", "messages": [
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": "b", "reasoning_content": "hm" },
        { "role": "user", "content": "c" },
    ] }));
    assert_eq!(unsigned["messages"][1]["content"], "b");
    assert_eq!(losses, "thinking");
}
