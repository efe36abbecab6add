use super::pieces::is_anothers;
use crate::{
    canonical::{Block, Message, Request, Role},
    dialect::{Dialect, MidSystem, Target, common::folded},
    error::AiError,
    loss::Losses,
};

/// A content to be written: user or model, and its blocks.
#[derive(Debug)]
pub(super) struct Turn<'r> {
    pub(super) is_model: bool,
    pub(super) pieces: Vec<Piece<'r>>,
    /// The message it came from, if it is one message and no more.
    pub(super) only: Option<&'r Message>,
}

/// A block of a turn, or text that had to be made.
#[derive(Debug)]
pub(super) enum Piece<'r> {
    Block(&'r Block),
    Text(String),
}

impl Piece<'_> {
    const fn is_result(&self) -> bool {
        matches!(self, Self::Block(Block::ToolResult(_)))
    }
}

/// Arranges a conversation as Gemini wants it: neighbours of one role are one content, results of
/// calls have a content of their own, and there is at least one. A conversation that came in this
/// dialect is left as it is.
///
/// # Errors
///
/// Nothing was said, so that there is nothing to answer.
pub(super) fn arrange<'r>(
    request: &'r Request,
    target: &Target,
    losses: &mut Losses,
) -> Result<Vec<Turn<'r>>, AiError> {
    let same = request.source == Dialect::Gemini;
    let mut turns: Vec<Turn<'r>> = Vec::with_capacity(request.messages.len());
    for message in &request.messages {
        let mut turn = turn(message, target, same, losses);
        // A content that held another provider's thought alone is none: parts must not be empty.
        if turn.pieces.is_empty() && !(same && message.content.is_empty()) {
            continue;
        }
        match turns.last_mut() {
            Some(last) if last.is_model == turn.is_model && !same => {
                last.pieces.append(&mut turn.pieces);
                last.only = None;
            }
            _ => turns.push(turn),
        }
    }
    if turns.is_empty() && !same {
        if request.system.is_empty() && request.messages.is_empty() {
            let why = "messages: at least one message is required";
            return Err(AiError::invalid(why).with_param("messages"));
        }
        losses.add("messages.empty");
        let pieces = vec![Piece::Text("...".to_owned())];
        turns.push(Turn {
            is_model: false,
            pieces,
            only: None,
        });
    }
    Ok(if same { turns } else { apart(turns) })
}

/// Puts results of calls right behind their calls, and what was said beside them into a content that
/// follows: newer models take nothing else beside a `functionResponse`.
fn apart(turns: Vec<Turn<'_>>) -> Vec<Turn<'_>> {
    let mut out = Vec::with_capacity(turns.len());
    for turn in turns {
        if turn.pieces.iter().all(Piece::is_result) || !turn.pieces.iter().any(Piece::is_result) {
            out.push(turn);
            continue;
        }
        let (results, rest): (Vec<_>, Vec<_>) = turn.pieces.into_iter().partition(Piece::is_result);
        out.extend([results, rest].map(|pieces| Turn {
            is_model: turn.is_model,
            pieces,
            only: None,
        }));
    }
    out
}

fn turn<'r>(message: &'r Message, target: &Target, same: bool, losses: &mut Losses) -> Turn<'r> {
    if message.name.is_some() {
        losses.add("messages.name");
    }
    if !same {
        message
            .extra
            .iter()
            .for_each(|(name, _)| losses.add_field("messages", name));
    }
    let pieces = match message.role {
        Role::System(_) if target.mid_system == MidSystem::Hoist => {
            losses.add("messages.system_position");
            Vec::new()
        }
        Role::System(_) => vec![Piece::Text(folded(message, losses))],
        _ => (message.content.iter())
            .filter(|block| (same && !is_sealed(block)) || is_sendable(block, losses))
            .map(Piece::Block)
            .collect(),
    };
    Turn {
        is_model: message.role == Role::Assistant,
        pieces,
        only: Some(message),
    }
}

/// Whether a block is another provider's thought, under its seal.
fn is_sealed(block: &Block) -> bool {
    matches!(block, Block::Thinking(thinking) if is_anothers(thinking))
}

/// Whether anything of a block will be written; what will not is reported here.
pub(super) fn is_sendable(block: &Block, losses: &mut Losses) -> bool {
    match block {
        Block::Text(text) => return !text.text.is_empty() || text.signature.is_some(),
        Block::Thinking(thinking) => {
            let ours = thinking
                .format
                .as_deref()
                .is_some_and(|format| format.starts_with("google"));
            if ours && thinking.signature.is_some() {
                return true;
            }
            losses.add("thinking");
        }
        Block::RedactedThinking(_) => losses.add("redacted_thinking"),
        Block::Opaque(opaque) if opaque.dialect != Dialect::Gemini => {
            losses.add_field("content", &opaque.kind);
        }
        _ => return true,
    }
    false
}
