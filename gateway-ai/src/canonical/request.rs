use compact_str::CompactString;

use super::{
    Block, Extra, Limits, OutputFormat, Reasoning, Sampling, StreamOptions, Tool, ToolChoice,
};
use crate::{dialect::Dialect, loss::Losses};

/// A chat call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The dialect it was written in; its [`Extra`] fields are in that spelling.
    pub source: Dialect,
    /// The model, as the client names it.
    pub model: String,
    /// System text before the conversation, in order, each with its own parts.
    pub system: Vec<System>,
    /// The conversation.
    pub messages: Vec<Message>,
    /// Tools offered.
    pub tools: Vec<Tool>,
    /// Which of them may or must be called.
    pub tool_choice: Option<ToolChoice>,
    /// Whether several calls may be made at once.
    pub parallel_tool_calls: Option<bool>,
    /// Whether the client speaks Chat's older `functions` and `function_call`.
    pub legacy_functions: bool,
    /// How much may be produced.
    pub limits: Limits,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// The form the answer must have.
    pub output: Option<OutputFormat>,
    /// Whether and how hard the model reasons.
    pub reasoning: Option<Reasoning>,
    /// The end user, as `user` or `metadata.user_id`.
    pub user: Option<String>,
    /// The end user, as Chat's and Responses' `safety_identifier`.
    pub safety_identifier: Option<String>,
    /// The service tier, in the spelling of `source`.
    pub service_tier: Option<CompactString>,
    /// How the reply is delivered.
    pub stream: StreamOptions,
    /// Fields without a name here.
    pub extra: Extra,
    /// Unknown fields of objects that have no room for them here: missed by every printer.
    pub unread: Losses,
}

impl Request {
    /// An empty call for a model.
    #[must_use]
    pub fn new(source: Dialect, model: impl Into<String>) -> Self {
        Self {
            source,
            model: model.into(),
            system: Vec::new(),
            messages: Vec::new(),
            tools: Vec::new(),
            tool_choice: None,
            parallel_tool_calls: None,
            legacy_functions: false,
            limits: Limits::default(),
            sampling: Sampling::default(),
            output: None,
            reasoning: None,
            user: None,
            safety_identifier: None,
            service_tier: None,
            stream: StreamOptions::default(),
            extra: Extra::new(),
            unread: Losses::new(),
        }
    }

    /// Whether the reply is to be streamed.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.stream.stream == Some(true)
    }
}

/// System text: one message of the Chat dialect, or the whole `system` of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct System {
    /// Who speaks.
    pub role: SystemRole,
    /// The speaker's name.
    pub name: Option<String>,
    /// The parts; cache breakpoints sit on them.
    pub parts: Vec<Block>,
    /// Whether it was one bare string.
    pub shape: Shape,
    /// Fields without a name here.
    pub extra: Extra,
}

/// Who speaks system text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SystemRole {
    /// `system`.
    #[default]
    System,
    /// `developer`, the newer word of the OpenAI dialects.
    Developer,
}

/// Whether content was one bare string or a list of parts.
///
/// Both mean the same; servers that speak a dialect only roughly often take one of them alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// A bare string.
    Text,
    /// A list of parts.
    #[default]
    Parts,
    /// Nothing at all: `null` or absent.
    Absent,
    /// A JSON value, kept as its text (results in Converse).
    Json,
}

/// Who takes the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// The user; tool results are user turns.
    User,
    /// The model.
    Assistant,
    /// System text in the middle of the conversation.
    System(SystemRole),
}

/// One turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who takes it.
    pub role: Role,
    /// The blocks in order.
    pub content: Vec<Block>,
    /// Whether the content was one bare string.
    pub shape: Shape,
    /// The speaker's name.
    pub name: Option<String>,
    /// Fields without a name here.
    pub extra: Extra,
}

impl Message {
    /// A turn with these blocks.
    #[must_use]
    pub fn new(role: Role, content: Vec<Block>) -> Self {
        Self {
            role,
            content,
            shape: Shape::Parts,
            name: None,
            extra: Extra::new(),
        }
    }
}
