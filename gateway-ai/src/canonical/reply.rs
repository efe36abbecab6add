use compact_str::CompactString;

use super::{Block, Extra, Raw, Stop, Usage};
use crate::{dialect::Dialect, loss::Losses};

/// A complete answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The dialect it was written in; its [`Extra`] fields are in that spelling.
    pub source: Dialect,
    /// The provider's id; empty where it sent none.
    pub id: String,
    /// The model that answered, as the provider names it; empty where it said nothing.
    pub model: String,
    /// When, in seconds since 1970.
    pub created: Option<u64>,
    /// The answers, by index.
    pub choices: Vec<Choice>,
    /// Tokens used.
    pub usage: Option<Usage>,
    /// The tier that served it.
    pub service_tier: Option<CompactString>,
    /// Fields without a name here.
    pub extra: Extra,
    /// Unknown fields of objects that have no room for them here: missed by every printer.
    pub unread: Losses,
}

impl Reply {
    /// An empty answer.
    #[must_use]
    pub fn new(source: Dialect) -> Self {
        Self {
            source,
            id: String::new(),
            model: String::new(),
            created: None,
            choices: Vec::new(),
            usage: None,
            service_tier: None,
            extra: Extra::new(),
            unread: Losses::new(),
        }
    }
}

/// One answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Which.
    pub index: u32,
    /// The blocks in order.
    pub content: Vec<Block>,
    /// Why it ended.
    pub stop: Option<Stop>,
    /// Token probabilities in the dialect's spelling.
    pub logprobs: Option<Raw>,
    /// Fields without a name here.
    pub extra: Extra,
}
