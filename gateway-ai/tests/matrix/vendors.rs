//! How single vendors bend the dialects, one example each: what is said is read, and what has no
//! place elsewhere is named.

use bytes::BytesMut;
use gateway_ai::{
    canonical::{Block, Fold, Reply, StopReason},
    dialect::{Dialect, ReplyContext},
};
use serde_json::{Value, json};

/// What an answer says, in one line: text, `~thinking`, `@call`, `=end`, `in+out`.
pub(crate) fn line(reply: &Reply) -> String {
    let mut words: Vec<String> = Vec::new();
    for choice in &reply.choices {
        for block in &choice.content {
            words.push(match block {
                Block::Text(text) => text.text.clone(),
                Block::Thinking(thinking) => format!("~{}", thinking.text),
                Block::ToolCall(call) => format!("@{}{}", call.name, call.arguments),
                Block::Refusal(refusal) => format!("!{}", refusal.text),
                Block::RedactedThinking(_) => "~?".to_owned(),
                Block::Opaque(opaque) => format!("?{}", opaque.kind),
                _ => "media".to_owned(),
            });
        }
        words.extend(choice.stop.as_ref().map(|stop| {
            let word = match stop.reason {
                StopReason::End => "end",
                StopReason::StopSequence => "stop",
                StopReason::Length => "length",
                StopReason::ContextFull => "full",
                StopReason::ToolUse => "call",
                StopReason::Filter => "filter",
                StopReason::Recitation => "recitation",
                StopReason::MalformedCall => "malformed",
                StopReason::Pause => "pause",
                _ => "other",
            };
            format!("={word}")
        }));
    }
    if let Some(usage) = &reply.usage {
        let count = |count: Option<u64>| count.map_or("?".to_owned(), |count| count.to_string());
        words.push(format!("{}+{}", count(usage.prompt()), count(usage.output)));
    }
    words.join(" ")
}

pub(crate) fn whole(dialect: Dialect, body: &Value) -> String {
    match dialect.parse_reply(body.to_string().as_bytes()) {
        Ok(reply) => {
            for to in Dialect::ALL {
                let mut out = BytesMut::new();
                to.print_reply(&reply, &ReplyContext::default(), &mut out);
                to.parse_reply(&out)
                    .unwrap_or_else(|error| panic!("{to}: {error}"));
            }
            line(&reply)
        }
        Err(error) => format!("error {} {}", error.kind().as_str(), error.message()),
    }
}

pub(crate) fn lost(dialect: Dialect, body: &Value, to: Dialect) -> String {
    let reply = dialect.parse_reply(body.to_string().as_bytes()).unwrap();
    to.print_reply(&reply, &ReplyContext::default(), &mut BytesMut::new())
        .to_string()
}

pub(crate) fn streamed(dialect: Dialect, events: &[Value]) -> String {
    let text: String = events
        .iter()
        .map(|event| match event {
            Value::String(raw) => format!("{raw}\n\n"),
            event => format!("data: {event}\n\n"),
        })
        .collect();
    let mut parser = dialect.stream_parser();
    let mut out = Vec::new();
    parser.push(text.as_bytes(), &mut out);
    parser.finish(&mut out);
    let mut fold = Fold::new(dialect, usize::MAX);
    out.into_iter().for_each(|event| fold.push(event));
    match fold.finish() {
        Ok(reply) => line(&reply),
        Err(error) => format!("error {} {}", error.kind().as_str(), error.message()),
    }
}

pub(crate) fn chat(message: &Value, finish: &str) -> Value {
    json!({ "id": "1", "choices": [{ "index": 0, "message": message, "finish_reason": finish }] })
}

pub(crate) fn delta(delta: &Value) -> Value {
    json!({ "id": "1", "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] })
}

pub(crate) fn finish(reason: &str) -> Value {
    json!({ "id": "1", "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] })
}

pub(crate) fn done() -> Value {
    "data: [DONE]".into()
}

/// A message of Chat Completions and its end say this, whole and streamed.
pub(crate) fn says(message: &Value, reason: &str, expected: &str) {
    let body = chat(message, reason);
    assert_eq!(whole(Dialect::Chat, &body), expected, "{body}");
    let events = [delta(message), finish(reason), done()];
    assert_eq!(
        streamed(Dialect::Chat, &events),
        expected,
        "streamed {body}"
    );
}
