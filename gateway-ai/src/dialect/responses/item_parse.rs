use serde_json::value::RawValue;

use super::{call_parse, message_parse, reasoning::reasoning, wire};
use crate::{
    canonical::{Block, Message, Opaque, Raw, Request, Role, System},
    dialect::{
        Dialect,
        common::{read, too_deep},
    },
    error::AiError,
};

/// One item of a conversation or of an answer.
pub(super) enum Item {
    /// A message of the user, or system text.
    Message(Message),
    /// A message of the model.
    Answer(Message),
    /// Something else the model said: reasoning, a call, what a hosted tool did.
    Said(Vec<Block>),
    /// Something else the client says: the result of a call.
    Given(Block),
}

/// Reads the next item of a conversation.
///
/// Consecutive items of the model – reasoning, text, calls – are one turn, as the other dialects
/// have it; system text that leads the conversation is apart from its turns.
pub(super) fn take(request: &mut Request, raw: &RawValue) -> Result<(), AiError> {
    match item(raw, "input")? {
        Item::Message(message) => match message.role {
            Role::System(role) if request.messages.is_empty() => request.system.push(System {
                role,
                name: message.name,
                parts: message.content,
                shape: message.shape,
                extra: message.extra,
            }),
            _ => request.messages.push(message),
        },
        Item::Answer(message) => match request.messages.last_mut() {
            Some(turn) if continues(turn, &message) => {
                turn.shape = message.shape;
                turn.content.extend(message.content);
            }
            _ => request.messages.push(message),
        },
        Item::Said(blocks) => match request.messages.last_mut() {
            Some(turn) if turn.role == Role::Assistant => turn.content.extend(blocks),
            _ => request.messages.push(Message::new(Role::Assistant, blocks)),
        },
        Item::Given(block) => request.messages.push(Message::new(Role::User, vec![block])),
    }
    Ok(())
}

/// Whether a message of the model goes on in the turn before it: two that stand side by side
/// without ids are two turns.
fn continues(turn: &Message, message: &Message) -> bool {
    let last = turn.content.last();
    let text = matches!(last, None | Some(Block::Text(_) | Block::Refusal(_)));
    turn.role == Role::Assistant
        && !message.content.is_empty()
        && (!text || message_parse::has_id(message))
}

/// Reads one item.
pub(super) fn item(raw: &RawValue, field: &'static str) -> Result<Item, AiError> {
    let head: wire::ItemHead<'_> = read(raw, field)?;
    let kind = match (head.kind.as_deref(), &head.role) {
        (Some(kind), _) => kind,
        (None, Some(_)) => "message",
        (None, None) => "item_reference",
    };
    Ok(match kind {
        "message" => message_parse::message(raw, field)?,
        "reasoning" => Item::Said(reasoning(raw, field)?),
        "function_call" | "custom_tool_call" => {
            Item::Said(vec![Block::ToolCall(call_parse::call(raw, field)?)])
        }
        "function_call_output" | "custom_tool_call_output" => {
            Item::Given(Block::ToolResult(call_parse::result(raw, field)?))
        }
        kind => {
            let block = Block::Opaque(Opaque {
                dialect: Dialect::Responses,
                kind: kind.into(),
                raw: Raw::from_raw(raw).map_err(|error| too_deep(error, field))?,
            });
            if is_given(kind) {
                Item::Given(block)
            } else {
                Item::Said(vec![block])
            }
        }
    })
}

/// Whether an item of this kind comes from the client.
fn is_given(kind: &str) -> bool {
    kind.ends_with("_output")
        || matches!(
            kind,
            "mcp_approval_response" | "item_reference" | "additional_tools" | "compaction"
        )
}
