//! What a request lacks after it went through another dialect.

use gateway_ai::{
    canonical::{Block, OutputFormat, Request},
    loss::Losses,
};
use serde_json::Value;

/// What the second reading lacks although nothing was said.
pub(crate) fn lost(before: &Request, after: &Request, losses: &Losses) -> Vec<String> {
    let said = |names: &[&str]| {
        losses
            .iter()
            .any(|loss| names.iter().any(|n| loss.starts_with(n)))
    };
    let mut out = Vec::new();
    let (a, b) = (words(before), words(after));
    if a != b
        && !said(&[
            "content",
            "document",
            "messages",
            "tool_result",
            "response_format",
        ])
    {
        out.push(format!("text {a:?} became {b:?}"));
    }
    let (a, b) = (media(before), media(after));
    if a != b && !said(&["content", "document", "tool_result", "audio"]) {
        out.push(format!("{a} media became {b}"));
    }
    let (a, b) = (calls(before), calls(after));
    if a != b && !said(&["tool_call", "tool_result"]) {
        out.push(format!("calls {a:?} became {b:?}"));
    }
    let names = |request: &Request| -> Vec<String> {
        request.tools.iter().map(|tool| tool.name.clone()).collect()
    };
    if names(before) != names(after) && !said(&["tools", "tool_choice"]) {
        out.push("tools".to_owned());
    }
    for (name, before, after) in options(before, after) {
        if before && !after && !said(&[name, "tools"]) {
            out.push(name.to_owned());
        }
    }
    for (name, _) in before.extra.iter() {
        if after.extra.get(name).is_none() && !said(&[name]) && losses.len() < 32 {
            out.push(name.to_owned());
        }
    }
    out
}

fn wants_form(request: &Request) -> bool {
    !matches!(request.output, None | Some(OutputFormat::Text))
}

/// All text of system and conversation, white space at the ends aside.
fn words(request: &Request) -> Vec<String> {
    fn push(blocks: &[Block], out: &mut Vec<String>) {
        for block in blocks {
            match block {
                Block::Text(text) => out.push(text.text.trim_end().to_owned()),
                Block::Refusal(refusal) => out.push(refusal.text.clone()),
                // The texts of a result are one text in dialects that have but one.
                Block::ToolResult(result) => {
                    let mut inner = Vec::new();
                    push(&result.content, &mut inner);
                    inner.retain(|text| !text.is_empty());
                    out.push(inner.join("\n"));
                }
                _ => {}
            }
        }
    }
    let mut out = Vec::new();
    request
        .system
        .iter()
        .for_each(|system| push(&system.parts, &mut out));
    request
        .messages
        .iter()
        .for_each(|message| push(&message.content, &mut out));
    out.retain(|text| !text.trim().is_empty());
    out
}

fn media(request: &Request) -> usize {
    let blocks = request.messages.iter().flat_map(|message| &message.content);
    blocks
        .filter(|block| matches!(block, Block::Image(_) | Block::Document(_)))
        .count()
}

fn calls(request: &Request) -> Vec<(String, Value)> {
    let blocks = request.messages.iter().flat_map(|message| &message.content);
    blocks
        .filter_map(|block| match block {
            Block::ToolCall(call) => {
                let text = call.arguments.trim();
                let text = if text.is_empty() { "{}" } else { text };
                Some((
                    call.name.clone(),
                    serde_json::from_str(text).unwrap_or_default(),
                ))
            }
            _ => None,
        })
        .collect()
}

/// What may be set, and whether it still is.
fn options(before: &Request, after: &Request) -> Vec<(&'static str, bool, bool)> {
    let (a, b) = (&before.sampling, &after.sampling);
    vec![
        (
            "temperature",
            a.temperature.is_some(),
            b.temperature.is_some(),
        ),
        ("top_p", a.top_p.is_some(), b.top_p.is_some()),
        ("top_k", a.top_k.is_some(), b.top_k.is_some()),
        ("seed", a.seed.is_some(), b.seed.is_some()),
        (
            "logprobs",
            a.logprobs == Some(true),
            b.logprobs == Some(true),
        ),
        (
            "stop",
            !before.limits.stop.is_empty(),
            !after.limits.stop.is_empty(),
        ),
        ("response_format", wants_form(before), wants_form(after)),
        (
            "service_tier",
            // What every provider does unasked is no wish.
            before
                .service_tier
                .as_deref()
                .is_some_and(|tier| !matches!(tier, "auto" | "default")),
            after.service_tier.is_some(),
        ),
        (
            "tool_choice",
            before.tool_choice.is_some() && !before.tools.is_empty(),
            after.tool_choice.is_some(),
        ),
    ]
}
