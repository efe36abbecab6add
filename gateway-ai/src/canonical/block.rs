use compact_str::CompactString;

use super::{Extra, Raw, Shape};
use crate::dialect::Dialect;

/// One piece of a turn, in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Block {
    /// Plain text.
    Text(Text),
    /// An image.
    Image(Image),
    /// A document: PDF, plain text, or a file by handle.
    Document(Document),
    /// Sound.
    Audio(Audio),
    /// A video.
    Video(Video),
    /// The model's reasoning, as shown or signed by its provider.
    Thinking(Thinking),
    /// Reasoning the provider has encrypted: opaque, but part of the order.
    RedactedThinking(Opaque),
    /// A call the model wants made.
    ToolCall(ToolCall),
    /// What the call gave.
    ToolResult(ToolResult),
    /// The model's refusal, where the dialect has a slot for it.
    Refusal(Refusal),
    /// A block only its own dialect understands (server tools, citations of searches, …), verbatim.
    Opaque(Opaque),
}

/// A prompt-cache breakpoint after the block that carries it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheMark {
    /// The lifetime as the client spelled it: `5m`, `1h`; absent means the provider's default.
    pub ttl: Option<CompactString>,
}

/// Plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The text itself.
    pub text: String,
    /// Citations or annotations in the spelling of the dialect they came from.
    pub citations: Option<Raw>,
    /// A cache breakpoint after this block.
    pub cache: Option<CacheMark>,
    /// A provider's signature on the text itself (Gemini).
    pub signature: Option<String>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// Where bytes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// Bytes in base64 with their media type.
    Base64 {
        /// The declared media type, without parameters.
        media_type: CompactString,
        /// Standard base64 text.
        data: String,
    },
    /// Plain text (documents only).
    Text {
        /// The declared media type.
        media_type: CompactString,
        /// The text.
        data: String,
    },
    /// A URL the provider is to fetch.
    Url {
        /// The URL, `http`, `https` or a provider's own scheme such as `gs`.
        url: String,
        /// The media type, where the dialect names one.
        media_type: Option<CompactString>,
    },
    /// A handle that belongs to one provider account and cannot cross.
    File {
        /// The handle.
        id: String,
    },
    /// Nested blocks (documents only).
    Blocks(Vec<Block>),
}

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Where its bytes come from.
    pub source: Source,
    /// How closely the model shall look: `low`, `high`, `auto`.
    pub detail: Option<CompactString>,
    /// A cache breakpoint after this block.
    pub cache: Option<CacheMark>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Where its content comes from.
    pub source: Source,
    /// Its title or file name.
    pub title: Option<String>,
    /// What the client says about it.
    pub context: Option<String>,
    /// Whether citations are wanted, in the dialect's spelling.
    pub citations: Option<Raw>,
    /// A cache breakpoint after this block.
    pub cache: Option<CacheMark>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// Sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audio {
    /// Where it comes from.
    pub source: AudioSource,
    /// The words spoken, where the provider gives them.
    pub transcript: Option<String>,
    /// A cache breakpoint after this block.
    pub cache: Option<CacheMark>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// Where sound comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AudioSource {
    /// Bytes in base64; the format is `wav`, `mp3`, …
    Data {
        /// The container or codec name.
        format: CompactString,
        /// Standard base64 text.
        data: String,
    },
    /// A URL the provider is to fetch.
    Url(String),
    /// An earlier reply's sound, by a handle of its provider.
    Id(String),
}

/// A video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Video {
    /// Where its bytes come from.
    pub source: Source,
    /// A cache breakpoint after this block.
    pub cache: Option<CacheMark>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// The model's reasoning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thinking {
    /// The text; may be empty where the provider shows none.
    pub text: String,
    /// The provider's proof. Without it the block cannot be replayed to Anthropic or Bedrock.
    pub signature: Option<String>,
    /// The provider's id for the item (Responses).
    pub id: Option<String>,
    /// Whether the text is a summary rather than the reasoning itself.
    pub summary: bool,
    /// The field of a Chat message it came in: `reasoning_content`, `reasoning`.
    pub field: Option<CompactString>,
    /// The format tag of whoever signed it, where the wire says (`anthropic-claude-v1`).
    pub format: Option<CompactString>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// A call the model wants made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// The id that pairs it with its result; empty where the dialect has none.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The argument text exactly as the model wrote it: usually a JSON object, possibly cut off,
    /// possibly empty, possibly no JSON at all. For a custom tool it is free text.
    pub arguments: String,
    /// Whether the id was made here, because the dialect gave none (Gemini).
    pub synthetic_id: bool,
    /// Whether the arguments are free text (Chat and Responses `custom` tools).
    pub custom: bool,
    /// A provider's signature on the call (Gemini).
    pub signature: Option<String>,
    /// The id of the item, where it differs from the call's (Responses).
    pub item_id: Option<String>,
    /// A cache breakpoint after this block.
    pub cache: Option<CacheMark>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// What a call gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolResult {
    /// The id of the call.
    pub id: String,
    /// Whether the id was made here, because the dialect gave none (Gemini).
    pub synthetic_id: bool,
    /// The tool's name, where the dialect repeats it.
    pub name: Option<String>,
    /// The result.
    pub content: Vec<Block>,
    /// Whether `content` was one bare string.
    pub shape: Shape,
    /// Whether the call failed; `None` where the dialect cannot say.
    pub is_error: Option<bool>,
    /// A cache breakpoint after this block.
    pub cache: Option<CacheMark>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// The model's refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Its words.
    pub text: String,
}

/// Something only its own dialect understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    /// The dialect it is written in.
    pub dialect: Dialect,
    /// Its `type`.
    pub kind: CompactString,
    /// The whole block as JSON.
    pub raw: Raw,
}

impl Block {
    /// A text block.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Text {
            text: text.into(),
            ..Text::default()
        })
    }

    /// The text of a text block.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(&text.text),
            _ => None,
        }
    }

    /// The cache breakpoint after this block.
    #[must_use]
    pub fn cache(&self) -> Option<&CacheMark> {
        match self {
            Self::Text(block) => block.cache.as_ref(),
            Self::Image(block) => block.cache.as_ref(),
            Self::Document(block) => block.cache.as_ref(),
            Self::Audio(block) => block.cache.as_ref(),
            Self::Video(block) => block.cache.as_ref(),
            Self::ToolCall(block) => block.cache.as_ref(),
            Self::ToolResult(block) => block.cache.as_ref(),
            Self::Thinking(_) | Self::RedactedThinking(_) | Self::Refusal(_) | Self::Opaque(_) => {
                None
            }
        }
    }
}

impl From<Text> for Block {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}
