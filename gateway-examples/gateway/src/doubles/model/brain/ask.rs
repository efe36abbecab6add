//! What a call asks, in no dialect.

use serde_json::Value;

use super::tokens::count_tokens;

/// A model call as every dialect can say it.
#[derive(Clone, Debug, Default)]
pub(in crate::doubles::model) struct Ask {
    pub(in crate::doubles::model) model: String,
    pub(in crate::doubles::model) stream: bool,
    /// Whether a stream ends with usage where the dialect leaves that to the client.
    pub(in crate::doubles::model) stream_usage: bool,
    pub(in crate::doubles::model) system: Vec<String>,
    pub(in crate::doubles::model) turns: Vec<Turn>,
    pub(in crate::doubles::model) tools: Vec<Tool>,
    pub(in crate::doubles::model) choice: Choice,
    /// Whether several tools may be called in one answer.
    pub(in crate::doubles::model) parallel: bool,
    pub(in crate::doubles::model) max_tokens: Option<u64>,
    pub(in crate::doubles::model) stops: Vec<String>,
    /// The schema of a structured answer; an empty object where any JSON will do.
    pub(in crate::doubles::model) schema: Option<Value>,
    pub(in crate::doubles::model) thinking: bool,
    /// Of the prompt's tokens, those that a cache had, and those that it takes up now.
    pub(in crate::doubles::model) cached: (u64, u64),
    /// How many answers are wanted.
    pub(in crate::doubles::model) candidates: u64,
}

#[derive(Clone, Debug)]
pub(in crate::doubles::model) struct Turn {
    pub(in crate::doubles::model) role: Role,
    pub(in crate::doubles::model) parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::doubles::model) enum Role {
    User,
    Assistant,
}

#[derive(Clone, Debug)]
pub(in crate::doubles::model) enum Part {
    Text(String),
    /// An image, a document, a recording.
    Media,
    Call {
        id: String,
        name: String,
        arguments: String,
    },
    Result {
        id: String,
        text: String,
    },
    /// Earlier thinking, brought back with the signature it was given.
    Proof,
}

#[derive(Clone, Debug)]
pub(in crate::doubles::model) struct Tool {
    pub(in crate::doubles::model) name: String,
    pub(in crate::doubles::model) schema: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::doubles::model) enum Choice {
    #[default]
    Auto,
    Never,
    Any,
    Named(String),
}

impl Ask {
    /// Tokens of the system text, all messages, and the calls and results among them.
    ///
    /// Definitions of tools and thinking of earlier turns cost nothing.
    pub(in crate::doubles::model) fn prompt_tokens(&self) -> u64 {
        let system: u64 = self.system.iter().map(|text| count_tokens(text)).sum();
        let parts = self.turns.iter().flat_map(|turn| &turn.parts);
        system + parts.map(Part::tokens).sum::<u64>()
    }

    /// How often earlier thinking came back with its signature.
    pub(in crate::doubles::model) fn proofs(&self) -> u64 {
        let parts = self.turns.iter().flat_map(|turn| &turn.parts);
        parts.filter(|part| matches!(part, Part::Proof)).count() as u64
    }

    /// The text of the last turn that has any from the user.
    pub(super) fn last_user_text(&self) -> String {
        let turns = self
            .turns
            .iter()
            .rev()
            .filter(|turn| turn.role == Role::User);
        turns
            .map(Turn::text)
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }

    /// The results of tools that the answer is to be about.
    pub(super) fn results(&self) -> Vec<&str> {
        let after = self
            .turns
            .iter()
            .rposition(|turn| turn.role == Role::Assistant);
        let parts = self.turns[after.map_or(0, |at| at + 1)..]
            .iter()
            .flat_map(|turn| &turn.parts);
        parts
            .filter_map(|part| match part {
                Part::Result { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }
}

impl Turn {
    fn text(&self) -> String {
        let texts: Vec<&str> = self
            .parts
            .iter()
            .filter_map(|part| match part {
                Part::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        texts.join("\n")
    }
}

impl Part {
    pub(in crate::doubles::model) fn tokens(&self) -> u64 {
        match self {
            Self::Text(text) | Self::Result { text, .. } => count_tokens(text),
            Self::Call {
                name, arguments, ..
            } => count_tokens(name) + count_tokens(arguments),
            Self::Media => MEDIA_TOKENS,
            Self::Proof => 0,
        }
    }
}

/// What every image, document or recording costs, whatever its size.
const MEDIA_TOKENS: u64 = 85;
