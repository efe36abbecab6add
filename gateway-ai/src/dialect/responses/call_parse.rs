use serde_json::value::RawValue;

use super::{
    content_parse::content,
    message_parse::{OUTPUT, is_word},
    request_parse::field,
    wire,
};
use crate::{
    canonical::{Block, Extra, Raw, Shape, Text, ToolCall, ToolResult},
    dialect::common::read,
    error::AiError,
    json::Str,
};

/// Reads `function_call` and `custom_tool_call`. What pairs a call with its output is `call_id`;
/// the item's own id is the provider's bookkeeping.
pub(super) fn call(raw: &RawValue, path: &'static str) -> Result<ToolCall, AiError> {
    let wire: wire::Call<'_> = read(raw, path)?;
    let custom = wire.kind.as_deref() == Some("custom_tool_call");
    let item_id = wire.id.map(Str::into_owned).filter(|id| !id.is_empty());
    let call_id = wire
        .call_id
        .map(Str::into_owned)
        .filter(|id| !id.is_empty());
    let id = call_id
        .or_else(|| item_id.clone())
        .ok_or_else(|| field("input.call_id", "is missing"))?;
    let text = if custom { wire.input } else { wire.arguments };
    let mut extra = Extra::new();
    own_status(wire.status, &mut extra);
    extra.absorb("", wire.extra);
    Ok(ToolCall {
        id,
        name: wire.name.map(Str::into_owned).unwrap_or_default(),
        arguments: text.map(text_of).unwrap_or_default(),
        custom,
        item_id,
        extra,
        ..ToolCall::default()
    })
}

/// The text of a string; anything else as it is written.
pub(super) fn text_of(raw: &RawValue) -> String {
    let text = raw.get();
    match text {
        "null" => String::new(),
        text if text.starts_with('"') => serde_json::from_str(text).unwrap_or_default(),
        text => text.into(),
    }
}

fn own_status(status: Option<Raw>, extra: &mut Extra) {
    if let Some(status) = status {
        extra.push_own("status", status);
    }
}

/// Marks the result of a free-text tool.
pub(super) const CUSTOM_RESULT: &str = "custom";

/// Reads the output of a call, which is a string or a list of parts.
pub(super) fn result(raw: &RawValue, path: &'static str) -> Result<ToolResult, AiError> {
    let wire: wire::CallOutput<'_> = read(raw, path)?;
    let id = match wire.call_id {
        Some(id) => id.into_owned(),
        // What a provider ran itself need not say what it answers.
        None if path == OUTPUT => String::new(),
        None => return Err(field("input.call_id", "is missing")),
    };
    let (content, shape) = match wire.output {
        Some(raw) if raw.get().starts_with('[') => {
            let list: Vec<&RawValue> = read(raw, "input.output")?;
            content(Some(crate::json::Content::Parts(list)))?
        }
        Some(raw) => {
            let text = text_of(raw);
            let text = Text {
                text,
                ..Text::default()
            };
            (vec![Block::Text(text)], Shape::Text)
        }
        None => (Vec::new(), Shape::Absent),
    };
    let mut extra = Extra::new();
    if wire.kind.as_deref() == Some("custom_tool_call_output") {
        extra.push_own(CUSTOM_RESULT, Raw::from_value(&true.into()));
    }
    if let Some(id) = wire.id {
        extra.push_own("id", id);
    }
    let failed = wire
        .status
        .as_ref()
        .is_some_and(|status| is_word(status, "failed"));
    own_status(wire.status, &mut extra);
    extra.absorb("", wire.extra);
    Ok(ToolResult {
        id,
        content,
        shape,
        is_error: failed.then_some(true),
        extra,
        ..ToolResult::default()
    })
}
