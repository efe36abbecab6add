use super::Price;

/// What is known of one vendor's model. `None` is "not known", never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Model {
    /// The kind of the vendor, as in the table of vendors.
    pub vendor: &'static str,
    /// The name the vendor knows it by.
    pub name: &'static str,
    /// What it is asked for.
    pub task: Task,
    /// The most tokens it takes in.
    pub context: Option<u64>,
    /// The most tokens it puts out.
    pub max_output: Option<u64>,
    /// What it can do beside text.
    pub abilities: Abilities,
    /// What its tokens cost.
    pub price: Price,
}

/// What a model is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Task {
    /// Conversations.
    Chat,
    /// Vectors of texts.
    Embedding,
    /// The order of documents.
    Rerank,
    /// Pictures.
    Image,
    /// Text of speech.
    Transcription,
    /// Whether a text is harmful.
    Moderation,
}

impl Task {
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "chat" => Self::Chat,
            "embed" => Self::Embedding,
            "rerank" => Self::Rerank,
            "image" => Self::Image,
            "speech" => Self::Transcription,
            "moderation" => Self::Moderation,
            _ => return None,
        })
    }
}

/// Something a model can do beside text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ability {
    /// Calls tools.
    Tools,
    /// Reasons before it answers.
    Reasoning,
    /// Follows a JSON Schema.
    StructuredOutput,
    /// Is cheaper for a prompt it has seen.
    PromptCaching,
    /// Sees pictures.
    Images,
    /// Hears sound.
    Audio,
    /// Reads documents.
    Documents,
}

impl Ability {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Tools,
        Self::Reasoning,
        Self::StructuredOutput,
        Self::PromptCaching,
        Self::Images,
        Self::Audio,
        Self::Documents,
    ];

    /// The name in listings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Reasoning => "reasoning",
            Self::StructuredOutput => "schema",
            Self::PromptCaching => "caching",
            Self::Images => "images",
            Self::Audio => "audio",
            Self::Documents => "documents",
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Tools => 't',
            Self::Reasoning => 'r',
            Self::StructuredOutput => 's',
            Self::PromptCaching => 'c',
            Self::Images => 'v',
            Self::Audio => 'a',
            Self::Documents => 'p',
        }
    }
}

/// A set of [`Ability`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities(u8);

impl Abilities {
    /// Reads the letters of the table; `None` for one that is none.
    pub(super) fn parse(letters: &str) -> Option<Self> {
        letters.chars().try_fold(Self(0), |set, letter| {
            let ability = Ability::ALL.iter().find(|a| a.letter() == letter)?;
            Some(Self(set.0 | 1 << *ability as u8))
        })
    }

    /// Whether the model is known to have it.
    #[must_use]
    pub const fn has(self, ability: Ability) -> bool {
        self.0 & (1 << ability as u8) != 0
    }

    /// Those it is known to have.
    pub fn iter(self) -> impl Iterator<Item = Ability> {
        Ability::ALL.into_iter().filter(move |a| self.has(*a))
    }
}
