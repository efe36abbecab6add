use std::collections::HashSet;

use crate::canonical::{Block, Message};

/// The ids of calls that have a result somewhere in the conversation, and of calls at all.
pub(crate) fn answered_calls(messages: &[Message]) -> (HashSet<&str>, HashSet<&str>) {
    let (mut answered, mut called) = (HashSet::new(), HashSet::new());
    for block in messages.iter().flat_map(|message| &message.content) {
        match block {
            Block::ToolCall(call) => {
                called.insert(call.id.as_str());
            }
            Block::ToolResult(result) => {
                answered.insert(result.id.as_str());
            }
            _ => {}
        }
    }
    (answered, called)
}
