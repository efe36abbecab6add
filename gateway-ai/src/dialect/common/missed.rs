use crate::{
    canonical::{Block, Message, Reasoning},
    dialect::Dialect,
    loss::Losses,
};

/// Reports what a text says beside its words, where they are left out for being none.
pub(crate) fn missed_blank(block: &Block, losses: &mut Losses) {
    if let Block::Text(text) = block {
        for (name, _) in text.extra.iter() {
            losses.add_field("content", name);
        }
    }
}

/// Whether a block may stand in the system text of a dialect, where only text and what is the
/// dialect's own may; reports it where not.
pub(crate) fn is_system_text(block: &Block, own: Dialect, losses: &mut Losses) -> bool {
    match block {
        Block::Text(text) if text.text.trim().is_empty() => missed_blank(block, losses),
        Block::Text(_) => return true,
        Block::Opaque(opaque) if opaque.dialect == own => return true,
        Block::Opaque(opaque) => losses.add_field("content", &opaque.kind),
        _ => losses.add("content.misplaced"),
    }
    false
}

/// Reports what a block of an answer says beside its content, for streams, which begin it without.
pub(crate) fn missed_beside(block: &Block, losses: &mut Losses) {
    let (place, extra) = match block {
        Block::Text(text) => ("content", &text.extra),
        Block::ToolCall(call) => ("tool_call", &call.extra),
        _ => return,
    };
    for (name, _) in extra.iter().filter(|(name, _)| *name != "logprobs") {
        losses.add_field(place, name);
    }
}

/// Reports what a request says about reasoning in words of its own dialect only.
pub(crate) fn missed_reasoning(reasoning: &Reasoning, losses: &mut Losses) {
    for (name, value) in reasoning.extra.iter() {
        if !value.is_null() {
            losses.add_field("reasoning", name);
        }
    }
}

/// System text in the middle of a conversation, for a dialect that has no turn for it.
pub(crate) fn folded(message: &Message, losses: &mut Losses) -> String {
    losses.add("messages.system_position");
    let mut lines: Vec<&str> = Vec::with_capacity(message.content.len());
    for block in &message.content {
        match block {
            Block::Text(text) => {
                if text.cache.is_some() {
                    losses.add("cache_control");
                }
                lines.push(&text.text);
            }
            _ => losses.add("content.misplaced"),
        }
    }
    format!("<system>\n{}\n</system>", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{CacheMark, Role, SystemRole, Text};

    #[test]
    fn a_cache_mark_on_folded_text_is_missed() {
        let mut text = Text {
            text: "now".to_owned(),
            ..Text::default()
        };
        let fold = |text: &Text| {
            let blocks = vec![Block::Text(text.clone())];
            let message = Message::new(Role::System(SystemRole::System), blocks);
            let mut losses = Losses::new();
            (folded(&message, &mut losses), losses.to_string())
        };
        assert_eq!(
            fold(&text),
            (
                "<system>\nnow\n</system>".to_owned(),
                "messages.system_position".to_owned()
            )
        );
        text.cache = Some(CacheMark::default());
        assert_eq!(fold(&text).1, "messages.system_position, cache_control");
    }
}
