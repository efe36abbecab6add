use super::{CallIdRule, Dialect};

/// What a request printer must know about the model it prints for.
///
/// [`Target::new`] guesses from the model's name; a provider table or the configuration may set
/// any field otherwise. `#[non_exhaustive]`: start from `new` and change fields.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// The model name to send.
    pub model: String,
    /// Chat: which field limits the output.
    pub max_tokens_field: MaxTokensField,
    /// What to send where the dialect demands a limit and the client gave none.
    pub default_max_tokens: u64,
    /// The most output tokens the model can produce; a larger wish is lowered.
    pub max_output_tokens: Option<u64>,
    /// Which form of thinking the model takes.
    pub thinking: ThinkingSupport,
    /// Whether the model takes `temperature`, `top_p` and penalties at all.
    pub sampling: bool,
    /// The most stop texts the model takes.
    pub max_stops: Option<usize>,
    /// Messages: whether the model takes `temperature` and `top_p` together.
    pub temperature_and_top_p: bool,
    /// Whether the model answers to a JSON Schema natively; otherwise a forced tool emulates it.
    pub structured_output: bool,
    /// Whether a trailing assistant turn (prefill) is accepted.
    pub prefill: bool,
    /// Chat: how earlier reasoning is sent back.
    pub reasoning_history: ReasoningHistory,
    /// What the target accepts as the id of a tool call.
    pub call_ids: CallIdRule,
    /// Chat: whether `developer` is understood; otherwise it becomes `system`.
    pub developer_role: bool,
    /// Chat: whether `stream_options.include_usage` may be sent.
    pub stream_usage: bool,
    /// Chat: whether cache marks on parts are understood.
    pub cache_marks: bool,
    /// What happens to system text in the middle of the conversation where the dialect has no slot.
    pub mid_system: MidSystem,
}

/// Which field limits the output of a Chat request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxTokensField {
    /// Whichever the client used, `max_tokens` if its dialect has neither.
    AsGiven,
    /// `max_tokens`.
    MaxTokens,
    /// `max_completion_tokens`, which reasoning models of OpenAI demand.
    MaxCompletionTokens,
}

/// Which form of thinking a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ThinkingSupport {
    /// Whatever the client asks for.
    Any,
    /// None: asking for it is an error.
    None,
    /// `enabled` with a token budget.
    Budget,
    /// `adaptive` with an effort word.
    Adaptive,
    /// An effort word alone (Chat's `reasoning_effort`).
    Effort,
}

/// How earlier reasoning is sent back in a Chat request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReasoningHistory {
    /// Not at all.
    Omit,
    /// As `reasoning_content` of the assistant message.
    ReasoningContent,
    /// As `reasoning` of the assistant message.
    Reasoning,
    /// As `reasoning_details`, with signatures.
    Details,
    /// In the field the client used.
    AsGiven,
}

/// What happens to system text in the middle of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MidSystem {
    /// It stays a turn of its own.
    Keep,
    /// It is folded into the next user turn between `<system>` marks.
    Fold,
    /// It moves to the front.
    Hoist,
}

impl Target {
    /// A target with the quirks its name suggests.
    #[must_use]
    pub fn new(dialect: Dialect, model: impl Into<String>) -> Self {
        let model = model.into();
        let family = Family::of(&model);
        let reasons = matches!(family, Family::OpenAiReasoning);
        Self {
            max_tokens_field: match family {
                Family::OpenAi | Family::OpenAiReasoning => MaxTokensField::MaxCompletionTokens,
                _ => MaxTokensField::MaxTokens,
            },
            default_max_tokens: family.default_max_tokens(),
            max_output_tokens: None,
            thinking: match family {
                Family::ClaudeAdaptive => ThinkingSupport::Adaptive,
                Family::ClaudeBudget => ThinkingSupport::Budget,
                Family::ClaudePlain => ThinkingSupport::None,
                Family::OpenAi => ThinkingSupport::None,
                Family::OpenAiReasoning | Family::DeepSeek | Family::Mistral | Family::Other => {
                    ThinkingSupport::Effort
                }
            },
            sampling: !reasons,
            max_stops: matches!(family, Family::OpenAi | Family::OpenAiReasoning).then_some(4),
            temperature_and_top_p: !matches!(family, Family::ClaudeAdaptive | Family::ClaudeBudget),
            structured_output: !matches!(family, Family::ClaudePlain)
                || dialect != Dialect::Messages,
            prefill: !matches!(family, Family::ClaudeAdaptive),
            reasoning_history: match family {
                Family::DeepSeek => ReasoningHistory::ReasoningContent,
                _ => ReasoningHistory::Omit,
            },
            call_ids: match (dialect, family) {
                (Dialect::Chat, Family::Mistral) => CallIdRule::Nine,
                (Dialect::Chat, _) => CallIdRule::Plain(40),
                (Dialect::Messages | Dialect::Converse | Dialect::Responses, _) => {
                    CallIdRule::Plain(64)
                }
                (Dialect::Gemini, _) => CallIdRule::Any,
            },
            developer_role: matches!(family, Family::OpenAi | Family::OpenAiReasoning),
            stream_usage: true,
            cache_marks: false,
            mid_system: match dialect {
                Dialect::Chat | Dialect::Responses => MidSystem::Keep,
                Dialect::Messages | Dialect::Gemini | Dialect::Converse => MidSystem::Fold,
            },
            model,
        }
    }

