use compact_str::CompactString;

use super::{CacheMark, Extra, Raw};
use crate::dialect::Dialect;

/// A tool offered to the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// What kind of tool.
    pub kind: ToolKind,
    /// Its name; empty for server tools that have none.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// A cache breakpoint after this tool.
    pub cache: Option<CacheMark>,
    /// Fields without a name here.
    pub extra: Extra,
}

/// What kind of tool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolKind {
    /// A function with JSON arguments.
    Function {
        /// The JSON Schema of the arguments.
        schema: Option<Raw>,
        /// Whether the model must follow the schema. Absent means the dialect's own default.
        strict: Option<bool>,
    },
    /// A tool that takes free text.
    Custom {
        /// The grammar of the text, in the spelling of the dialect.
        format: Option<Raw>,
    },
    /// A tool the provider runs itself, verbatim.
    Server {
        /// The dialect it is written in.
        dialect: Dialect,
        /// Its `type`.
        kind: CompactString,
        /// The whole tool as JSON.
        raw: Raw,
    },
}

/// Which tools the model may or must call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// No call is allowed.
    None,
    /// Some tool must be called.
    Required,
    /// This tool must be called.
    Tool {
        /// Its name.
        name: String,
    },
    /// Only these tools may be called.
    Allowed {
        /// Whether one of them must be.
        required: bool,
        /// Their names.
        names: Vec<String>,
    },
    /// A choice only its own dialect understands.
    Opaque {
        /// The dialect it is written in.
        dialect: Dialect,
        /// The choice as JSON.
        raw: Raw,
    },
}
