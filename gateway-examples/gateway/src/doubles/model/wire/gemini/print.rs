//! Replies, streams and errors of Gemini.

use bytes::Bytes;
use serde_json::Value;
use serde_json::json;

use crate::doubles::model::brain::Answer;
use crate::doubles::model::brain::Ask;
use crate::doubles::model::brain::Block;
use crate::doubles::model::brain::Finish;
use crate::doubles::model::brain::count_tokens;
use crate::doubles::model::brain::pieces;
use crate::doubles::model::brain::signature;
use crate::doubles::model::wire::Refusal;
use crate::doubles::playback::Script;

pub(in crate::doubles::model::wire) fn whole(ask: &Ask, answers: &[Answer]) -> Value {
    let candidates: Vec<Value> = answers
        .iter()
        .enumerate()
        .map(|(index, answer)| {
            let mut parts: Vec<Value> = answer.blocks.iter().map(part).collect();
            if let Some((at, signature)) = proof(answer) {
                parts[at]["thoughtSignature"] = json!(signature);
            }
            candidate(index, &parts, Some(finish(&answer.finish)))
        })
        .collect();
    let mut reply = envelope(ask, answers, &candidates);
    reply["usageMetadata"] = usage(answers);
    reply
}

/// A stream of whole replies. Unless events were asked for it is one JSON array.
pub(in crate::doubles::model::wire) fn stream(ask: &Ask, answers: &[Answer], sse: bool) -> Script {
    let mut script = Script::default();
    let mut printer = Printer { sse, first: true };
    for (index, answer) in answers.iter().enumerate() {
        let proof = proof(answer);
        for (at, block) in answer.blocks.iter().enumerate() {
            for (mut part, tokens) in deltas(block) {
                if let (Block::Call { .. }, Some((signed, signature))) = (block, &proof)
                    && at == *signed
                {
                    part["thoughtSignature"] = json!(signature);
                }
                let candidates = [candidate(index, &[part], None)];
                let mut chunk = envelope(ask, answers, &candidates);
                chunk["usageMetadata"] = json!({ "promptTokenCount": answer.prompt_tokens });
                let bytes = printer.print(&chunk);
                script.content(bytes, tokens);
            }
        }
    }
    let last: Vec<Value> = answers
        .iter()
        .enumerate()
        .map(|(index, answer)| {
            let mut empty = json!({ "text": "" });
            // The signature of a text comes when all of it is there.
            if let Some((at, signature)) = proof(answer)
                && matches!(answer.blocks[at], Block::Text(_))
            {
                empty["thoughtSignature"] = json!(signature);
            }
            candidate(index, &[empty], Some(finish(&answer.finish)))
        })
        .collect();
    let mut chunk = envelope(ask, answers, &last);
    chunk["usageMetadata"] = usage(answers);
    let failed = Refusal::of_status(http::StatusCode::SERVICE_UNAVAILABLE);
    // What replaces the end follows content, so it is never first.
    let mut later = Printer { sse, first: false };
    script.error = later.print(&refusal(&failed));
    script.malformed = match sse {
        true => Bytes::from_static(b"data: {\"candidates\":[{\"content\":\r\n\r\n"),
        false => Bytes::from_static(b",\r\n{\"candidates\":[{\"content\":\r\n"),
    };
    script.tail = vec![printer.print(&chunk)];
    if !sse {
        script.tail.push(Bytes::from_static(b"\r\n]"));
    }
    script
}

pub(in crate::doubles::model::wire) fn refusal(refusal: &Refusal) -> Value {
    let status = match refusal.status.as_u16() {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        408 | 504 => "DEADLINE_EXCEEDED",
        503 => "UNAVAILABLE",
        400..=499 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    };
    let code = refusal.status.as_u16();
    json!({ "error": { "code": code, "message": refusal.message, "status": status } })
}

struct Printer {
    sse: bool,
    first: bool,
}

impl Printer {
    fn print(&mut self, chunk: &Value) -> Bytes {
        let first = std::mem::replace(&mut self.first, false);
        Bytes::from(match (self.sse, first) {
            (true, _) => format!("data: {chunk}\r\n\r\n"),
            (false, true) => format!("[{chunk}"),
            (false, false) => format!(",\r\n{chunk}"),
        })
    }
}

fn envelope(ask: &Ask, answers: &[Answer], candidates: &[Value]) -> Value {
    json!({
        "candidates": candidates,
        "modelVersion": ask.model,
        "responseId": answers[0].id("gemini-"),
    })
}

fn candidate(index: usize, parts: &[Value], finish: Option<&str>) -> Value {
    let content = json!({ "parts": parts, "role": "model" });
    let mut candidate = json!({ "content": content, "index": index });
    if let Some(reason) = finish {
        candidate["finishReason"] = json!(reason);
    }
    candidate
}

/// What proves the thinking, and the block that carries it: the first call, or else the text.
fn proof(answer: &Answer) -> Option<(usize, String)> {
    let thought = answer.blocks.iter().find_map(|block| match block {
        Block::Thinking(text) => Some(signature(text)),
        _ => None,
    })?;
    let mut rest = answer.blocks.iter();
    let at = rest.position(|block| !matches!(block, Block::Thinking(_)))?;
    Some((at, thought))
}

fn part(block: &Block) -> Value {
    match block {
        Block::Thinking(text) => json!({ "text": text, "thought": true }),
        Block::Text(text) => json!({ "text": text }),
        Block::Call { name, arguments } => {
            let args: Value = serde_json::from_str(arguments).unwrap_or_else(|_| json!({}));
            json!({ "functionCall": { "name": name, "args": args } })
        }
    }
}

/// Text comes piece by piece, calls whole.
fn deltas(block: &Block) -> Vec<(Value, u64)> {
    match block {
        Block::Thinking(text) => pieces(text)
            .into_iter()
            .map(|piece| {
                (
                    json!({ "text": piece, "thought": true }),
                    count_tokens(piece),
                )
            })
            .collect(),
        Block::Text(text) => pieces(text)
            .into_iter()
            .map(|piece| (json!({ "text": piece }), count_tokens(piece)))
            .collect(),
        Block::Call { .. } => vec![(part(block), block.tokens())],
    }
}

fn finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::End | Finish::Stop(_) | Finish::Tool => "STOP",
        Finish::Length => "MAX_TOKENS",
    }
}

fn usage(answers: &[Answer]) -> Value {
    let prompt = answers[0].prompt_tokens;
    let completion: u64 = answers.iter().map(|answer| answer.completion_tokens).sum();
    let thoughts: u64 = answers.iter().map(|answer| answer.reasoning_tokens).sum();
    let mut usage = json!({
        "promptTokenCount": prompt,
        "candidatesTokenCount": completion - thoughts,
        "totalTokenCount": prompt + completion,
        "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": prompt }],
    });
    if thoughts > 0 {
        usage["thoughtsTokenCount"] = json!(thoughts);
    }
    usage
}
