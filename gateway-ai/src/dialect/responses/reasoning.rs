use serde_json::value::RawValue;

use super::wire;
use crate::{
    canonical::{Block, Extra, Opaque, Raw, Thinking},
    dialect::{Dialect, common::read},
    error::AiError,
    json::Str,
};

/// Marks a part of reasoning that continues the item of the part before it.
pub(super) const CONTINUED: &str = "continued";

/// Who encrypted what Responses themselves carry.
pub(super) const OPENAI: &str = "openai-responses-v1";

/// Reads a reasoning item: each part of its summary and of its text is a block, and the last one
/// carries what the provider has encrypted. An item without parts is one empty block.
pub(super) fn reasoning(raw: &RawValue, path: &'static str) -> Result<Vec<Block>, AiError> {
    let wire: wire::ReasoningItem<'_> = read(raw, path)?;
    let id = wire.id.map(Str::into_owned).filter(|id| !id.is_empty());
    let texts = wire.content.unwrap_or_default().into_iter();
    let parts = (wire.summary.unwrap_or_default().into_iter())
        .map(|part| (part, true))
        .chain(texts.map(|part| (part, false)));
    let mut blocks: Vec<Thinking> = Vec::new();
    for (part, summary) in parts {
        let mut extra = Extra::new();
        if !blocks.is_empty() {
            extra.push_own(CONTINUED, Raw::from_value(&true.into()));
        }
        blocks.push(Thinking {
            text: part.text.map(Str::into_owned).unwrap_or_default(),
            id: id.clone(),
            summary,
            format: Some(OPENAI.into()),
            extra,
            ..Thinking::default()
        });
    }
    let encrypted = wire.encrypted_content.filter(|text| !text.is_empty());
    if blocks.is_empty() {
        if let Some(block) = encrypted.as_deref().and_then(redacted) {
            return Ok(vec![block]);
        }
        let summary = true;
        blocks.push(Thinking {
            id,
            summary,
            format: Some(OPENAI.into()),
            ..Thinking::default()
        });
    }
    if let Some(status) = wire.status {
        blocks[0].extra.push_own("status", status);
    }
    blocks[0].extra.absorb("", wire.extra);
    if let (Some(encrypted), Some(last)) = (encrypted, blocks.last_mut()) {
        let (format, signature) = proof(&encrypted);
        last.format = Some(format.into());
        last.signature = Some(signature.to_owned());
    }
    Ok(blocks.into_iter().map(Block::Thinking).collect())
}

/// Another provider's signature is carried as encrypted content under a tag, so that it finds its
/// way back to whoever signed it.
pub(super) fn proof(encrypted: &str) -> (&'static str, &str) {
    for tag in [ANTHROPIC, GEMINI] {
        if let Some(signature) = encrypted
            .strip_prefix(tag)
            .and_then(|rest| rest.strip_prefix(':'))
        {
            return (tag, signature);
        }
    }
    (OPENAI, encrypted)
}

/// The tag to carry a signature under; `None` for the dialect's own.
pub(super) fn tag(format: Option<&str>) -> Option<&'static str> {
    match format {
        Some(OPENAI) => None,
        Some(format) if format.starts_with("google") => Some(GEMINI),
        _ => Some(ANTHROPIC),
    }
}

/// Anthropic's redacted thinking, carried the same way.
fn redacted(encrypted: &str) -> Option<Block> {
    let data = encrypted.strip_prefix(REDACTED)?.strip_prefix(':')?;
    let raw = serde_json::json!({ "type": "redacted_thinking", "data": data });
    Some(Block::RedactedThinking(Opaque {
        dialect: Dialect::Messages,
        kind: "redacted_thinking".into(),
        raw: Raw::from_value(&raw),
    }))
}

pub(super) const REDACTED: &str = "anthropic-redacted-v1";
const ANTHROPIC: &str = "anthropic-claude-v1";
const GEMINI: &str = "google-gemini-v1";
