use crate::dialect::Dialect;

/// What a call asks a provider to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// A conversation: the one operation that is translated between dialects.
    Chat,
    /// Counting the tokens of a conversation (Messages, Gemini).
    CountTokens,
    /// An operation only its own dialect has; its body and answer pass as they are.
    Pass(PassOperation),
}

/// An operation of the OpenAI API that passes as it is to one provider that speaks it.
///
/// Embeddings alone are also translated: vectors mean the same in every dialect that has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PassOperation {
    /// `/embeddings`, and `embedContent` of Gemini
    Embeddings,
    /// `batchEmbedContents` of Gemini
    BatchEmbeddings,
    /// `/completions`, the older form.
    Completions,
    /// `/moderations`
    Moderations,
    /// `/images/generations`
    ImageGenerations,
    /// `/images/edits`, usually a form
    ImageEdits,
    /// `/images/variations`, a form
    ImageVariations,
    /// `/audio/speech`
    Speech,
    /// `/audio/transcriptions`, a form
    Transcriptions,
    /// `/audio/translations`, a form
    Translations,
    /// `/rerank`
    Rerank,
    /// `/responses/input_tokens`: how much a call would count.
    ResponsesInputTokens,
    /// `/responses/compact`: a conversation made shorter.
    ResponsesCompact,
}

impl PassOperation {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Embeddings,
        Self::Completions,
        Self::Moderations,
        Self::ImageGenerations,
        Self::ImageEdits,
        Self::ImageVariations,
        Self::Speech,
        Self::Transcriptions,
        Self::Translations,
        Self::Rerank,
        Self::ResponsesInputTokens,
        Self::ResponsesCompact,
        Self::BatchEmbeddings,
    ];

    /// Whether it is about vectors.
    #[must_use]
    pub const fn is_embedding(self) -> bool {
        matches!(self, Self::Embeddings | Self::BatchEmbeddings)
    }

    /// Its path after the base URL of a provider that speaks OpenAI's dialect.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Embeddings | Self::BatchEmbeddings => "/embeddings",
            Self::Completions => "/completions",
            Self::Moderations => "/moderations",
            Self::ImageGenerations => "/images/generations",
            Self::ImageEdits => "/images/edits",
            Self::ImageVariations => "/images/variations",
            Self::Speech => "/audio/speech",
            Self::Transcriptions => "/audio/transcriptions",
            Self::Translations => "/audio/translations",
            Self::Rerank => "/rerank",
            Self::ResponsesInputTokens => "/responses/input_tokens",
            Self::ResponsesCompact => "/responses/compact",
        }
    }

    /// The dialect it belongs to.
    #[must_use]
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::ResponsesInputTokens | Self::ResponsesCompact => Dialect::Responses,
            _ => Dialect::Chat,
        }
    }

    const fn is_of(self, dialect: Dialect) -> bool {
        matches!(
            (self.dialect(), dialect),
            (Dialect::Chat, Dialect::Chat) | (Dialect::Responses, Dialect::Responses)
        )
    }
}

impl Operation {
    /// Whether it asks how many tokens a call has, which can be estimated.
    pub(crate) const fn counts_tokens(self) -> bool {
        matches!(
            self,
            Self::CountTokens | Self::Pass(PassOperation::ResponsesInputTokens)
        )
    }

    /// The path after a provider's base URL, where the provider's dialect has the operation and its
    /// paths do not name the model.
    #[must_use]
    pub const fn path(self, dialect: Dialect) -> Option<&'static str> {
        match (self, dialect) {
            (Self::Chat, Dialect::Chat) => Some("/chat/completions"),
            (Self::Chat, Dialect::Responses) => Some("/responses"),
            (Self::Chat, Dialect::Messages) => Some("/messages"),
            (Self::CountTokens, Dialect::Messages) => Some("/messages/count_tokens"),
            (Self::Pass(operation), dialect) if operation.is_of(dialect) => Some(operation.path()),
            _ => None,
        }
    }
}
