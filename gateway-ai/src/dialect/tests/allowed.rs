//! What the vendors' types allow in requests beyond what clients usually send.

use bytes::BytesMut;
use serde_json::{Value, json};

use super::{
    asked::{CLAUDE, to},
    translate,
};
use crate::dialect::{Dialect, Target, Url};

fn asked(content: &Value) -> Value {
    json!({ "model": "m", "max_tokens": 9, "messages": [{ "role": "user", "content": content }] })
}

/// A request whose model the URL names.
fn sent(from: Dialect, body: &Value, target: &Target, to: Dialect) -> (Value, String) {
    let url = Url {
        model: Some("m"),
        stream: None,
    };
    let request = from
        .parse_request(body.to_string().as_bytes(), url)
        .unwrap();
    let mut out = BytesMut::new();
    let printed = to.print_request(&request, target, &mut out).unwrap();
    (
        serde_json::from_slice(&out).unwrap(),
        printed.losses.to_string(),
    )
}

#[test]
fn a_search_result_is_cited_where_it_can_be_and_read_elsewhere() {
    let found = json!({ "type": "search_result", "source": "https://a.example", "title": "A \"b\"",
        "content": [{ "type": "text", "text": "one" }, { "type": "text", "text": "two" }],
        "citations": { "enabled": true } });
    let body = asked(&json!([found]));
    let same = Target::verbatim(Dialect::Messages, "m");
    let (sent, losses) = translate(Dialect::Messages, &body, &same, Dialect::Messages);
    assert_eq!(
        (&sent["messages"], losses.as_str()),
        (&body["messages"], "")
    );
    let (sent, losses) = to(Dialect::Converse, CLAUDE, Dialect::Messages, &body);
    let native = json!({ "source": "https://a.example", "title": "A \"b\"",
        "content": [{ "text": "one" }, { "text": "two" }], "citations": { "enabled": true } });
    assert_eq!(
        sent["messages"][0]["content"],
        json!([{ "searchResult": native }])
    );
    assert_eq!(losses, "");
    let text =
        "<search_result title=\"A 'b'\" source=\"https://a.example\">\none\ntwo\n</search_result>";
    let (sent, losses) = to(
        Dialect::Gemini,
        "gemini-2.5-flash",
        Dialect::Messages,
        &body,
    );
    assert_eq!(sent["contents"][0]["parts"], json!([{ "text": text }]));
    assert_eq!(losses, "content.search_result");
    let result = json!([{ "type": "tool_result", "tool_use_id": "t", "content": [found] }]);
    let body = json!({ "model": "m", "max_tokens": 9, "messages": [
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": [{ "type": "tool_use", "id": "t", "name": "f", "input": {} }] },
        { "role": "user", "content": result },
    ] });
    let (sent, losses) = to(Dialect::Chat, "gpt-4.1", Dialect::Messages, &body);
    let said = &sent["messages"][2]["content"];
    assert!(*said == text || said[0]["text"] == text, "{said}");
    assert_eq!(losses, "content.search_result");
}

#[test]
fn bedrocks_search_result_is_anthropics() {
    let found =
        json!({ "searchResult": { "source": "s", "title": "t", "content": [{ "text": "one" }] } });
    let body = json!({ "messages": [{ "role": "user", "content": [{ "text": "q" }, found] }] });
    let target = Target::new(Dialect::Messages, "claude-haiku-4-5");
    let (body, losses) = sent(Dialect::Converse, &body, &target, Dialect::Messages);
    assert_eq!(
        body["messages"][0]["content"][1],
        json!({ "type": "search_result", "source": "s",
        "title": "t", "content": [{ "type": "text", "text": "one" }] })
    );
    assert_eq!(losses, "");
}

#[test]
fn a_block_of_tomorrow_may_hold_anything_under_known_names() {
    let content = json!([{ "type": "hologram", "source": "s", "text": { "a": 1 }, "title": 7 }]);
    let same = Target::verbatim(Dialect::Messages, "m");
    let (sent, losses) = translate(
        Dialect::Messages,
        &asked(&content),
        &same,
        Dialect::Messages,
    );
    assert_eq!(
        (&sent["messages"][0]["content"], losses.as_str()),
        (&content, "")
    );
    let known = asked(&json!([{ "type": "text", "text": { "a": 1 } }])).to_string();
    let refused = Dialect::Messages.parse_request(known.as_bytes(), Url::default());
    assert!(refused.is_err());
}

