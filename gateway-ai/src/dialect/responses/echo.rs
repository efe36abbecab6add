use std::sync::Arc;

use bytes::BytesMut;

use super::{request_parse::INSTRUCTIONS, request_print::Print};
use crate::{
    canonical::{Block, Request},
    dialect::{Dialect, Target},
    json::Writer,
};

/// What an answer repeats of the request, as the members of an object: the SDKs' types require it.
pub(in crate::dialect) fn echo(request: &Request) -> Arc<str> {
    let target = Target::verbatim(Dialect::Responses, request.model.as_str());
    let mut print = Print::new(request, &target);
    let mut out = BytesMut::with_capacity(512);
    let w = &mut Writer::one_line(&mut out);
    w.begin_object();
    w.key("instructions");
    let said = request
        .system
        .first()
        .filter(|system| system.extra.get(INSTRUCTIONS).is_some());
    match said
        .and_then(|system| system.parts.first())
        .and_then(Block::as_text)
    {
        Some(text) => w.string(text),
        None => w.null(),
    }
    w.key("max_output_tokens");
    match request.limits.max_output_tokens {
        Some(limit) => w.u64(limit),
        None => w.null(),
    }
    w.key("metadata");
    let metadata = request.extra.get("metadata");
    w.raw(metadata.map_or("{}", |raw| raw.as_str()));
    w.bool_field(
        "parallel_tool_calls",
        request.parallel_tool_calls.unwrap_or(true),
    );
    w.key("previous_response_id");
    w.null();
    reasoning(request, w);
    // Another dialect's provider keeps nothing that could be asked for by this answer's id.
    w.bool_field("store", false);
    for (name, number) in [
        ("temperature", &request.sampling.temperature),
        ("top_p", &request.sampling.top_p),
    ] {
        w.key(name);
        w.raw(number.as_ref().map_or("null", |number| number.as_str()));
    }
    asked(request, &mut print, w);
    w.str_field("truncation", "disabled");
    w.opt_str("user", request.user.as_deref());
    w.opt_str("safety_identifier", request.safety_identifier.as_deref());
    w.end_object();
    let text = std::str::from_utf8(&out).unwrap_or("{}");
    Arc::from(&text[1..text.len() - 1])
}

/// The form of the answer and the tools for it.
fn asked(request: &Request, print: &mut Print<'_>, w: &mut Writer<'_>) {
    match request.output {
        Some(_) => print.text(w),
        None => w.object_field("text", |w| {
            w.object_field("format", |w| w.str_field("type", "text"));
        }),
    }
    match &request.tool_choice {
        Some(choice) => print.choice(choice, true, w),
        None => w.str_field("tool_choice", "auto"),
    }
    w.key("tools");
    w.begin_array();
    for tool in &request.tools {
        print.tool(tool, w);
    }
    w.end_array();
}

fn reasoning(request: &Request, w: &mut Writer<'_>) {
    let reasoning = request.reasoning.as_ref();
    let effort = reasoning.and_then(|reasoning| reasoning.effort.as_deref());
    let summary = reasoning.and_then(|reasoning| reasoning.display.as_deref());
    w.object_field("reasoning", |w| {
        for (name, word) in [("effort", effort), ("summary", summary)] {
            w.key(name);
            match word {
                Some(word) => w.string(word),
                None => w.null(),
            }
        }
    });
}

/// What is repeated where the request is not known.
pub(super) const NOTHING: &str = concat!(
    r#""instructions":null,"max_output_tokens":null,"metadata":{},"parallel_tool_calls":true,"#,
    r#""previous_response_id":null,"reasoning":{"effort":null,"summary":null},"store":false,"#,
    r#""temperature":null,"top_p":null,"text":{"format":{"type":"text"}},"tool_choice":"auto","#,
    r#""tools":[],"truncation":"disabled""#
);
