use gateway_core::Outcome;
use tokio::time::Instant;

use super::{Held, Keeper, store::Kept};
use crate::{
    call::{AiCall, Operation},
    canonical::{Block, Message, Request, Role},
    dialect::Dialect,
    edge::tenant,
    error::AiError,
};

/// Gives a call the proofs its client has dropped, as far as this provider made them.
///
/// # Errors
///
/// A client fault where the conversation cannot be parsed.
pub(crate) fn restore(call: &mut AiCall, to: (&str, Dialect)) -> Result<(), AiError> {
    if call.dialect() == to.1 || call.operation() != Operation::Chat {
        return Ok(());
    }
    let Some(keeper) = Held::keeper(call).filter(|keeper| !keeper.is_empty()) else {
        return Ok(());
    };
    if let Some((whole, count)) = restored(keeper, &tenant(call.identity()), call.request()?, to) {
        Outcome::record(call.extensions(), |record| record.proofs.restored += count);
        call.edit(|request| *request = whole)?;
    }
    Ok(())
}

/// Whether a loss of this name is one of a proof.
pub(crate) fn is_proof_loss(name: &str) -> bool {
    matches!(
        name,
        "thinking"
            | "thinking.signature"
            | "redacted_thinking"
            | "text.signature"
            | "tool_call.signature"
    )
}

/// The conversation with what is kept of its calls, if anything is; for one provider alone.
///
/// Where the client has sent thoughts with their proofs, no others are put beside them.
fn restored(
    keeper: &Keeper,
    tenant: &str,
    request: &Request,
    (provider, dialect): (&str, Dialect),
) -> Option<(Request, u32)> {
    let now = Instant::now();
    let mut changed: Option<Request> = None;
    let mut count = 0;
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
            count += push(&mut content, block, kept.as_deref(), bare);
        }
        turn.content = content;
    }
    changed.map(|request| (request, count))
}

/// Puts a block behind the others, with what is kept of it; how much that was.
fn push(content: &mut Vec<Block>, block: Block, kept: Option<&Kept>, bare: bool) -> u32 {
    let mut count = 0;
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
                count += u32::try_from(kept.thoughts.len()).unwrap_or(u32::MAX);
            }
            if call.signature.is_none() && kept.signature.is_some() {
                call.signature.clone_from(&kept.signature);
                count += 1;
            }
            content.push(Block::ToolCall(call));
        }
        (block, _) => content.push(block),
    }
    count
}

fn has_proof(message: &Message) -> bool {
    message.content.iter().any(|block| match block {
        Block::Thinking(thinking) => thinking.signature.is_some(),
        Block::RedactedThinking(_) => true,
        _ => false,
    })
}