#[test]
fn no_foreign_block_stands_in_the_result_of_a_function() {
    let body = json!({ "model": "m", "input": [
        { "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "c", "output": [
            { "type": "input_text", "text": "ok" }, { "type": "input_hologram", "at": 1 }] },
    ] });
    let (sent, losses) = to(
        Dialect::Gemini,
        "gemini-2.5-flash",
        Dialect::Responses,
        &body,
    );
    let result = &sent["contents"][1]["parts"][0]["functionResponse"];
    assert_eq!(result["parts"], Value::Null);
    assert_eq!(result["response"], json!({ "result": "ok" }));
    assert!(losses.contains("input_hologram"), "{losses}");
}

#[test]
fn only_text_stands_in_the_system_text_of_another_dialect() {
    let bedrock = json!({ "messages": [{ "role": "user", "content": [{ "text": "q" }] }],
        "system": [{ "guardContent": { "text": { "text": "g" } } }, { "text": "s" }] });
    let gemini = json!({ "contents": [{ "role": "user", "parts": [{ "text": "q" }] }],
        "systemInstruction": { "parts": [{ "text": "s" },
            { "inlineData": { "mimeType": "image/png", "data": "iVBORw0KGgo=" } }] } });
    let sent = |from, body, to| sent(from, body, &Target::new(to, CLAUDE), to);
    let (body, losses) = sent(Dialect::Converse, &bedrock, Dialect::Gemini);
    assert_eq!(body["systemInstruction"]["parts"], json!([{ "text": "s" }]));
    assert_eq!(losses, "content.guardContent");
    let (body, losses) = sent(Dialect::Gemini, &gemini, Dialect::Messages);
    assert_eq!(body["system"], json!([{ "type": "text", "text": "s" }]));
    assert_eq!(losses, "content.misplaced");
    let (body, losses) = sent(Dialect::Gemini, &gemini, Dialect::Chat);
    let said = &body["messages"][0]["content"];
    assert!(
        *said == "s" || *said == json!([{ "type": "text", "text": "s" }]),
        "{said}"
    );
    assert_eq!(losses, "content.misplaced");
    let (body, losses) = sent(Dialect::Gemini, &gemini, Dialect::Converse);
    assert_eq!(body["system"], json!([{ "text": "s" }]));
    assert_eq!(losses, "content.misplaced");
}

#[test]
fn system_text_may_come_between_turns_in_converse_too() {
    let messages = json!([
        { "role": "user", "content": [{ "text": "a" }] },
        { "role": "system", "content": [{ "text": "now French" }] },
        { "role": "user", "content": [{ "text": "b" }] },
    ]);
    let body = json!({ "messages": messages });
    let same = Target::verbatim(Dialect::Converse, "m");
    let (again, losses) = sent(Dialect::Converse, &body, &same, Dialect::Converse);
    assert_eq!((&again["messages"], losses.as_str()), (&messages, ""));
    let target = Target::new(Dialect::Chat, "gpt-4.1");
    let (chat, _) = sent(Dialect::Converse, &body, &target, Dialect::Chat);
    assert_eq!(chat["messages"][1]["content"], "now French");
    assert_ne!(chat["messages"][1]["role"], "user");
}

#[test]
fn an_image_a_model_made_is_no_text_of_an_assistant() {
    let body = json!({ "contents": [
        { "role": "user", "parts": [{ "text": "draw" }] },
        { "role": "model", "parts": [{ "inlineData": { "mimeType": "image/png", "data": "iVBORw0KGgo=" } }] },
        { "role": "user", "parts": [{ "text": "again" }] },
    ] });
    let target = Target::new(Dialect::Chat, "gpt-4.1");
    let (sent, losses) = sent(Dialect::Gemini, &body, &target, Dialect::Chat);
    assert_eq!(
        sent["messages"][1],
        json!({ "role": "assistant", "content": "" })
    );
    assert_eq!(losses, "content.misplaced");
}

