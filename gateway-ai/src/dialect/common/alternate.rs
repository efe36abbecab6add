use std::collections::HashSet;

use crate::{
    canonical::{Block, Message, Request, Role, Shape, ToolResult},
    dialect::{
        MidSystem, Target,
        common::{answered_calls, folded, missed_blank},
    },
    error::AiError,
    loss::Losses,
};

/// A turn to be written.
#[derive(Debug)]
pub(crate) struct Turn<'r> {
    pub(crate) role: Speaker,
    pub(crate) pieces: Vec<Piece<'r>>,
    /// The message it came from, if it is one message and no more.
    pub(crate) only: Option<&'r Message>,
}

/// Who takes a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    User,
    Assistant,
    System,
}

/// A block of a turn: the client's, or one that had to be made.
#[derive(Debug)]
pub(crate) enum Piece<'r> {
    Block(&'r Block),
    Text(String),
    /// The result of a call that was never answered.
    NoResult(&'r str),
}

impl Speaker {
    /// The word both dialects have for it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::System => "system",
        }
    }
}

impl Piece<'_> {
    fn is_result(&self) -> bool {
        matches!(self, Self::Block(Block::ToolResult(_)) | Self::NoResult(_))
    }
}

/// What the dialect an arrangement is for does with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Whether the request came in this dialect: then nothing is changed.
    pub(crate) same: bool,
    /// Whether the model will think: then a prefill is refused.
    pub(crate) thinks: bool,
    /// Whether anything of a block will be written; reports it where not.
    pub(crate) is_sendable: fn(&Block, &mut Losses) -> bool,
}

/// Arranges a conversation as Messages and Converse want it: turns alternate, the first is the
/// user's, results come first in the turn after their calls, and no text is empty.
///
/// A conversation that came in this dialect is left as it is.
pub(crate) fn arrange<'r>(
    request: &'r Request,
    target: &Target,
    rules: Rules,
    losses: &mut Losses,
) -> Result<Vec<Turn<'r>>, AiError> {
    let Rules { same, thinks, .. } = rules;
    let mut turns: Vec<Turn<'r>> = Vec::with_capacity(request.messages.len());
    for message in &request.messages {
        let mut turn = turn(message, target, rules, losses);
        if turn.pieces.is_empty() && !(same && message.content.is_empty()) {
            continue;
        }
        match turns.last_mut() {
            Some(last) if last.role == turn.role && !same => {
                last.pieces.append(&mut turn.pieces);
                last.only = None;
            }
            _ => turns.push(turn),
        }
    }
    if same {
        return Ok(turns);
    }
    first_turn(request, &mut turns, losses)?;
    pair(request, &mut turns, losses);
    last_turn(&mut turns, target, thinks, losses);
    Ok(turns)
}

fn turn<'r>(message: &'r Message, target: &Target, rules: Rules, losses: &mut Losses) -> Turn<'r> {
    let same = rules.same;
    if message.name.is_some() {
        losses.add("messages.name");
    }
    if !same {
        message
            .extra
            .iter()
            .for_each(|(name, _)| losses.add_field("messages", name));
    }
    let blank = |block: &Block| block.as_text().is_some_and(|text| text.trim().is_empty());
    if !same {
        let blanks = message.content.iter().filter(|block| blank(block));
        blanks.for_each(|block| missed_blank(block, losses));
    }
    let filled: Vec<Piece<'r>> = (message.content.iter())
        .filter(|block| same || (!blank(block) && (rules.is_sendable)(block, losses)))
        .map(Piece::Block)
        .collect();
    let (role, pieces) = match message.role {
        Role::User => (Speaker::User, filled),
        Role::Assistant => (Speaker::Assistant, filled),
        Role::System(_) if target.mid_system == MidSystem::Keep => (Speaker::System, filled),
        // Hoisted text is written with the system text; here nothing is left of it.
        Role::System(_) if target.mid_system == MidSystem::Hoist => {
            losses.add("messages.system_position");
            (Speaker::User, Vec::new())
        }
        Role::System(_) => (Speaker::User, vec![Piece::Text(folded(message, losses))]),
    };
    Turn {
        role,
        pieces,
        only: Some(message),
    }
}

