//! Reading what one message holds.

use serde_json::Value;

use super::cache::Marks;
use crate::doubles::model::brain::Part;
use crate::doubles::model::brain::Role;
use crate::doubles::model::brain::signature;

/// The parts of a message. The last one of a conversation has rules of its own.
pub(super) fn content(
    content: &Value,
    role: Role,
    is_last: bool,
    marks: &mut Marks,
) -> Result<Vec<Part>, String> {
    let blocks = match content {
        Value::String(text) if text.is_empty() => {
            return Err("user messages must have non-empty content".to_owned());
        }
        Value::String(text) => {
            marks.text(content, text);
            return text_part(text, role, is_last).map(|part| vec![part]);
        }
        Value::Array(blocks) if blocks.is_empty() => {
            return Err("all messages must have non-empty content".to_owned());
        }
        Value::Array(blocks) => blocks,
        _ => return Err("content: Field required".to_owned()),
    };
    let mut parts = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        let ends = is_last && at + 1 == blocks.len();
        let read = part(block, role, ends).map_err(|why| format!("content.{at}: {why}"))?;
        marks.part(block, read.as_ref());
        parts.extend(read);
    }
    Ok(parts)
}

/// Reads one block; of thinking, which costs nothing, the signature is checked.
fn part(block: &Value, role: Role, ends: bool) -> Result<Option<Part>, String> {
    let user = role == Role::User;
    match block["type"].as_str() {
        Some("text") => {
            let text = block["text"].as_str().ok_or("text: Field required")?;
            text_part(text, role, ends).map(Some)
        }
        Some("image" | "document" | "search_result") if user => Ok(Some(Part::Media)),
        Some("tool_use") if !user => {
            let id = tool_id(&block["id"])?;
            let name = block["name"]
                .as_str()
                .ok_or("name: Field required")?
                .to_owned();
            if !block["input"].is_object() {
                return Err("tool_use.input: Input should be a valid dictionary".to_owned());
            }
            Ok(Some(Part::Call {
                id,
                name,
                arguments: block["input"].to_string(),
            }))
        }
        Some("tool_result") if user => {
            let id = tool_id(&block["tool_use_id"])?;
            Ok(Some(Part::Result {
                id,
                text: result_text(&block["content"])?,
            }))
        }
        Some("thinking") if !user => {
            let thinking = block["thinking"]
                .as_str()
                .ok_or("thinking: Field required")?;
            match block["signature"].as_str() {
                Some(given) if given == signature(thinking) => Ok(Some(Part::Proof)),
                _ => Err("Invalid `signature` in `thinking` block".to_owned()),
            }
        }
        Some("redacted_thinking") if !user => Ok(Some(Part::Proof)),
        other => Err(format!(
            "Input tag '{}' is not allowed here",
            other.unwrap_or_default()
        )),
    }
}

fn text_part(text: &str, role: Role, ends: bool) -> Result<Part, String> {
    if text.trim().is_empty() {
        return Err("text content blocks must contain non-whitespace text".to_owned());
    }
    if role == Role::Assistant && ends && text.ends_with(char::is_whitespace) {
        return Err("final assistant content cannot end with trailing whitespace".to_owned());
    }
    Ok(Part::Text(text.to_owned()))
}

fn result_text(content: &Value) -> Result<String, String> {
    match content {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        Value::Array(blocks) => {
            let texts = blocks.iter().map(|block| match block["type"].as_str() {
                Some("text") => Ok(block["text"].as_str().unwrap_or_default()),
                Some("image" | "document" | "search_result") => Ok("[media]"),
                _ => Err("tool_result.content: unknown block".to_owned()),
            });
            Ok(texts.collect::<Result<Vec<_>, _>>()?.join("\n"))
        }
        _ => Err("tool_result.content: Input should be a valid string".to_owned()),
    }
}

fn tool_id(id: &Value) -> Result<String, String> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    match id.as_str() {
        Some(id) if !id.is_empty() && id.bytes().all(legal) => Ok(id.to_owned()),
        _ => Err("tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'".to_owned()),
    }
}
