use compact_str::CompactString;

use super::{Block, Extra, Raw, Stop, Usage};
use crate::error::AiError;

/// One step of a streamed answer.
///
/// A well-formed stream is `Start`, then per block `BlockStart`, `Delta`…, `BlockStop` (blocks may
/// be open side by side: parallel tool calls interleave in Chat), one `Stop` per choice, `Usage`
/// whenever the provider counts, and `End`. `Error` may take the place of any of them and is always
/// the last. Parsers guarantee this order; printers rely on it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The answer begins.
    Start(Start),
    /// A block begins.
    BlockStart {
        /// The choice it belongs to.
        choice: u32,
        /// Its number within the choice, from 0, without gaps.
        index: u32,
        /// The block with what is known of it: its text and arguments are usually still empty, its
        /// id and name never change afterwards.
        block: Box<Block>,
    },
    /// A block grows.
    Delta {
        /// The choice it belongs to.
        choice: u32,
        /// The number of the block.
        index: u32,
        /// By what.
        delta: Delta,
    },
    /// A block is complete.
    BlockStop {
        /// The choice it belongs to.
        choice: u32,
        /// The number of the block.
        index: u32,
    },
    /// Token probabilities or other fields of a choice in the spelling of its dialect.
    ChoiceExtra {
        /// The choice.
        choice: u32,
        /// The field.
        name: CompactString,
        /// Its value.
        value: Raw,
    },
    /// A choice has ended.
    Stop {
        /// The choice.
        choice: u32,
        /// Why.
        stop: Stop,
    },
    /// Tokens counted so far: cumulative, merge with [`Usage::merge`].
    Usage(Box<Usage>),
    /// The provider is alive and has nothing to say.
    Ping,
    /// The stream has failed; nothing follows.
    Error(AiError),
    /// The stream is complete; nothing follows.
    End,
}

/// What is known when an answer begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The provider's id; empty where it sent none.
    pub id: String,
    /// The model that answers, as the provider names it.
    pub model: String,
    /// When, in seconds since 1970.
    pub created: Option<u64>,
    /// The tier that serves it.
    pub service_tier: Option<CompactString>,
    /// What is counted already: the input, where the dialect says so at the beginning.
    pub usage: Option<Box<Usage>>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// What a block grows by. Short pieces are stored inline: a token costs no allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delta {
    /// Text of a text block.
    Text(CompactString),
    /// Text of a thinking block.
    Thinking(CompactString),
    /// The signature of a thinking block, whole.
    Signature(String),
    /// Argument text of a tool call.
    Arguments(CompactString),
    /// Text of a refusal.
    Refusal(CompactString),
    /// A citation of a text block, in the spelling of the dialect.
    Citation(Raw),
    /// Base64 of an audio block.
    Audio(String),
    /// The transcript of an audio block.
    Transcript(CompactString),
    /// A change only its own dialect understands.
    Opaque(Raw),
}

impl Event {
    /// Whether the event carries something a client would see: the commit point of fallback.
    ///
    /// A thinking delta counts; an empty block does not.
    #[must_use]
    pub fn is_meaningful(&self) -> bool {
        match self {
            Self::Delta { .. } | Self::Stop { .. } => true,
            Self::BlockStart { block, .. } => matches!(
                **block,
                Block::ToolCall(_) | Block::RedactedThinking(_) | Block::Opaque(_)
            ),
            _ => false,
        }
    }

    /// What it says was counted.
    #[must_use]
    pub fn usage(&self) -> Option<&Usage> {
        match self {
            Self::Usage(usage) => Some(usage),
            Self::Start(start) => start.usage.as_deref(),
            _ => None,
        }
    }

    /// Whether nothing follows.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::End | Self::Error(_))
    }
}