fn first_turn<'r>(
    request: &'r Request,
    turns: &mut Vec<Turn<'r>>,
    losses: &mut Losses,
) -> Result<(), AiError> {
    let name = match turns.first() {
        None if request.system.is_empty() && request.messages.is_empty() => {
            return Err(
                AiError::invalid("messages: at least one message is required")
                    .with_param("messages"),
            );
        }
        None => "messages.empty",
        Some(turn) if turn.role == Speaker::Assistant => "messages.first_role",
        Some(_) => return Ok(()),
    };
    losses.add(name);
    let pieces = vec![Piece::Text("...".to_owned())];
    turns.insert(
        0,
        Turn {
            role: Speaker::User,
            pieces,
            only: None,
        },
    );
    Ok(())
}

/// Puts results right after their calls. A call nobody answered gets a result that says so, and a
/// result of no call becomes text: either would be refused otherwise.
fn pair<'r>(request: &'r Request, turns: &mut Vec<Turn<'r>>, losses: &mut Losses) {
    let (answered, called) = answered_calls(&request.messages);
    let mut position = 0;
    while position < turns.len() {
        let calls: Vec<&'r str> = turns[position].pieces.iter().filter_map(call_id).collect();
        let unanswered: Vec<&'r str> = calls
            .iter()
            .copied()
            .filter(|id| !answered.contains(id))
            .collect();
        if !unanswered.is_empty() {
            losses.add("tool_call.unanswered");
            let next_is_user = turns
                .get(position + 1)
                .is_some_and(|turn| turn.role == Speaker::User);
            if !next_is_user {
                let turn = Turn {
                    role: Speaker::User,
                    pieces: Vec::new(),
                    only: None,
                };
                turns.insert(position + 1, turn);
            }
            let next = &mut turns[position + 1];
            next.only = None;
            next.pieces
                .splice(0..0, unanswered.into_iter().map(Piece::NoResult));
        }
        sort_results(&mut turns[position], &called, losses);
        position += 1;
    }
}

fn call_id<'r>(piece: &Piece<'r>) -> Option<&'r str> {
    match piece {
        Piece::Block(Block::ToolCall(call)) => Some(&call.id),
        _ => None,
    }
}

fn sort_results(turn: &mut Turn<'_>, called: &HashSet<&str>, losses: &mut Losses) {
    for piece in &mut turn.pieces {
        if let Piece::Block(Block::ToolResult(result)) = piece
            && !called.contains(result.id.as_str())
        {
            losses.add("tool_result.orphan");
            *piece = Piece::Text(orphan_text(result));
        }
    }
    turn.pieces.sort_by_key(|piece| !piece.is_result());
}

fn orphan_text(result: &ToolResult) -> String {
    let text: Vec<&str> = result.content.iter().filter_map(Block::as_text).collect();
    format!("[tool result]\n{}", text.join("\n"))
}

/// A trailing assistant turn is a prefill here: where the model takes none, the user's turn that
/// must follow is made.
fn last_turn(turns: &mut Vec<Turn<'_>>, target: &Target, thinks: bool, losses: &mut Losses) {
    let Some(last) = turns.last().filter(|turn| turn.role == Speaker::Assistant) else {
        return;
    };
    if target.prefill && !thinks && last.pieces.iter().all(|piece| call_id(piece).is_none()) {
        losses.add("messages.prefill");
        return;
    }
    losses.add("messages.last_role");
    let pieces = vec![Piece::Text("Continue.".to_owned())];
    turns.push(Turn {
        role: Speaker::User,
        pieces,
        only: None,
    });
}

impl Turn<'_> {
    /// Whether the turn is written as one bare string.
    pub(crate) fn is_bare(&self) -> bool {
        match (self.only, self.pieces.as_slice()) {
            (Some(message), [Piece::Block(Block::Text(text))]) => {
                message.shape == Shape::Text && text.cache.is_none() && text.extra.is_empty()
            }
            _ => false,
        }
    }
}
