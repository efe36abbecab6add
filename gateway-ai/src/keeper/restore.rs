use tokio::time::Instant;

use super::{Keeper, store::Kept};
use crate::{
    canonical::{Block, Message, Request, Role},
    dialect::Dialect,
};

/// The conversation with what is kept of its calls, if anything is; for one provider alone.
///
/// Where the client has sent thoughts with their proofs, no others are put beside them.
pub(crate) fn restore(
    keeper: &Keeper,
    tenant: &str,
    request: &Request,
    (provider, dialect): (&str, Dialect),
) -> Option<Request> {
    if keeper.is_empty() {
        return None;
    }
    let now = Instant::now();
    let mut changed: Option<Request> = None;
    for (at, message) in request.messages.iter().enumerate() {
        if message.role != Role::Assistant {
            continue;
        }
        let bare = !has_proof(message);
        let found = |block: &Block| {
            let Block::ToolCall(call) = block else {
                return None;
            };
            let kept = keeper.find(tenant, &call.id, now)?;
            let same = *kept.provider == *provider && kept.dialect == dialect;
            (same && *kept.tool == *call.name).then_some(kept)
        };
        let kept: Vec<_> = message.content.iter().map(found).collect();
        if kept.iter().all(Option::is_none) {
            continue;
        }
        let turn = &mut changed.get_or_insert_with(|| request.clone()).messages[at];
        let mut content = Vec::with_capacity(turn.content.len() + 1);
        for (block, kept) in turn.content.drain(..).zip(kept) {
            push(&mut content, block, kept.as_deref(), bare);
        }
        turn.content = content;
    }
    changed
}

fn push(content: &mut Vec<Block>, block: Block, kept: Option<&Kept>, bare: bool) {
    match (block, kept) {
        // Its thoughts are kept with their proofs, or cannot be sent at all.
        (Block::Thinking(_), _) if bare => {}
        (Block::ToolCall(mut call), Some(kept)) => {
            // Before the first call come its thoughts and then what was said: Anthropic wants a turn
            // with calls to begin with them.
            let first = !content.iter().any(|b| matches!(b, Block::ToolCall(_)));
            let at = if first { 0 } else { content.len() };
            if bare {
                content.splice(at..at, kept.thoughts.iter().cloned());
            }
            call.signature = call.signature.or_else(|| kept.signature.clone());
            content.push(Block::ToolCall(call));
        }
        (block, _) => content.push(block),
    }
}

fn has_proof(message: &Message) -> bool {
    message.content.iter().any(|block| match block {
        Block::Thinking(thinking) => thinking.signature.is_some(),
        Block::RedactedThinking(_) => true,
        _ => false,
    })
}
