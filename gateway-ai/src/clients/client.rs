use std::fmt;

/// The programs that have a profile, the more particular first: an agent is built on an SDK, and
/// names both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Client {
    /// Anthropic's agent.
    ClaudeCode,
    /// OpenAI's agent.
    Codex,
    /// Google's agent.
    GeminiCli,
    /// The AI SDK of Vercel.
    VercelAiSdk,
    /// `LangChain`, in Python and JavaScript.
    LangChain,
    /// `LiteLLM`, as a library or a proxy in front of this one.
    LiteLlm,
    /// Pydantic AI.
    PydanticAi,
    /// The SDKs of OpenAI.
    OpenAiSdk,
    /// The SDKs of Anthropic.
    AnthropicSdk,
    /// The SDKs of the Gemini API.
    GoogleGenAi,
    /// The SDKs of AWS.
    AwsSdk,
    /// Everything else.
    Other,
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::ClaudeCode,
        Self::Codex,
        Self::GeminiCli,
        Self::VercelAiSdk,
        Self::LangChain,
        Self::LiteLlm,
        Self::PydanticAi,
        Self::OpenAiSdk,
        Self::AnthropicSdk,
        Self::GoogleGenAi,
        Self::AwsSdk,
        Self::Other,
    ];

    /// The name in configuration, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::GeminiCli => "gemini-cli",
            Self::VercelAiSdk => "vercel-ai-sdk",
            Self::LangChain => "langchain",
            Self::LiteLlm => "litellm",
            Self::PydanticAi => "pydantic-ai",
            Self::OpenAiSdk => "openai-sdk",
            Self::AnthropicSdk => "anthropic-sdk",
            Self::GoogleGenAi => "google-genai",
            Self::AwsSdk => "aws-sdk",
            Self::Other => "other",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|client| client.as_str() == name)
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
