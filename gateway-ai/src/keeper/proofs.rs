use std::sync::Arc;

use gateway_core::{Identity, Outcome};
use tokio::time::Instant;

use super::{Held, Keeper, store::Kept};
use crate::{
    call::{AiCall, Operation},
    canonical::{Block, Delta, Event, Reply, ToolCall},
    dialect::Dialect,
    edge::tenant,
};

/// Gathers the proofs of one answer while it passes.
#[derive(Debug)]
pub(crate) struct Collector {
    keeper: Keeper,
    caller: Option<Identity>,
    provider: Arc<str>,
    dialect: Dialect,
    /// Whether thoughts reach the client in a field that it sends back.
    carried: bool,
    outcome: Option<Outcome>,
    choices: Vec<Choice>,
}

#[derive(Debug, Default)]
struct Choice {
    number: u32,
    /// Complete thoughts that no call has followed yet.
    thoughts: Vec<Block>,
    /// Blocks that still grow, by index.
    open: Vec<(u32, Block)>,
}

impl Collector {
    /// What gathers the proofs in an answer that its client has no place for; `None` where it has
    /// one for all, or nothing is kept.
    pub(crate) fn of(call: &AiCall, dialect: Dialect, provider: &Arc<str>) -> Option<Self> {
        if call.dialect() == dialect || call.operation() != Operation::Chat {
            return None;
        }
        let keeper = Held::keeper(call)?;
        Some(Self {
            keeper: keeper.clone(),
            caller: call.identity().cloned(),
            provider: Arc::clone(provider),
            dialect,
            carried: Held::carries(call),
            outcome: call.outcome().cloned(),
            choices: Vec::new(),
        })
    }

    /// Gathers those of a whole answer, and takes from it what its client would only lose.
    pub(crate) fn reply(mut self, reply: &mut Reply) {
        for (number, choice) in (0..).zip(&mut reply.choices) {
            for block in &mut choice.content {
                if let Some(block) = worth(block) {
                    self.complete(number, block);
                }
            }
        }
    }

    /// Gathers those of a stream, event by event, and takes what its client would only lose.
    pub(crate) fn event(&mut self, event: &mut Event) {
        match event {
            Event::BlockStart {
                choice,
                index,
                block,
            } => {
                if let Some(block) = worth(block) {
                    self.choice(*choice).open.push((*index, block));
                }
            }
            Event::Delta {
                choice,
                index,
                delta,
            } => grow(self.choice(*choice), *index, delta),
            Event::BlockStop { choice, index } => {
                let open = &mut self.choice(*choice).open;
                if let Some(at) = open.iter().position(|(number, _)| number == index) {
                    let (_, block) = open.remove(at);
                    self.complete(*choice, block);
                }
            }
            _ => {}
        }
    }

    fn choice(&mut self, number: u32) -> &mut Choice {
        let at = self.choices.iter().position(|c| c.number == number);
        let at = at.unwrap_or_else(|| {
            self.choices.push(Choice {
                number,
                ..Choice::default()
            });
            self.choices.len() - 1
        });
        &mut self.choices[at]
    }

    fn complete(&mut self, choice: u32, block: Block) {
        let Block::ToolCall(call) = block else {
            if is_proof(&block) && !self.carried {
                self.choice(choice).thoughts.push(block);
            }
            return;
        };
        let thoughts = std::mem::take(&mut self.choice(choice).thoughts);
        if thoughts.is_empty() && call.signature.is_none() {
            return;
        }
        if let Some(outcome) = &self.outcome {
            let count = thoughts.len() + usize::from(call.signature.is_some());
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            outcome.update(|record| record.proofs.kept += count);
        }
        let kept = Kept {
            provider: Arc::clone(&self.provider),
            dialect: self.dialect,
            tool: call.name.into(),
            thoughts,
            signature: call.signature,
            since: Instant::now(),
        };
        let tenant = tenant(self.caller.as_ref());
        self.keeper.put(&tenant, &call.id, kept);
    }
}

/// Of a block only what is kept of it: a call's arguments the client sends back itself, and its
/// signature is lost on it.
fn worth(block: &mut Block) -> Option<Block> {
    match block {
        Block::Thinking(_) | Block::RedactedThinking(_) => Some(block.clone()),
        Block::ToolCall(call) => Some(Block::ToolCall(ToolCall {
            id: call.id.clone(),
            name: call.name.clone(),
            signature: call.signature.take(),
            ..ToolCall::default()
        })),
        _ => None,
    }
}

/// Whether a thought can be sent back to whoever had it.
fn is_proof(block: &Block) -> bool {
    match block {
        Block::Thinking(thinking) => thinking.signature.is_some(),
        _ => true,
    }
}

fn grow(choice: &mut Choice, index: u32, delta: &Delta) {
    let open = choice.open.iter_mut().find(|(number, _)| *number == index);
    match (open.map(|(_, block)| block), delta) {
        (Some(Block::Thinking(thinking)), Delta::Thinking(text)) => thinking.text.push_str(text),
        (Some(Block::Thinking(thinking)), Delta::Signature(signature)) => {
            thinking.signature = Some(signature.clone());
        }
        (Some(Block::ToolCall(call)), Delta::Signature(signature)) => {
            call.signature = Some(signature.clone());
        }
        _ => {}
    }
}
