use compact_str::CompactString;

use super::{Extra, Number, Raw};

/// How much may be produced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The most output tokens, reasoning included.
    pub max_output_tokens: Option<u64>,
    /// Whether a Chat client said so in the older `max_tokens`.
    pub legacy_max_tokens: bool,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// How many answers are wanted (`n`, `candidateCount`).
    pub candidates: Option<u64>,
}

/// How tokens are drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sampling {
    /// Temperature.
    pub temperature: Option<Number>,
    /// Nucleus sampling.
    pub top_p: Option<Number>,
    /// The number of candidates per token.
    pub top_k: Option<Number>,
    /// The seed.
    pub seed: Option<Number>,
    /// Frequency penalty.
    pub frequency_penalty: Option<Number>,
    /// Presence penalty.
    pub presence_penalty: Option<Number>,
    /// Bias per token id.
    pub logit_bias: Option<Raw>,
    /// Whether token probabilities are wanted.
    pub logprobs: Option<bool>,
    /// How many alternatives per token.
    pub top_logprobs: Option<Number>,
}

/// The form the answer must have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputFormat {
    /// Plain text, said explicitly.
    Text,
    /// Some JSON object.
    JsonObject,
    /// JSON that follows a schema.
    JsonSchema(SchemaFormat),
    /// A format only its own dialect understands.
    Opaque(Raw),
}

/// JSON that follows a schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaFormat {
    /// The name of the format.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The JSON Schema.
    pub schema: Option<Raw>,
    /// Whether the model must follow it. Absent means the dialect's own default.
    pub strict: Option<bool>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// Whether and how hard the model reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// On, off or the model's choice.
    pub mode: Option<ReasoningMode>,
    /// An effort word: `none`, `minimal`, `low`, `medium`, `high`, `xhigh`, `max`.
    pub effort: Option<CompactString>,
    /// A token budget.
    pub budget: Option<u64>,
    /// How the reasoning is to be shown: `summarized`, `omitted`, `auto`, …
    pub display: Option<CompactString>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// On, off or the model's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReasoningMode {
    /// The model reasons, within the budget if there is one.
    Enabled,
    /// The model decides how much.
    Adaptive,
    /// The model does not reason.
    Disabled,
}

/// How the reply is delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamOptions {
    /// Whether the reply is streamed; absent means not.
    pub stream: Option<bool>,
    /// Whether the client asked for usage at the end of a stream (Chat).
    pub include_usage: Option<bool>,
    /// Other stream options.
    pub extra: Extra,
}
