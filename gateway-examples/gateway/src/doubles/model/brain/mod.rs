//! What the mock model thinks: from a conversation to an answer, in no dialect.
//!
//! Everything is a function of the conversation's content. The same conversation gets the same
//! answer in every dialect, streamed or not, on every run.

mod answer;
mod ask;
mod prose;
mod schema;
mod seed;
#[cfg(test)]
mod tests;
mod tokens;
mod tools;

pub(super) use self::answer::Answer;
pub(super) use self::answer::Block;
pub(super) use self::answer::Finish;
pub(super) use self::answer::answer;
pub(super) use self::answer::is_signature;
pub(super) use self::answer::signature;
pub(super) use self::ask::Ask;
pub(super) use self::ask::Choice;
pub(super) use self::ask::Part;
pub(super) use self::ask::Role;
pub(super) use self::ask::Tool;
pub(super) use self::ask::Turn;
pub(super) use self::seed::Seed;
pub(super) use self::tokens::pieces;

pub use self::tokens::count_tokens;
