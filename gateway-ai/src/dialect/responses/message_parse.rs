use serde_json::value::RawValue;

use super::{content_parse::content, item_parse::Item, request_parse::field, wire};
use crate::{
    canonical::{Block, Extra, Message, Raw, Role, Shape, SystemRole, Text},
    dialect::common::read,
    error::AiError,
    json::{Str, missed},
};

/// Marks the first text of a message of the model, and holds the fields of the item it began.
pub(super) const ITEM: &str = "item";

/// Marks text that was its message's whole content, as a bare string.
pub(super) const BARE: &str = "bare";

/// Where the items of an answer stand.
pub(super) const OUTPUT: &str = "output";

/// Goes before the name of an item's unknown field.
pub(super) const ITEM_FIELD: &str = "item.";

/// The field that tells remarks on the way from the answer.
pub(super) const PHASE: &str = "phase";

pub(super) fn message(raw: &RawValue, path: &'static str) -> Result<Item, AiError> {
    let mut wire: wire::Message<'_> = read(raw, path)?;
    let role = match wire.role.as_deref() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System(SystemRole::System),
        Some("developer") => Role::System(SystemRole::Developer),
        // Whoever answers is the model, by whatever name.
        other if path == OUTPUT => {
            other.into_iter().for_each(|_| missed("role"));
            Role::Assistant
        }
        other => {
            let role = other.unwrap_or("").to_owned();
            return Err(field("input.role", &format!("{role:?} is no role")));
        }
    };
    let (blocks, shape) = content(wire.content.take())?;
    let own = own(&mut wire);
    let mut message = Message {
        role,
        content: blocks,
        shape,
        name: None,
        extra: Extra::new(),
    };
    if role != Role::Assistant {
        for (name, value) in own {
            message.extra.push_own(name, value);
        }
        message.extra.absorb("", wire.extra);
        return Ok(Item::Message(message));
    }
    answer(&mut message, &own, wire.extra);
    Ok(Item::Answer(message))
}

/// The item's own fields, which no other dialect has.
fn own(wire: &mut wire::Message<'_>) -> Vec<(&'static str, Raw)> {
    let fields = [
        ("type", wire.kind.take()),
        ("id", wire.id.take()),
        ("status", wire.status.take()),
        (PHASE, wire.phase.take()),
    ];
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// A message of the model may become one of several in a turn: what belongs to the item goes with
/// its first text.
fn answer(message: &mut Message, own: &[(&'static str, Raw)], unknown: crate::json::Fields<'_>) {
    let bare = message.shape == Shape::Text;
    let first = message.content.iter_mut().find_map(|block| match block {
        Block::Text(text) => Some(text),
        _ => None,
    });
    let Some(text) = first else {
        message.extra.absorb("", unknown);
        return;
    };
    let spelled: Vec<String> = own
        .iter()
        .map(|(name, value)| format!("\"{name}\":{}", value.as_str()))
        .collect();
    let phase = own.iter().find(|(name, _)| *name == PHASE);
    if let Some((_, phase)) = phase {
        mark_phase(text, phase);
    }
    if let Ok(item) = Raw::bounded(&format!("{{{}}}", spelled.join(","))) {
        text.extra.push_own(ITEM, item);
    }
    if bare {
        text.extra.push_own(BARE, Raw::from_value(&true.into()));
    }
    text.extra.absorb(ITEM_FIELD, unknown);
}

/// Where a message stands in its turn is written with its item; elsewhere a remark on the way cannot
/// be told from the answer, and that is missed.
pub(super) fn mark_phase(text: &mut Text, phase: &Raw) {
    if !is_word(phase, "final_answer") && !phase.is_null() {
        text.extra.push(PHASE, phase.clone());
    }
}

/// Whether a message of the model has an id.
pub(super) fn has_id(message: &Message) -> bool {
    message.content.iter().any(|block| match block {
        Block::Text(text) => text
            .extra
            .get(ITEM)
            .is_some_and(|item| item_id(item).is_some()),
        _ => false,
    })
}

/// The id among an item's own fields.
pub(super) fn item_id(item: &Raw) -> Option<String> {
    let head: wire::ItemHead<'_> = item.read().ok()?;
    head.id.map(|id| id.0)
}

/// Whether a value is the bare string `word`.
pub(super) fn is_word(value: &Raw, word: &str) -> bool {
    value.read::<Str<'_>>().is_ok_and(|text| &*text == word)
}