    /// The target that changes as little as possible: for printing a request in the dialect it
    /// came in.
    #[must_use]
    pub fn verbatim(dialect: Dialect, model: impl Into<String>) -> Self {
        Self {
            max_tokens_field: MaxTokensField::AsGiven,
            thinking: ThinkingSupport::Any,
            sampling: true,
            max_stops: None,
            temperature_and_top_p: true,
            structured_output: true,
            prefill: true,
            developer_role: true,
            call_ids: CallIdRule::Any,
            cache_marks: true,
            mid_system: MidSystem::Keep,
            reasoning_history: ReasoningHistory::AsGiven,
            ..Self::new(dialect, model)
        }
    }
}

/// What a model's name says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    OpenAi,
    OpenAiReasoning,
    ClaudePlain,
    ClaudeBudget,
    ClaudeAdaptive,
    DeepSeek,
    Mistral,
    Other,
}

impl Family {
    fn of(model: &str) -> Self {
        let model = model.to_ascii_lowercase();
        let name = model
            .rsplit(['/', ':'])
            .find(|part| part.len() > 3)
            .unwrap_or(&model);
        if let Some(at) = find(name, "claude") {
            return Self::claude(&name[at..]);
        }
        if find(name, "deepseek").is_some() {
            return Self::DeepSeek;
        }
        if [
            "mistral",
            "ministral",
            "magistral",
            "codestral",
            "pixtral",
            "devstral",
        ]
        .iter()
        .any(|word| find(name, word).is_some())
        {
            return Self::Mistral;
        }
        let o_series = name.starts_with('o') && name[1..].starts_with(|c: char| c.is_ascii_digit());
        if o_series || (name.starts_with("gpt-5") && find(name, "chat").is_none()) {
            return Self::OpenAiReasoning;
        }
        if [
            "gpt-4o", "gpt-4.1", "gpt-4-", "gpt-3.5", "gpt-5", "chatgpt-",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix))
            || name == "gpt-4"
        {
            return Self::OpenAi;
        }
        Self::Other
    }

    fn claude(name: &str) -> Self {
        let plain = [
            "claude-2",
            "claude-instant",
            "claude-3-opus",
            "claude-3-sonnet",
            "claude-3-haiku",
            "claude-3-5",
        ];
        if plain.iter().any(|prefix| name.starts_with(prefix)) {
            return Self::ClaudePlain;
        }
        let adaptive = ["-4-6", "-4-7", "-4-8", "-4-9", "-5"];
        let dated = |at: usize| {
            name[at..]
                .chars()
                .skip(2)
                .take(8)
                .all(|c| c.is_ascii_digit())
        };
        // `claude-sonnet-4-5` ends in `-5` but `-4-5` models take budgets.
        if find(name, "-4-5").is_none()
            && adaptive.iter().any(|mark| {
                find(name, mark)
                    .is_some_and(|at| name.ends_with(mark) || !dated(at + mark.len() - 2))
            })
        {
            return Self::ClaudeAdaptive;
        }
        Self::ClaudeBudget
    }

    const fn default_max_tokens(self) -> u64 {
        match self {
            // Anthropic demands a limit; its oldest models stop at 4,096, the 3.5 generation at
            // 8,192, later ones go to 32,000 and above.
            Self::ClaudePlain => 4096,
            Self::ClaudeBudget | Self::ClaudeAdaptive => 32_000,
            Self::OpenAi | Self::OpenAiReasoning | Self::DeepSeek | Self::Mistral | Self::Other => {
                8192
            }
        }
    }
}

/// Where a word begins. Names are short, and preparing a search costs more than theirs.
fn find(name: &str, word: &str) -> Option<usize> {
    let mut windows = name.as_bytes().windows(word.len());
    windows.position(|window| window == word.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families() {
        for (model, family) in [
            ("gpt-4o-mini", Family::OpenAi),
            ("openai/gpt-4o-mini", Family::OpenAi),
            ("o3-mini", Family::OpenAiReasoning),
            ("gpt-5-mini", Family::OpenAiReasoning),
            ("gpt-5-chat-latest", Family::OpenAi),
            ("claude-3-5-sonnet-20241022", Family::ClaudePlain),
            ("claude-3-7-sonnet-20250219", Family::ClaudeBudget),
            ("claude-sonnet-4-20250514", Family::ClaudeBudget),
            ("claude-haiku-4-5", Family::ClaudeBudget),
            ("claude-sonnet-4-5-20250929", Family::ClaudeBudget),
            ("claude-sonnet-4-6", Family::ClaudeAdaptive),
            ("claude-opus-5", Family::ClaudeAdaptive),
            ("anthropic/claude-opus-4.1", Family::ClaudeBudget),
            ("deepseek-reasoner", Family::DeepSeek),
            ("ollama", Family::Other),
            ("mistral-small-latest", Family::Mistral),
        ] {
            assert_eq!(Family::of(model), family, "{model}");
        }
    }
}
