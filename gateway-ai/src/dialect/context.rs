use std::sync::Arc;

use compact_str::CompactString;

use super::{Dialect, responses};
use crate::canonical::Request;

/// What a reply printer must know about the client it prints for.
///
/// Made from the client's request by [`ReplyContext::for_request`]; the edge adds the clock and the
/// ids it wants used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplyContext {
    /// The model name to print; empty prints the provider's.
    pub model: Arc<str>,
    /// The id to print where the provider sent none.
    pub id: CompactString,
    /// Seconds since 1970, to print where the provider sent no time.
    pub created: u64,
    /// Chat: whether the client asked for a usage chunk.
    pub include_usage: bool,
    /// Chat: whether the client speaks `functions` and `function_call`.
    pub legacy_functions: bool,
    /// Chat: where reasoning is printed.
    pub reasoning: ReasoningField,
    /// Messages: an estimate of the input tokens for `message_start`, before the provider counts.
    pub input_estimate: Option<u64>,
    /// Gemini: whether the client asked for server-sent events rather than one JSON array.
    pub sse: bool,
    /// Responses: what the answer repeats of the request.
    pub(in crate::dialect) echo: Option<Arc<str>>,
}

/// Where a Chat reply carries reasoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReasoningField {
    /// `reasoning_content`, as DeepSeek has it; signatures ride in `reasoning_details`.
    ReasoningContent,
    /// `reasoning`, as OpenRouter has it; signatures ride in `reasoning_details`.
    Reasoning,
    /// Nowhere.
    Omit,
}

impl Default for ReplyContext {
    fn default() -> Self {
        Self {
            model: Arc::default(),
            id: CompactString::const_new(""),
            created: 0,
            include_usage: false,
            legacy_functions: false,
            reasoning: ReasoningField::ReasoningContent,
            input_estimate: None,
            sse: true,
            echo: None,
        }
    }
}

impl ReplyContext {
    /// What the client's request says.
    #[must_use]
    pub fn for_request(request: &Request) -> Self {
        Self {
            model: Arc::from(request.model.as_str()),
            include_usage: request.source != Dialect::Chat
                || request.stream.include_usage == Some(true),
            legacy_functions: request.legacy_functions,
            echo: (request.source == Dialect::Responses).then(|| responses::echo(request)),
            ..Self::default()
        }
    }

    /// Sets the time and the id.
    #[must_use]
    pub fn with_identity(mut self, id: impl Into<CompactString>, created: u64) -> Self {
        self.id = id.into();
        self.created = created;
        self
    }
}
