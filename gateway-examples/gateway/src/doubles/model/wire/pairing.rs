//! Turns, and the rule that calls and results come in pairs.

use std::collections::HashSet;

use crate::doubles::model::brain::Part;
use crate::doubles::model::brain::Role;
use crate::doubles::model::brain::Turn;

/// What breaks the rule.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Orphan {
    /// A result whose call is not in the turn before.
    Result(String),
    /// A call whose result is not in the turn after.
    Call(String),
}

/// Appends to the last turn when it is of the same role, as every provider does.
pub(super) fn push(turns: &mut Vec<Turn>, role: Role, mut parts: Vec<Part>) {
    match turns.last_mut() {
        Some(last) if last.role == role => last.parts.append(&mut parts),
        _ => turns.push(Turn { role, parts }),
    }
}

/// Checks that each call is answered in the next turn, and nothing else is.
pub(super) fn check(turns: &[Turn]) -> Result<(), Orphan> {
    let mut open: HashSet<&str> = HashSet::new();
    for turn in turns {
        if turn.role == Role::Assistant {
            if let Some(id) = open.iter().next() {
                return Err(Orphan::Call((*id).to_owned()));
            }
            open.extend(turn.parts.iter().filter_map(|part| match part {
                Part::Call { id, .. } => Some(id.as_str()),
                _ => None,
            }));
            continue;
        }
        for part in &turn.parts {
            if let Part::Result { id, .. } = part
                && !open.remove(id.as_str())
            {
                return Err(Orphan::Result(id.clone()));
            }
        }
    }
    match open.iter().next() {
        Some(id) => Err(Orphan::Call((*id).to_owned())),
        None => Ok(()),
    }
}