#[test]
fn a_document_of_texts_is_one_text_for_gemini() {
    let content = json!([{ "type": "document", "source": { "type": "content", "content": [
        { "type": "text", "text": "one" }, { "type": "text", "text": "two" }] } }]);
    let (sent, losses) = to(
        Dialect::Gemini,
        "gemini-2.5-flash",
        Dialect::Messages,
        &asked(&content),
    );
    let data = json!({ "mimeType": "text/plain", "data": "b25lCnR3bw==" });
    assert_eq!(
        sent["contents"][0]["parts"],
        json!([{ "inlineData": data }])
    );
    assert_eq!(losses, "document.form");
}

#[test]
fn bedrocks_document_of_texts_has_no_cache_points() {
    let content = json!([{ "type": "text", "text": "q" }, { "type": "document", "source": {
        "type": "content", "content": [
            { "type": "text", "text": "one", "cache_control": { "type": "ephemeral" } }] } }]);
    let (sent, losses) = to(
        Dialect::Converse,
        CLAUDE,
        Dialect::Messages,
        &asked(&content),
    );
    let source = &sent["messages"][0]["content"][1]["document"]["source"];
    assert_eq!(*source, json!({ "content": [{ "text": "one" }] }));
    assert_eq!(losses, "cache_control");
}

#[test]
fn a_wish_to_cite_that_says_nothing_is_none_of_bedrocks() {
    let document = json!({ "type": "document", "citations": {}, "source": {
        "type": "text", "media_type": "text/plain", "data": "d" } });
    let found = json!({ "type": "search_result", "source": "s", "title": "t", "content": [],
        "citations": {} });
    let body = asked(&json!([{ "type": "text", "text": "q" }, document, found]));
    let (sent, losses) = to(Dialect::Converse, CLAUDE, Dialect::Messages, &body);
    let content = &sent["messages"][0]["content"];
    assert_eq!(content[1]["document"].get("citations"), None);
    assert_eq!(content[2]["searchResult"].get("citations"), None);
    assert_eq!(losses, "");
}

#[test]
fn a_part_of_text_need_not_say_that_it_is_one() {
    let body =
        json!({ "model": "m", "messages": [{ "role": "user", "content": [{ "text": "a" }] }] });
    let (sent, losses) = to(Dialect::Messages, "claude-haiku-4-5", Dialect::Chat, &body);
    assert!(sent.to_string().contains("\"a\""), "{sent}");
    assert_eq!(losses, "");
    let body =
        json!({ "model": "m", "messages": [{ "role": "user", "content": [{ "words": "a" }] }] });
    let refused = Dialect::Chat.parse_request(body.to_string().as_bytes(), Url::default());
    assert!(refused.is_err());
}

#[test]
fn a_form_without_its_schema_is_named_where_there_must_be_one() {
    let body = json!({ "model": "m", "messages": [{ "role": "user", "content": "a" }],
        "response_format": { "type": "json_schema", "json_schema": { "name": "n" } } });
    for (elsewhere, model, slot) in [
        (Dialect::Responses, "gpt-4.1", "/text/format"),
        (Dialect::Messages, "claude-sonnet-4-5", "/output_config"),
        (Dialect::Converse, CLAUDE, "/outputConfig"),
    ] {
        let (sent, losses) = to(elsewhere, model, Dialect::Chat, &body);
        assert_eq!(
            (sent.pointer(slot), losses.as_str()),
            (None, "response_format")
        );
    }
}

#[test]
fn what_googles_schema_says_alone_is_named_where_a_tool_stands_for_it() {
    let body = json!({ "contents": [{ "role": "user", "parts": [{ "text": "a" }] }],
        "generationConfig": { "responseMimeType": "application/json",
            "responseSchema": { "type": "STRING", "propertyOrdering": ["a"] } } });
    for (elsewhere, model) in [
        (Dialect::Messages, "claude-3-5-haiku-latest"),
        (Dialect::Converse, "amazon.nova-pro-v1:0"),
    ] {
        let target = Target::new(elsewhere, model);
        let (_, losses) = sent(Dialect::Gemini, &body, &target, elsewhere);
        assert_eq!(losses, "response_format.responseSchema");
    }
}
