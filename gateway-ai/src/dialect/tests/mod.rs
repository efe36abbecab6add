//! What the translation checklist asks of Chat and Messages, point by point, across both.

mod allowed;
mod allowed_said;
mod answered;
mod asked;
mod errors;
mod folds;
mod fuzz;
mod options;
mod past;
mod points;
mod prefix;
mod replies;
mod requests;
mod responses;
mod responses_said;
mod revealed;
mod stream_calls;
mod stream_faults;
mod streams;
mod tool_history;
mod tools;
mod usage;

use bytes::BytesMut;
use serde_json::Value;

use super::{Dialect, Printed, ReplyContext, Target, Url};
use crate::{
    canonical::{Event, Fold, Reply, Request},
    error::AiError,
};

/// A request of one dialect as another's JSON, and what was lost.
fn translate(from: Dialect, body: &Value, target: &Target, to: Dialect) -> (Value, String) {
    let (value, printed) = try_translate(from, body, target, to).unwrap();
    (value, printed.losses.to_string())
}

fn try_translate(
    from: Dialect,
    body: &Value,
    target: &Target,
    to: Dialect,
) -> Result<(Value, Printed), AiError> {
    let request = from.parse_request(body.to_string().as_bytes(), Url::default())?;
    let mut out = BytesMut::new();
    let printed = to.print_request(&request, target, &mut out)?;
    Ok((serde_json::from_slice(&out).unwrap(), printed))
}

/// A Chat request for Claude.
fn to_messages(body: &Value) -> (Value, String) {
    let target = Target::new(Dialect::Messages, "claude-3-5-haiku-latest");
    translate(Dialect::Chat, body, &target, Dialect::Messages)
}

/// A Messages request for GPT.
fn to_chat(body: &Value) -> (Value, String) {
    let target = Target::new(Dialect::Chat, "gpt-4o");
    translate(Dialect::Messages, body, &target, Dialect::Chat)
}

fn parse(dialect: Dialect, body: &Value) -> Request {
    dialect
        .parse_request(body.to_string().as_bytes(), Url::default())
        .unwrap()
}

fn reply(dialect: Dialect, body: &Value) -> Reply {
    dialect.parse_reply(body.to_string().as_bytes()).unwrap()
}

fn print_reply(dialect: Dialect, reply: &Reply, context: &ReplyContext) -> (Value, String) {
    let mut out = BytesMut::new();
    let losses = dialect.print_reply(reply, context, &mut out);
    (serde_json::from_slice(&out).unwrap(), losses.to_string())
}

fn events(dialect: Dialect, text: &str) -> Vec<Event> {
    let mut parser = dialect.stream_parser();
    let mut out = Vec::new();
    parser.push(text.as_bytes(), &mut out);
    parser.finish(&mut out);
    out
}

fn print(dialect: Dialect, events: &[Event], context: ReplyContext) -> String {
    let mut printer = dialect.stream_printer(context);
    let mut out = BytesMut::new();
    events
        .iter()
        .for_each(|event| printer.push(event, &mut out));
    String::from_utf8(out.to_vec()).unwrap()
}

fn fold(dialect: Dialect, events: Vec<Event>) -> Reply {
    let mut fold = Fold::new(dialect, 1 << 20);
    events.into_iter().for_each(|event| fold.push(event));
    fold.finish().unwrap()
}

/// The data of each event of a stream, read as JSON; what is none is a string.
fn frames(text: &str) -> Vec<Value> {
    text.split("\n\n")
        .filter_map(|block| block.lines().find_map(|line| line.strip_prefix("data: ")))
        .map(|data| serde_json::from_str(data).unwrap_or_else(|_| data.into()))
        .collect()
}

/// Chat chunks from their choices' deltas.
fn chat_stream(deltas: &[Value]) -> String {
    let mut text = String::new();
    for delta in deltas {
        let chunk = match delta {
            Value::String(done) => done.clone(),
            delta if delta.get("choices").is_some() => delta.to_string(),
            delta => {
                let finish = delta.get("finish").cloned().unwrap_or_default();
                let choice = serde_json::json!({
                    "index": 0, "delta": delta, "finish_reason": finish,
                });
                serde_json::json!({ "id": "chatcmpl-1", "model": "m", "choices": [choice] })
                    .to_string()
            }
        };
        text.push_str(&format!("data: {chunk}\n\n"));
    }
    text
}

/// Messages events.
fn messages_stream(events: &[Value]) -> String {
    let spell = |event: &Value| {
        format!(
            "event: {}\ndata: {event}\n\n",
            event["type"].as_str().unwrap_or_default()
        )
    };
    events.iter().map(spell).collect()
}
